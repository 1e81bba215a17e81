"""The lines of an export: one JSON object each, in RFC 8785 form, that says what it is by its one key.

Every line has exactly one way to be written, so that no bit of a file is free.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from agent.domain.canonical import canonical_bytes, from_json
from agent.domain.record import Checkpoint, RecordKind
from agent.errors import CanonicalFormError, LogVerificationError
from agent.log.records import RawRecord, record_bytes
from agent.log.trees import parsed

FORMAT = "agent.log/1"

UNREADABLE = (
    ValueError, RecursionError, LookupError, TypeError, AttributeError, CanonicalFormError,
)  # fmt: skip
"""What reading a line that is not one may raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line: the log's origin, and the hash of the checkpoint that closes the file."""

    format: str
    origin: str
    closed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes that a record names by their SHA-256."""

    sha256: str
    data: bytes


Line = Header | Content | RawRecord | Checkpoint


def line_bytes(line: Line) -> bytes:
    """Return a line with its line feed."""
    match line:
        case RawRecord():
            return b'{"record":' + record_bytes(line) + b"}\n"
        case Content():
            return _wrapped("content", {"sha256": line.sha256, **_written(line.data)})
        case Header():
            return _wrapped("header", line)
        case Checkpoint():
            return _wrapped("checkpoint", line)


def _wrapped(name: str, value: object) -> bytes:
    return canonical_bytes({name: value}) + b"\n"


def _written(data: bytes) -> dict[str, str]:
    """Return bytes as text where they are UTF-8, for people to read, and as base64 otherwise."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def read_line(raw: bytes, *, number: int) -> Line:
    """Return what a line says.

    Raises:
        LogVerificationError: it is not a line of an export, or written in any other way than that
            of `line_bytes`.
    """
    where = f"line {number}"
    if not raw.endswith(b"\n"):
        raise LogVerificationError(where=where, reason="the file is cut off here")
    try:
        line = _read(parsed(raw))
    except UNREADABLE as error:
        raise LogVerificationError(
            where=where, reason=f"it is not a line of a log ({_short(error)})"
        ) from error
    if line_bytes(line) != raw:
        raise LogVerificationError(where=where, reason="it is not in canonical form")
    return line


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:120]


def _read(tree: Any) -> Line:  # noqa: ANN401 - whatever the file holds
    if not isinstance(tree, dict) or len(tree) != 1:
        raise ValueError("an object with one key is wanted")
    ((name, value),) = tree.items()
    if name not in READERS:
        raise ValueError(f"unknown key {name!r}")
    return READERS[name](value)


def _read_record(tree: Any) -> RawRecord:  # noqa: ANN401 - whatever the file holds
    fields = {name: value for name, value in tree.items() if name not in {"body", "seq", "kind"}}
    if not all(isinstance(value, str) for value in fields.values()):
        raise TypeError("a field of the record is not text")
    return RawRecord(
        seq=int(tree["seq"]),
        kind=RecordKind(tree["kind"]),
        body=canonical_bytes(tree["body"]),
        **fields,
    )


def _read_content(tree: Any) -> Content:  # noqa: ANN401 - whatever the file holds
    sha256 = tree["sha256"]
    if not isinstance(sha256, str):
        raise TypeError("the content's sha256 is not text")
    if "text" in tree:
        return Content(sha256=sha256, data=tree["text"].encode())
    return Content(sha256=sha256, data=base64.b64decode(tree["base64"], validate=True))


READERS: Mapping[str, Callable[[Any], Line]] = MappingProxyType(
    {
        "header": partial(from_json, Header),
        "content": _read_content,
        "record": _read_record,
        "checkpoint": partial(from_json, Checkpoint),
    }
)
