"""Reading an export without proving it: its records and contents, for those who look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.domain.record import Checkpoint, Record
from agent.errors import LogVerificationError
from agent.log.lines import Content, read_line
from agent.log.records import RawRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an export holds."""

    records: tuple[Record, ...]
    content_by_sha256: Mapping[str, bytes]


def opened(lines: Iterable[bytes]) -> Opened:
    """Return what stands in an export; LogVerificationError names a line that is not one."""
    records: list[Record] = []
    contents: dict[str, bytes] = {}
    for number, raw in enumerate(lines, start=1):
        match read_line(raw, number=number):
            case RawRecord() as record:
                records.append(record.parsed())
            case Content() as content:
                contents[content.sha256] = content.data
            case _:
                pass
    return Opened(records=tuple(records), content_by_sha256=contents)


def last_checkpoint(lines: Iterable[bytes], *, name: str) -> Checkpoint:
    """Return the checkpoint that ends a file, be it an export or the one line alone.

    Raises:
        LogVerificationError: the last line is not a checkpoint.
    """
    number, last = 0, b""
    for number, last in enumerate(lines, start=1):  # noqa: B007 - the last of them are wanted
        pass
    line = read_line(last, number=number)
    if not isinstance(line, Checkpoint):
        raise LogVerificationError(where=f"{name}, line {number}", reason="it is not a checkpoint")
    return line
