"""The log inside the ledger: appending, reading and sealing, each within the caller's transaction."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from agent.adapters.ledger.tables import CHECKPOINTS, CONTENTS, RECORDS
from agent.domain.bodies import CONTENT_FIELD, KIND_BY_BODY, Body
from agent.domain.canonical import canonical_bytes, from_json
from agent.domain.record import Checkpoint, RecordKind
from agent.errors import LedgerError
from agent.log.checkpoint import checkpoint_hash
from agent.log.records import EMPTY, Head, RawRecord, record_after


def head(connection: Connection) -> Head:
    """Return where the log ends."""
    query = select(RECORDS.c.seq, RECORDS.c.hash).order_by(RECORDS.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return EMPTY if last is None else Head(size=last.seq, hash=last.hash)


def append(
    connection: Connection, body: Body, *, cycle_id: str, key: str, at: datetime
) -> RawRecord:
    """Append a record, or return the one that stands under its kind and key with the same body."""
    kind = KIND_BY_BODY[type(body)]
    standing = record_of(connection, kind, key)
    if standing is not None:
        return _same(standing, body, cycle_id=cycle_id, key=key)
    needed = getattr(body, CONTENT_FIELD[kind]) if kind in CONTENT_FIELD else None
    if needed is not None and not _has_content(connection, needed):
        raise LedgerError(
            what=f"a record names content {needed} that is not kept",
            mend="give the bytes together with the record",
        )
    record = record_after(head(connection), body, cycle_id=cycle_id, at=at)
    connection.execute(
        RECORDS.insert().values(
            seq=record.seq, prev=record.prev, at=record.at, cycle_id=record.cycle_id,
            kind=record.kind.value, key=key, body=record.body.decode(), hash=record.hash,
        )
    )  # fmt: skip
    return record


def _same(standing: RawRecord, body: Body, *, cycle_id: str, key: str) -> RawRecord:
    if standing.cycle_id != cycle_id or standing.body != canonical_bytes(body):
        raise LedgerError(
            what=f"record {standing.seq} ({standing.kind} {key}) already says otherwise",
            mend="see `agent log show`; what is recorded is never changed",
        )
    return standing


def record_of(connection: Connection, kind: RecordKind, key: str) -> RawRecord | None:
    """Return the record under a kind and key."""
    query = select(RECORDS).where(RECORDS.c.kind == kind.value, RECORDS.c.key == key)
    row = connection.execute(query).first()
    return None if row is None else _record(row)


def stored_records(
    connection: Connection,
    *,
    cycle_id: str | None = None,
    kinds: Collection[RecordKind] = (),
    after: int = 0,
) -> Iterator[RawRecord]:
    """Yield records in order: of one cycle or all, of some kinds or all, behind number `after`."""
    query = select(RECORDS).order_by(RECORDS.c.seq)
    if cycle_id is not None:
        query = query.where(RECORDS.c.cycle_id == cycle_id)
    if after:
        query = query.where(RECORDS.c.seq > after)
    if kinds:
        query = query.where(RECORDS.c.kind.in_([kind.value for kind in kinds]))
    yield from map(_record, connection.execute(query))


def _record(row: Row[Any]) -> RawRecord:
    return RawRecord(
        seq=row.seq, prev=row.prev, at=row.at, cycle_id=row.cycle_id, kind=RecordKind(row.kind),
        body=row.body.encode(), hash=row.hash,
    )  # fmt: skip


def keep(connection: Connection, content: bytes) -> None:
    """Keep bytes under their SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    if not _has_content(connection, sha256):
        deflated = zlib.compress(content)
        connection.execute(CONTENTS.insert().values(sha256=sha256, deflated=deflated))


def _has_content(connection: Connection, sha256: str) -> bool:
    query = select(CONTENTS.c.sha256).where(CONTENTS.c.sha256 == sha256)
    return connection.execute(query).first() is not None


def content(connection: Connection, sha256: str) -> bytes:
    """Return the bytes kept under `sha256`; LedgerError when there are none or they are not theirs."""
    query = select(CONTENTS.c.deflated).where(CONTENTS.c.sha256 == sha256)
    deflated = connection.scalar(query)
    if deflated is None:
        raise LedgerError(what=f"content {sha256} is not kept", mend="name one that a record names")
    try:
        found = zlib.decompress(deflated)
    except zlib.error as error:
        raise _damaged(sha256) from error
    if hashlib.sha256(found).hexdigest() != sha256:
        raise _damaged(sha256)
    return found


def _damaged(sha256: str) -> LedgerError:
    return LedgerError(what=f"content {sha256} is damaged", mend="restore the last backup")


def stored_checkpoints(connection: Connection) -> Iterator[Checkpoint]:
    """Yield checkpoints in order."""
    for body in connection.scalars(select(CHECKPOINTS.c.body).order_by(CHECKPOINTS.c.number)):
        yield from_json(Checkpoint, json.loads(body))


def last_checkpoint(connection: Connection) -> Checkpoint | None:
    query = select(CHECKPOINTS.c.body).order_by(CHECKPOINTS.c.number.desc()).limit(1)
    body = connection.scalar(query)
    return None if body is None else from_json(Checkpoint, json.loads(body))


def save_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    number = connection.scalar(select(func.count()).select_from(CHECKPOINTS)) or 0
    connection.execute(
        CHECKPOINTS.insert().values(
            number=number + 1,
            size=checkpoint.size,
            body=canonical_bytes(checkpoint).decode(),
            hash=checkpoint_hash(checkpoint),
        )
    )
