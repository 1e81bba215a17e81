"""The ledger's tables, the same on SQLite and PostgreSQL, and the triggers that keep history as it is."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

SCHEMA_VERSION = 1

METADATA = MetaData()

META = Table(
    "ledger_meta",
    METADATA,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

RECORDS = Table(
    "log_records",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("prev", String(64), nullable=False),
    Column("at", String(40), nullable=False),
    Column("cycle_id", String(200), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("key", String(400), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    UniqueConstraint("kind", "key"),
)

CONTENTS = Table(
    "log_contents",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("deflated", LargeBinary, nullable=False),
)

CHECKPOINTS = Table(
    "log_checkpoints",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(42), primary_key=True),
    Column("first_nonce", BigInteger, nullable=False),
)

INTENTS = Table(
    "intents",
    METADATA,
    Column("intent_id", String(200), primary_key=True),
    Column("record_seq", BigInteger, ForeignKey(RECORDS.c.seq), nullable=False, unique=True),
    Column("cycle_id", String(200), nullable=False, index=True),
    Column("plan_id", String(64), nullable=False),
    Column("batch_index", Integer, nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("account", String(42), nullable=False),
    Column("contract", String(42), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("route", String(20), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("moves", Integer, nullable=False),
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("intent_id", String(200), ForeignKey(INTENTS.c.intent_id), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("account", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["chain_id", "account"], [ACCOUNTS.c.chain_id, ACCOUNTS.c.account], name="reserved_of"
    ),
    UniqueConstraint("chain_id", "account", "nonce"),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("intent_id", String(200), ForeignKey(RESERVATIONS.c.intent_id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("tx_hash", String(66), nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    # Decimal digits: wei per gas has no bound that a 64-bit column would keep.
    Column("max_fee_per_gas", String(80), nullable=False),
    Column("max_priority_fee_per_gas", String(80), nullable=False),
    Column("gas_limit", BigInteger, nullable=False),
)

FOR_EVER = (RECORDS, CONTENTS, CHECKPOINTS, ACCOUNTS, RESERVATIONS, ATTEMPTS)
"""Tables whose rows are neither changed nor deleted; of an intent only its state and moves change."""

POSTGRES_GUARD = """
CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$ LANGUAGE plpgsql
"""


def _run(target: Table | MetaData, moment: str, sql: str, *, dialect: str) -> None:
    statement = DDL(sql)  # type: ignore[no-untyped-call]
    event.listen(target, moment, statement.execute_if(dialect=dialect))


def _guard(table: Table, act: str) -> None:
    trigger = f"CREATE TRIGGER {table.name}_no_{act.split(maxsplit=1)[0].lower()} BEFORE {act} ON {table.name}"
    refuse = "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    _run(table, "after_create", f"{trigger} {refuse}", dialect="sqlite")
    call = "FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
    _run(table, "after_create", f"{trigger} {call}", dialect="postgresql")


_run(METADATA, "before_create", POSTGRES_GUARD, dialect="postgresql")
for _table in FOR_EVER:
    _guard(_table, "UPDATE")
    _guard(_table, "DELETE")
_guard(INTENTS, "DELETE")
_guard(
    INTENTS,
    "UPDATE OF intent_id, record_seq, cycle_id, plan_id, batch_index, chain_id, account, "
    "contract, sequence, route",
)
