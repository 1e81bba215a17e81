"""Closed exports of a real ledger, and the ways to lie with one: with and without the checkpoint key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from agent.adapters.ledger import SqlLedger, open_ledger
from agent.domain.canonical import canonical_bytes
from agent.domain.record import NO_HASH, Checkpoint
from agent.log.checkpoint import checkpoint_hash, signed
from agent.log.export import export_lines
from agent.log.keys import CheckpointKey, PublicKey, create_key
from agent.log.lines import Content, read_line
from agent.log.records import EMPTY, RawRecord, record_hash
from agent.log.verify import Verified, verify
from tests.logbook import SteppingClock, Week, record_week, sign_off


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export taken apart."""

    records: tuple[RawRecord, ...]
    checkpoints: tuple[Checkpoint, ...]
    contents: Mapping[str, bytes]

    @staticmethod
    def of(data: bytes) -> Export:
        lines = [read_line(raw, number=n) for n, raw in enumerate(BytesIO(data), start=1)]
        return Export(
            records=tuple(line for line in lines if isinstance(line, RawRecord)),
            checkpoints=tuple(line for line in lines if isinstance(line, Checkpoint)),
            contents={line.sha256: line.data for line in lines if isinstance(line, Content)},
        )

    def data(self) -> bytes:
        def content(sha256: str) -> bytes:
            return self.contents.get(sha256, b"lost")

        return b"".join(export_lines(self.records, self.checkpoints, content))

    def until(self, checkpoint: int) -> Export:
        """Return the export as it was when the numbered checkpoint (from 1) closed it."""
        return replace(self, checkpoints=self.checkpoints[:checkpoint])

    def chained(self, records: Iterable[RawRecord], key: CheckpointKey | None) -> Export:
        """Return an export of other records, their hashes made to fit, and the checkpoints with them.

        A checkpoint moves with the record that it stood behind. Without a key it keeps its signature.
        """
        kept: list[RawRecord] = []
        size_by_seq = {0: 0}
        head = EMPTY.hash
        for record in records:
            size_by_seq[record.seq] = len(kept) + 1
            moved = replace(record, seq=len(kept) + 1, prev=head)
            head = record_hash(moved)
            kept.append(replace(moved, hash=head))
        return replace(self, records=tuple(kept)).sealed(size_by_seq, key)

    def sealed(self, size_by_seq: Mapping[int, int], key: CheckpointKey | None) -> Export:
        """Return the export with its checkpoints behind records that moved."""
        sealed: list[Checkpoint] = []
        for checkpoint in self.checkpoints:
            size = max(size_by_seq[seq] for seq in size_by_seq if seq <= checkpoint.size)
            moved = replace(
                checkpoint,
                size=size,
                head=self.records[size - 1].hash if size else NO_HASH,
                previous=checkpoint_hash(sealed[-1]) if sealed else NO_HASH,
            )
            sealed.append(moved if key is None else signed(moved, key))
        return replace(self, checkpoints=tuple(sealed))

    def resealed(
        self, change: Callable[[int, Checkpoint], Checkpoint], key: CheckpointKey
    ) -> Export:
        """Return the export with its checkpoints changed (numbers from 1) and signed anew."""
        changed = [change(n, c) for n, c in enumerate(self.checkpoints, start=1)]
        sizes = {c.size: c.size for c in changed} | {0: 0}
        return replace(self, checkpoints=tuple(changed)).sealed(sizes, key)


def bodied(record: RawRecord, change: Callable[[Any], None]) -> RawRecord:
    """Return a record whose body `change` has been at."""
    body = json.loads(record.body)
    change(body)
    return replace(record, body=canonical_bytes(body))


def export_of(
    home: Path,
    *,
    weeks: int = 3,
    start: SteppingClock | None = None,
    key: CheckpointKey | None = None,
) -> tuple[bytes, CheckpointKey]:
    """Return the closed export of a ledger with some weeks in it, all signed off."""
    key = key or create_key(home / "checkpoint.pem")
    clock = start or SteppingClock()
    with open_ledger(
        home / "agent.sqlite", clock=clock, origin="index", checkpoint_key=key
    ) as ledger:
        fill(ledger, weeks)
        return b"".join(ledger.export()), key


def fill(ledger: SqlLedger, weeks: int) -> None:
    for number in range(weeks):
        record_week(ledger, Week(number=number))
        sign_off(ledger, Week(number=number))
    ledger.reseal()


def verified(data: bytes, key: PublicKey, *, after: Checkpoint | None = None) -> Verified:
    return verify(BytesIO(data), key, after=after)
