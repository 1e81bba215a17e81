"""What is wrong with a ledger, all of it: the file, the chain of its records, and its tables against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agent.adapters.ledger.history import stored_records
from agent.adapters.ledger.tables import ATTEMPTS, CHECKPOINTS, INTENTS
from agent.domain.intent import TxState
from agent.domain.record import RecordKind
from agent.errors import LogVerificationError
from agent.log.records import EMPTY, RawRecord, head_after

SHOWN = 20
"""Of a damaged file's complaints; they repeat themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrity:
    """How much there is of a ledger, and what is wrong with it, each in a few words; sound if nothing is."""

    records: int
    checkpoints: int
    problems: tuple[str, ...]


def examined(connection: Connection) -> Integrity:
    """Return what is wrong with the ledger behind a connection; nothing is changed."""
    log = _Log()
    problems = [*_file_problems(connection), *log.read(connection)]
    sealed = connection.scalar(select(func.max(CHECKPOINTS.c.size))) or 0
    if sealed > log.size:
        problems.append(f"record {log.size + 1} is missing, and {sealed} were sealed")
    problems.extend(_table_problems(connection, log))
    count = connection.scalar(select(func.count()).select_from(CHECKPOINTS)) or 0
    return Integrity(records=log.size, checkpoints=count, problems=tuple(problems))


def _file_problems(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for (words,) in connection.exec_driver_sql(f"PRAGMA integrity_check({SHOWN})"):
        if words != "ok":
            yield str(words)
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"row {row[1]} of {row[0]} names a row of {row[2]} that is not there"


class _Log:
    """What the records say of the intents, as far as they follow each other."""

    def __init__(self) -> None:
        self.size = 0
        self.state_by_intent: dict[str, str] = {}
        self.signed_by_intent: Counter[str] = Counter()

    def read(self, connection: Connection) -> Iterator[str]:
        """Take every record, and yield the first one that does not follow from the one before."""
        end = EMPTY
        for record in stored_records(connection):
            try:
                end = head_after(end, record)
            except LogVerificationError as error:
                yield str(error)
                return
            self.size = end.size
            self._take(record)

    def _take(self, record: RawRecord) -> None:
        match record.kind:
            case RecordKind.INTENT:
                intent_id = record.parsed().body["intent"]["intent_id"]
                self.state_by_intent[intent_id] = TxState.INTENT.value
            case RecordKind.SIGNED:
                intent_id = record.parsed().body["attempt"]["intent_id"]
                self.signed_by_intent[intent_id] += 1
                if self.state_by_intent.get(intent_id) == TxState.RESERVED.value:
                    self.state_by_intent[intent_id] = TxState.SIGNED.value
            case RecordKind.MOVED | RecordKind.OUTCOME:
                body = record.parsed().body
                self.state_by_intent[body["intent_id"]] = body["state"]
            case _:
                pass


def _table_problems(connection: Connection, log: _Log) -> Iterator[str]:
    """Yield the intents whose tables say otherwise than the log."""
    states = {
        row.intent_id: row.state
        for row in connection.execute(select(INTENTS.c.intent_id, INTENTS.c.state))
    }
    for name in states.keys() | log.state_by_intent.keys():
        held, said = states.get(name, "not there"), log.state_by_intent.get(name, "unknown")
        if held != said:
            yield f"intent {name} is {held}, its last record says {said}"
    counted = select(ATTEMPTS.c.intent_id, func.count()).group_by(ATTEMPTS.c.intent_id)
    attempts = {row[0]: row[1] for row in connection.execute(counted)}
    for name in attempts.keys() | log.signed_by_intent.keys():
        held_count, said_count = attempts.get(name, 0), log.signed_by_intent[name]
        if held_count != said_count:
            yield f"intent {name} has {held_count} attempts, the log {said_count}"
