"""The ledger on SQLAlchemy tables: every change and its log record in one database transaction.

SQLite is the embedded default. Nothing here but `open_ledger` knows which database it is: a write
begins by locking one row (on SQLite, the file), so that records follow each other without gaps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, select

from agent.adapters.ledger import history, moves
from agent.adapters.ledger.engine import (
    WRITES,
    fence_of,
)
from agent.adapters.ledger.errors import translated
from agent.adapters.ledger.integrity import Integrity, examined
from agent.adapters.ledger.lock import AdvisoryLock, InstanceLock
from agent.adapters.ledger.rows import statuses
from agent.adapters.ledger.tables import META
from agent.domain.block import Block
from agent.domain.bodies import Body, Outcome
from agent.domain.canonical import content_id
from agent.domain.fill import Fill
from agent.domain.intent import Attempt, Intent, Receipt, TxState
from agent.domain.record import Checkpoint, Record, RecordKind
from agent.domain.units import Address
from agent.errors import LedgerError
from agent.log.checkpoint import Seen, checkpoint_of, seen_by, signed
from agent.log.export import export_lines
from agent.log.keys import CheckpointKey
from agent.ports import Clock, IntentStatus


class Access(IntEnum):
    """What an opened ledger may be used for; each includes the ones before.

    `TRADE` moves money and belongs to one process at a time. `APPEND` adds records and checkpoints,
    beside a trading process if need be.
    """

    READ = 1
    APPEND = 2
    TRADE = 3


class SqlLedger:
    """Port `Ledger` on a database; its methods say there what they do. Use it as a context manager."""

    def __init__(  # noqa: PLR0913 - made by open_ledger alone
        self,
        engine: Engine,
        *,
        clock: Clock,
        access: Access,
        checkpoint_key: CheckpointKey | None,
        lock: InstanceLock | AdvisoryLock | None = None,
        fence: int | None = None,
    ) -> None:
        """Work on an engine whose tables stand already; `lock` is released on closing.

        `fence` is the one that this trading process raised; a higher one ends its writing.
        """
        self._fence = fence
        self._engine = engine
        self._clock = clock
        self._access = access
        self._checkpoint_key = checkpoint_key
        self._lock = lock
        self._place = engine.url.database or engine.dialect.name
        with self._reading() as connection:
            query = select(META.c.value).where(META.c.key == "origin")
            self.origin: str = connection.scalar(query) or ""

    def append(
        self, body: Body, *, cycle_id: str, key: str | None = None, contents: Sequence[bytes] = ()
    ) -> Record:
        with self._writing(Access.APPEND) as connection:
            for content in contents:
                history.keep(connection, content)
            return history.append(
                connection,
                body,
                cycle_id=cycle_id,
                key=key or f"{cycle_id}/{content_id(body)}",
                at=self._clock.now(),
            ).parsed()

    def open_intent(self, intent: Intent) -> Record:
        with self._writing() as connection:
            return moves.open_intent(connection, intent, at=self._clock.now()).parsed()

    def reserve_nonce(self, intent_id: str, *, nonce: int) -> None:
        with self._writing() as connection:
            moves.reserve_nonce(connection, intent_id, nonce=nonce, at=self._clock.now())

    def record_signed(self, attempt: Attempt) -> Record:
        with self._writing() as connection:
            return moves.record_signed(connection, attempt, at=self._clock.now()).parsed()

    def advance(
        self,
        intent_id: str,
        *,
        state: TxState,
        receipt: Receipt | None = None,
        fills: Sequence[Fill] = (),
        note: str = "",
    ) -> None:
        outcome = Outcome(
            intent_id=intent_id, state=state, receipt=receipt, fills=tuple(fills), note=note
        )
        with self._writing() as connection:
            moves.advance(connection, outcome, at=self._clock.now())

    def intents(self, *, cycle_id: str | None = None) -> tuple[IntentStatus, ...]:
        with self._reading() as connection:
            return statuses(connection, cycle_id=cycle_id)

    def records(
        self,
        *,
        cycle_id: str | None = None,
        kinds: Collection[RecordKind] = (),
        after: int = 0,
    ) -> tuple[Record, ...]:
        with self._reading() as connection:
            stored = history.stored_records(connection, cycle_id=cycle_id, kinds=kinds, after=after)
            return tuple(record.parsed() for record in stored)

    def load_content(self, sha256: str) -> bytes:
        with self._reading() as connection:
            return history.content(connection, sha256)

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        with self._reading() as connection:
            return tuple(history.stored_checkpoints(connection))

    def export(self) -> Iterator[bytes]:
        """Yield the lines of an export that the last checkpoint closes."""
        with self._reading() as connection:
            checkpoints = list(history.stored_checkpoints(connection))
            if not checkpoints:
                raise LedgerError(what="no checkpoint closes the log yet", mend="run a cycle first")
            yield from export_lines(
                history.stored_records(connection),
                checkpoints,
                partial(history.content, connection),
            )

    def seal(self, *, block: Block, account: Address, next_nonce: int) -> Checkpoint:
        with self._writing(Access.APPEND) as connection:
            first_nonce = moves.know_account(connection, block.chain_id, account, nonce=next_nonce)
            seen = Seen(
                chain_id=block.chain_id,
                block_number=block.number,
                block_hash=block.hash,
                account=account,
                first_nonce=first_nonce,
                next_nonce=next_nonce,
            )
            return self._seal(connection, seen)

    def reseal(self) -> Checkpoint:
        """Close the log up to now, on what the last checkpoint saw of the chain."""
        with self._writing(Access.APPEND) as connection:
            last = history.last_checkpoint(connection)
            if last is None:
                raise LedgerError(what="no checkpoint closes the log yet", mend="run a cycle first")
            return self._seal(connection, seen_by(last))

    def _seal(self, connection: Connection, seen: Seen) -> Checkpoint:
        if self._checkpoint_key is None:
            raise LedgerError(
                what="a checkpoint cannot be signed without its key",
                mend="set log.checkpoint_key; `agent init` creates one",
            )
        last, head = history.last_checkpoint(connection), history.head(connection)
        if last is not None and (last.size, last.head, seen_by(last)) == (
            head.size,
            head.hash,
            seen,
        ):
            return last
        checkpoint = checkpoint_of(head, seen, origin=self.origin, at=self._clock.now(), last=last)
        checkpoint = signed(checkpoint, self._checkpoint_key)
        history.save_checkpoint(connection, checkpoint)
        return checkpoint

    def integrity(self) -> Integrity:
        """Return everything that is wrong with the ledger; where nothing is, how much there is of it."""
        with self._reading() as connection:
            return examined(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._place), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self, needed: Access = Access.TRADE) -> Iterator[Connection]:
        if self._access < needed:
            raise LedgerError(
                what=f"{self._place} was opened for {self._access.name}, not for {needed.name}",
                mend="only the running agent trades",
            )
        writer = self._engine.execution_options(**{WRITES: True})
        with translated(self._place), writer.begin() as connection:
            # On PostgreSQL this row serialises the writers; SQLite has locked the file already.
            row = select(META.c.value).where(META.c.key == "origin").with_for_update()
            connection.execute(row)
            if self._fence is not None and fence_of(connection) != self._fence:
                raise LedgerError(
                    what=f"another agent has taken over {self._place}",
                    mend="this one lost its lock and writes no more; stop it",
                )
            yield connection

    def close(self) -> None:
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
