"""Opening the embedded database: durability, access rights, schema version, and an integrity check."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select
from sqlalchemy.engine import URL, make_url

from agent.adapters.ledger.errors import RESTORE
from agent.adapters.ledger.history import stored_records
from agent.adapters.ledger.tables import CHECKPOINTS, META, METADATA, SCHEMA_VERSION
from agent.errors import LedgerError, LogVerificationError
from agent.log.records import EMPTY, head_after, utc_text

BUSY_TIMEOUT_S = 5
FENCE = "fence"
WRITES = "ledger_writes"
"""The execution option of connections that take the write lock at once, not at their first write."""


def sqlite_engine(
    path: Path, *, is_read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Engine:
    """Return an engine whose commits survive a power cut."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_timeout_s}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:  # noqa: ANN401 - the driver's own types
        connection.isolation_level = None  # the driver begins nothing; `begin` below does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if is_read_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def postgres_engine(url: SecretStr, *, is_read_only: bool = False) -> Engine:
    """Return an engine on a PostgreSQL database; its commits wait for the disk, whatever its default is."""
    address = make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")
    options = ["synchronous_commit=on", f"lock_timeout={BUSY_TIMEOUT_S}s"]
    options += ["default_transaction_read_only=on"] if is_read_only else []
    return create_engine(
        address,
        connect_args={"options": " ".join(f"-c {option}" for option in options)},
        pool_pre_ping=True,
        hide_parameters=True,
    )


def create_file(path: Path) -> None:
    """Create an empty database that only its owner can read, unless there is one."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(
            what=f"{path} cannot be written ({error.strerror})",
            mend="make the file and its directory writable for the agent's user",
        ) from error


def create_schema(engine: Engine, *, origin: str, at: datetime) -> None:
    """Create the tables in a database that has none; leave any other as it is."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if inspect(connection).has_table(META.name):
            return
        METADATA.create_all(connection)
        rows = {"schema_version": str(SCHEMA_VERSION), "origin": f"{origin} {utc_text(at)}"}
        connection.execute(META.insert(), [{"key": k, "value": v} for k, v in rows.items()])


def take_over(engine: Engine) -> int:
    """Raise the fence and return it: whoever holds an earlier one writes no more.

    The lock keeps a second agent out; the fence stops a first one that lost its lock without noticing.
    """
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        fence = fence_of(connection)
        if fence is None:
            connection.execute(META.insert().values(key=FENCE, value="1"))
            return 1
        update = META.update().where(META.c.key == FENCE)
        connection.execute(update.values(value=str(fence + 1)))
        return fence + 1


def fence_of(connection: Connection) -> int | None:
    """Return the fence, held until the transaction ends."""
    query = select(META.c.value).where(META.c.key == FENCE).with_for_update()
    value = connection.scalar(query)
    return None if value is None else int(value)


def check_schema(engine: Engine, *, place: str) -> None:
    """Raise LedgerError unless the tables are there, and of a version that this release knows."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(META.name):
            raise LedgerError(what=f"{place} is not a ledger", mend="check ledger.path")
        version = connection.scalar(select(META.c.value).where(META.c.key == "schema_version"))
    if version != str(SCHEMA_VERSION):
        raise LedgerError(
            what=f"{place} has schema {version}, this release knows {SCHEMA_VERSION}",
            mend="run the release of the agent that wrote it, or a later one",
        )


def check_integrity(engine: Engine, *, place: str) -> None:
    """Raise LedgerError when the file is damaged, or its log is not one unbroken chain."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            for pragma in ("integrity_check(1)", "foreign_key_check"):
                found = connection.exec_driver_sql(f"PRAGMA {pragma}").first()
                if found not in (None, ("ok",)):
                    raise LedgerError(what=f"{place} is damaged ({found[0]})", mend=RESTORE)
        try:
            _check_chain(connection)
        except LogVerificationError as error:
            raise LedgerError(what=f"{place} is damaged ({error})", mend=RESTORE) from error


def _check_chain(connection: Connection) -> None:
    end = EMPTY
    for record in stored_records(connection):
        end = head_after(end, record)
    sealed = connection.scalar(select(func.max(CHECKPOINTS.c.size))) or 0
    if sealed > end.size:
        raise LogVerificationError(
            where=f"record {end.size + 1}", reason=f"it is missing, and {sealed} were sealed"
        )
