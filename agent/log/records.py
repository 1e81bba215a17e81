"""Records of the log: their canonical bytes, their hash, and the chain that the hashes form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agent.domain.bodies import KIND_BY_BODY, Body
from agent.domain.canonical import canonical_bytes
from agent.domain.record import NO_HASH, Record, RecordKind
from agent.errors import LogVerificationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a log ends: how many records it has, and the hash of the last."""

    size: int
    hash: str


EMPTY = Head(size=0, hash=NO_HASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """A record whose body is still canonical bytes, as the ledger stores it and the hash covers it."""

    seq: int
    prev: str
    at: str
    cycle_id: str
    kind: RecordKind
    body: bytes
    hash: str

    def parsed(self) -> Record:
        return Record(
            seq=self.seq, prev=self.prev, at=self.at, cycle_id=self.cycle_id, kind=self.kind,
            body=json.loads(self.body), hash=self.hash,
        )  # fmt: skip


def hashed_bytes(record: RawRecord) -> bytes:
    """Return what the hash covers: the RFC 8785 form of a record without its hash."""
    return _object(_forms(record))


def record_bytes(record: RawRecord) -> bytes:
    """Return the RFC 8785 form of a record with its hash."""
    return _object(_forms(record) | {"hash": canonical_bytes(record.hash)})


def _forms(record: RawRecord) -> dict[str, bytes]:
    return {
        "seq": canonical_bytes(record.seq),
        "prev": canonical_bytes(record.prev),
        "at": canonical_bytes(record.at),
        "cycle_id": canonical_bytes(record.cycle_id),
        "kind": canonical_bytes(record.kind),
        "body": record.body,
    }


def _object(forms: Mapping[str, bytes]) -> bytes:
    members = (b'"%s":%s' % (name.encode(), form) for name, form in sorted(forms.items()))
    return b"{" + b",".join(members) + b"}"


def record_hash(record: RawRecord) -> str:
    return hashlib.sha256(hashed_bytes(record)).hexdigest()


def record_after(head: Head, body: Body, *, cycle_id: str, at: datetime) -> RawRecord:
    """Return the record that continues a log which ends at `head`."""
    record = RawRecord(
        seq=head.size + 1,
        prev=head.hash,
        at=utc_text(at),
        cycle_id=cycle_id,
        kind=KIND_BY_BODY[type(body)],
        body=canonical_bytes(body),
        hash="",
    )
    return replace(record, hash=record_hash(record))


def head_after(head: Head, record: RawRecord) -> Head:
    """Return where the log ends once `record` follows `head`.

    Raises:
        LogVerificationError: it does not follow, or its hash is not its own.
    """
    where = f"record {head.size + 1}"
    if record.seq != head.size + 1:
        raise LogVerificationError(where=where, reason=f"record {record.seq} stands in its place")
    if record.prev != head.hash:
        raise LogVerificationError(
            where=where, reason="it does not name the hash of the record before it"
        )
    found = record_hash(record)
    if found != record.hash:
        raise LogVerificationError(
            where=where, reason=f"its content hashes to {found}, it claims {record.hash}"
        )
    return Head(size=record.seq, hash=record.hash)


def utc_text(at: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
