"""Exports: the log as a file that a signed checkpoint closes, with everything that proves it inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from agent.domain.bodies import CONTENT_FIELD
from agent.domain.record import Checkpoint
from agent.log.checkpoint import checkpoint_hash
from agent.log.lines import FORMAT, Content, Header, line_bytes
from agent.log.records import RawRecord
from agent.log.trees import Tree, parsed


def needed_content(record: RawRecord) -> str | None:
    """Return the SHA-256 of the content without which the record cannot be understood.

    Raises:
        LogVerificationError: the record should say so, and does not.
    """
    field = CONTENT_FIELD.get(record.kind)
    if field is None:
        return None
    body = Tree(parsed(record.body), where=f"record {record.seq} ({record.kind})")
    return None if body.at(field) is None else body.text(field)


def export_lines(
    records: Iterable[RawRecord],
    checkpoints: Sequence[Checkpoint],
    load_content: Callable[[str], bytes],
) -> Iterator[bytes]:
    """Yield the lines of an export, up to the last of `checkpoints` (there must be one).

    Content stands before the first record that names it, a checkpoint after the last record that it
    covers; records after the last checkpoint are left out.
    """
    closing = checkpoints[-1]
    by_size = {size: list(same) for size, same in groupby(checkpoints, key=lambda c: c.size)}
    yield line_bytes(
        Header(format=FORMAT, origin=closing.origin, closed_by=checkpoint_hash(closing))
    )
    yield from map(line_bytes, by_size.get(0, ()))
    given: set[str | None] = {None}
    for record in records:
        if record.seq > closing.size:
            return
        needed = needed_content(record)
        if needed not in given and needed is not None:
            yield line_bytes(Content(sha256=needed, data=load_content(needed)))
        given.add(needed)
        yield line_bytes(record)
        yield from map(line_bytes, by_size.get(record.seq, ()))
