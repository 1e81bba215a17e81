"""Opening a ledger, in a file or on a server: sound or not at all, and for trading behind its lock."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from agent.adapters.ledger.engine import (
    check_integrity,
    check_schema,
    create_file,
    create_schema,
    postgres_engine,
    sqlite_engine,
    take_over,
)
from agent.adapters.ledger.errors import translated
from agent.adapters.ledger.lock import AdvisoryLock, InstanceLock
from agent.adapters.ledger.store import Access, SqlLedger
from agent.errors import LedgerError
from agent.log.keys import CheckpointKey
from agent.ports import Clock


def open_ledger(
    place: Path | SecretStr,
    *,
    clock: Clock,
    access: Access = Access.TRADE,
    origin: str = "",
    checkpoint_key: CheckpointKey | None = None,
) -> SqlLedger:
    """Open the ledger in a file or at a PostgreSQL URL, sound or not at all; with `TRADE` it is created if need be.

    `origin` names a new log for ever, together with the time of its creation.

    Raises:
        LedgerError: it is missing, damaged, locked, not writable, of a later schema, or another
            agent trades on it.
    """
    engine, lock = _in_file(place, access) if isinstance(place, Path) else _on_server(place, access)
    name = _name(place)
    try:
        with translated(name):
            if access is Access.TRADE:
                create_schema(engine, origin=origin, at=clock.now())
            check_schema(engine, place=name)
            if access is not Access.READ:
                check_integrity(engine, place=name)
            fence = take_over(engine) if access is Access.TRADE else None
        return SqlLedger(
            engine,
            clock=clock,
            access=access,
            checkpoint_key=checkpoint_key,
            lock=lock,
            fence=fence,
        )
    except BaseException:
        if lock is not None:
            lock.release()
        engine.dispose()
        raise


def _name(place: Path | SecretStr) -> str:
    if isinstance(place, Path):
        return str(place)
    address = make_url(place.get_secret_value())
    return f"database {address.database} on {address.host or 'its socket'}"


def _in_file(path: Path, access: Access) -> tuple[Engine, InstanceLock | None]:
    if access is not Access.TRADE:
        if not path.exists():
            raise LedgerError(
                what=f"there is none at {path}", mend="check ledger.path, or run a cycle first"
            )
        return sqlite_engine(path, is_read_only=access is Access.READ), None
    lock = InstanceLock(path.with_name(path.name + ".lock"))
    try:
        create_file(path)
    except BaseException:
        lock.release()
        raise
    return sqlite_engine(path), lock


def _on_server(place: SecretStr, access: Access) -> tuple[Engine, AdvisoryLock | None]:
    engine = postgres_engine(place, is_read_only=access is Access.READ)
    if access is not Access.TRADE:
        return engine, None
    try:
        with translated(_name(place)):
            return engine, AdvisoryLock(engine, place=_name(place))
    except BaseException:
        engine.dispose()
        raise
