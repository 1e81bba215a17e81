"""The canonical JSON form of domain values (RFC 8785), and the SHA-256 that names them.

Every integer and Decimal travels as a decimal string, so that no reader loses digits to a double;
Decimals in plain notation as they stand. Reading back needs the type.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from agent.errors import CanonicalFormError

Json = None | bool | str | list["Json"] | dict[str, "Json"]


def to_json(value: object) -> Json:
    """Return a value of dataclasses, mappings, sequences and scalars as a JSON tree without numbers.

    Keys stand in canonical order.
    """
    kind: Any = type(value)
    return _tree_of(kind)(value)


@cache
def _tree_of(kind: type) -> Callable[[Any], Json]:
    """Return how values of exactly `kind` become trees: thousands of ticks share one decision."""
    if is_dataclass(kind):
        names = sorted((f.name for f in fields(kind)), key=_utf16)
        return lambda value: {name: to_json(getattr(value, name)) for name in names}
    if issubclass(kind, Mapping):
        return _tree_of_mapping
    if issubclass(kind, tuple | list):
        return lambda value: [to_json(item) for item in value]
    return _tree_of_scalar(kind)


def _tree_of_mapping(value: Mapping[Any, Any]) -> Json:
    trees = {str(key): to_json(item) for key, item in value.items()}
    return {key: trees[key] for key in sorted(trees, key=_utf16)}


def _tree_of_scalar(kind: type) -> Callable[[Any], Json]:
    if issubclass(kind, bool | types.NoneType):
        return lambda value: value
    if issubclass(kind, Enum):
        return lambda value: str(value.value)
    for known, written in _WRITE_SCALAR.items():
        if issubclass(kind, known):
            return written
    raise CanonicalFormError(what=kind.__name__)


_WRITE_SCALAR: Mapping[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    Decimal: lambda value: format(value, "f"),
    bytes: lambda value: "0x" + value.hex(),
    datetime: lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"),
}


def _utf16(key: str) -> bytes:
    """Return what RFC 8785 sorts keys by: their UTF-16 code units."""
    return key.encode("utf-16-be", "surrogatepass")


def canonical_bytes(value: object) -> bytes:
    """Return the canonical form: without numbers it is compact JSON with sorted keys, in UTF-8.

    Raises:
        CanonicalFormError: the value has none.
    """
    text = json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CanonicalFormError(what="a text with half a surrogate pair") from error


def content_id(value: object) -> str:
    """Return the lowercase hex SHA-256 of a value's canonical form."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def from_json(kind: Any, tree: Any) -> Any:  # noqa: ANN401 - the type is an argument
    """Return the value of type `kind` that `to_json` wrote as `tree`.

    Raises:
        CanonicalFormError: the tree is not of that type.
    """
    try:
        return _reader_of(kind)(tree)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise CanonicalFormError(what=f"{getattr(kind, '__name__', kind)}: {error}") from error


@cache
def _reader_of(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    """Return how trees become values of `kind`: decided once, used for thousands of ticks."""
    kind = getattr(kind, "__supertype__", kind)
    origin = typing.get_origin(kind) or (
        types.UnionType if isinstance(kind, types.UnionType) else None
    )
    if origin is not None:
        return _generic_reader(origin, typing.get_args(kind))
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if kind in (bool, type(None), Any):
        return lambda tree: tree
    return _scalar_reader(_READ_SCALAR.get(kind, kind))


_READ_SCALAR: Mapping[Any, Callable[[str], Any]] = {
    bytes: lambda text: bytes.fromhex(text.removeprefix("0x")),
    datetime: datetime.fromisoformat,
}


def _scalar_reader(made: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(tree: Any) -> Any:  # noqa: ANN401
        if not isinstance(tree, str):
            raise TypeError(f"expected a string, found {tree!r}")
        return made(tree)

    return read


def _generic_reader(origin: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:  # noqa: ANN401
    if origin in (typing.Union, types.UnionType):
        return _union_reader(args)
    if origin is tuple:
        return _tuple_reader(args)
    key, item = _reader_of(args[0]), _reader_of(args[1])
    return lambda tree: {key(name): item(value) for name, value in tree.items()}


def _tuple_reader(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    is_open = len(args) == 2 and args[1] is Ellipsis  # noqa: PLR2004
    readers = [_reader_of(kind) for kind in (args[:1] if is_open else args)]

    def read(tree: Any) -> Any:  # noqa: ANN401
        if not isinstance(tree, list):
            raise TypeError(f"expected a list, found {tree!r}")
        if is_open:
            return tuple(map(readers[0], tree))
        return tuple(one(item) for one, item in zip(readers, tree, strict=True))

    return read


def _union_reader(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    kinds = [kind for kind in args if kind is not type(None)]
    is_optional = len(kinds) < len(args)
    readers = [(kind, _reader_of(kind)) for kind in kinds]

    def read(tree: Any) -> Any:  # noqa: ANN401
        if tree is None and is_optional:
            return None
        if len(readers) == 1:
            return readers[0][1](tree)
        return next(one(tree) for kind, one in readers if _names(kind) == tree.keys())

    return read


@cache
def _names(kind: Any) -> frozenset[str]:  # noqa: ANN401
    return frozenset(field.name for field in fields(kind))


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    hints = _hints(kind)
    readers: dict[str, Callable[[Any], Any]] = {}

    def read(tree: Any) -> Any:  # noqa: ANN401
        if not isinstance(tree, dict) or tree.keys() != hints.keys():
            raise TypeError(f"fields of {kind.__name__} are {sorted(hints)}, found {tree!r:.200}")
        if not readers:  # not sooner: a type may contain itself
            readers.update({name: _reader_of(hint) for name, hint in hints.items()})
        return kind(**{name: one(tree[name]) for name, one in readers.items()})

    return read


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
