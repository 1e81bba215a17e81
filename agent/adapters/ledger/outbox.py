"""The outbox of notices, on tables of its own beside the ledger's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    select,
)

from agent.adapters.ledger.engine import WRITES, postgres_engine, sqlite_engine
from agent.adapters.ledger.errors import translated
from agent.domain.notice import Delivery, Level, Notice
from agent.log.records import utc_text

METADATA = MetaData()

POSITION = Table(
    "notices_read",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("channel", String(60), nullable=False),
    Column("at", String(40), nullable=False),
    Column("level", String(10), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("due_at", String(40), nullable=False),
    Column("reason", Text, nullable=False),
)

OPEN, DELIVERED, GIVEN_UP = "open", "delivered", "given_up"


class SqlOutbox:
    """Port `Outbox` on a database; its methods say there what they do."""

    def __init__(self, place: Path | SecretStr) -> None:
        """Use the ledger's database, and add the outbox's tables if need be."""
        self._engine: Engine
        if isinstance(place, Path):
            self._engine, self._place = sqlite_engine(place), str(place)
        else:
            self._engine, self._place = postgres_engine(place), "the ledger's database"
        with translated(self._place):
            METADATA.create_all(self._engine)

    def read_up_to(self) -> int | None:
        with translated(self._place), self._engine.begin() as connection:
            return connection.scalar(select(POSITION.c.seq))

    def put(self, deliveries: Sequence[tuple[Delivery, datetime]], *, read_up_to: int) -> None:
        rows = [_row(delivery, due_at) for delivery, due_at in deliveries]
        writer = self._engine.execution_options(**{WRITES: True})
        with translated(self._place), writer.begin() as connection:
            if rows:
                connection.execute(NOTICES.insert(), rows)
            connection.execute(POSITION.delete())
            connection.execute(POSITION.insert().values(one=1, seq=read_up_to))

    def due(self, now: datetime) -> tuple[Delivery, ...]:
        query = select(NOTICES).where(NOTICES.c.state == OPEN, NOTICES.c.due_at <= _text(now))
        with translated(self._place), self._engine.begin() as connection:
            return tuple(map(_delivery, connection.execute(query.order_by(NOTICES.c.number))))

    def open(self) -> tuple[Delivery, ...]:
        query = select(NOTICES).where(NOTICES.c.state == OPEN).order_by(NOTICES.c.number)
        with translated(self._place), self._engine.begin() as connection:
            return tuple(map(_delivery, connection.execute(query)))

    def delivered(self, delivery: Delivery, *, at: datetime) -> None:
        self._mark(delivery, state=DELIVERED, due_at=_text(at), reason="")

    def failed(self, delivery: Delivery, *, again_at: datetime | None, reason: str) -> None:
        if again_at is None:
            self._mark(delivery, state=GIVEN_UP, reason=reason)
        else:
            self._mark(delivery, state=OPEN, due_at=_text(again_at), reason=reason)

    def _mark(self, delivery: Delivery, **values: str) -> None:
        update = NOTICES.update().where(
            NOTICES.c.id == delivery.notice.id, NOTICES.c.channel == delivery.channel
        )
        writer = self._engine.execution_options(**{WRITES: True})
        with translated(self._place), writer.begin() as connection:
            connection.execute(update.values(attempts=delivery.attempts + 1, **values))

    def close(self) -> None:
        self._engine.dispose()


def _text(at: datetime) -> str:
    """Return a time that sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _row(delivery: Delivery, due_at: datetime) -> dict[str, object]:
    notice = delivery.notice
    return {
        "id": notice.id,
        "channel": delivery.channel,
        "at": utc_text(notice.at),
        "level": str(notice.level),
        "title": notice.title,
        "body": notice.body,
        "attempts": delivery.attempts,
        "state": OPEN,
        "due_at": _text(due_at),
        "reason": "",
    }


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        notice=Notice(
            id=row.id,
            at=datetime.fromisoformat(row.at),
            level=Level(row.level),
            title=row.title,
            body=row.body,
        ),
        channel=row.channel,
        attempts=row.attempts,
    )
