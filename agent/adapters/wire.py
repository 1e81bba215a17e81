"""Bodies from outside as values: exact JSON, and the field types that signals and data files share.

No number passes through a float on the way in, and whatever is wrong is named by its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

MAX_PATH = 120
MAX_TEXT = 200
MAX_DIGITS = 48
MAX_NESTING = 32

TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]', re.DOTALL)


class BodyError(Exception):
    """What is wrong with a body; the adapter that asked for it turns this into its own error."""

    def __init__(self, *, field: str, value: object, mend: str) -> None:
        """Name the field's path, what it held, and the mend."""
        self.field, self.value, self.mend = field, value, mend
        super().__init__(f"{field}: {mend}")


class Body(BaseModel):
    """A JSON object with exactly the fields that it declares, none of them coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def exact_json(raw: bytes) -> Any:  # noqa: ANN401 - a JSON tree
    """Return the JSON tree in `raw` with every fraction as a Decimal, never a float.

    Raises:
        BodyError: not JSON, not UTF-8, a key given twice, NaN or an infinity, nested too deep.
    """
    try:
        text = raw.decode("utf-8-sig")
        if _nesting(text) > MAX_NESTING:
            raise ValueError(f"nested deeper than {MAX_NESTING}")  # noqa: TRY301 - worded below
        return json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BodyError(field="body", value=raw[:60], mend=f"send valid JSON ({error})") from error


def parse_body(model: type[M], raw: bytes) -> M:
    """Return the body in `raw` as a `model`.

    Raises:
        BodyError: not JSON, or a field is missing, unknown or wrong; the first one is named.
    """
    return parse_tree(model, exact_json(raw))


def parse_tree(model: type[M], tree: object) -> M:
    """Return a JSON tree as a `model`; errors as for a body."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise _body_error(error.errors(include_url=False)[0]) from error


def parse_list(
    rows: TypeAdapter[tuple[M, ...]],
    raw: bytes,
    *,
    on_object: Callable[[dict[str, Any]], BodyError],
) -> tuple[M, ...]:
    """Return the list in `raw`; where an object came instead, `on_object` says what that means.

    Raises:
        BodyError
    """
    tree = exact_json(raw)
    if isinstance(tree, dict):
        raise on_object(tree)
    try:
        return rows.validate_python(tuple(tree) if isinstance(tree, list) else tree)
    except ValidationError as error:
        raise _body_error(error.errors(include_url=False)[0]) from error


def provider_error(tree: dict[str, Any], *path: str) -> BodyError:
    """Return the error that an object in place of a list is, with the provider's words at `path`."""
    found: Any = tree
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    words = str(found) if found else "an object without a known error"
    return BodyError(
        field=".".join(path),
        value=words,
        mend="the provider refused: see its words, key and limits",
    )


def _nesting(text: str) -> int:
    """Return how deep brackets nest, before the interpreter's parser recurses as deep.

    A library may have raised the recursion limit to where that overflows the stack.
    """
    depth = most = 0
    for found in TEXT_OR_BRACKET.findall(text):
        depth += (found in "[{") - (found in "]}")
        most = max(most, depth)
    return most


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(k for k in keys if keys.count(k) > 1)!r:.60} is given twice")
    return tree


def _body_error(detail: ErrorDetails) -> BodyError:
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "missing":
            value, mend = "(missing)", "add the field"
        case "extra_forbidden":
            value, mend = detail["input"], "remove the field, it is not known"
        case "too_short" | "too_long":
            value, mend = f"{context['actual_length']} entries", detail["msg"]
        case "model_type":
            value, mend = detail["input"], "send a JSON object"
        case "value_error":
            value, mend = detail["input"], str(context["error"])
        case _:
            value, mend = detail["input"], detail["msg"]
    return BodyError(field=path_of(detail["loc"]), value=value, mend=mend)


def path_of(location: tuple[int | str, ...]) -> str:
    """Return a location such as ("rows", 3, "rank") as `rows[3].rank`, on one line of bounded length."""
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")
    path = path or "body"
    return (path if path.isprintable() else repr(path))[:MAX_PATH]


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_PLAIN_DECIMAL = re.compile(r"[0-9]{1,24}(\.[0-9]{1,24})?")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _decimal(value: object) -> Decimal:
    if isinstance(value, str) and _PLAIN_DECIMAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= MAX_DIGITS:
        return value
    raise ValueError('write a plain decimal, best as a string such as "1234.5"')


def positive_usd(value: object) -> Decimal:
    number = _decimal(value)
    if not Decimal("1e-24") <= number < Decimal("1e18"):
        raise ValueError("give US dollars above zero and below 1e18")
    return number


def positive_amount(value: object) -> Decimal:
    number = _decimal(value)
    if not Decimal("1e-24") <= number < Decimal("1e24"):
        raise ValueError("give a number of whole coins above zero and below 1e24")
    return number


def _contract(value: object) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("write a 0x address of 40 hex digits")
    return value


def _probability(value: object) -> Decimal:
    number = _decimal(value)
    if not 0 <= number <= 1:
        raise ValueError("give a probability between 0 and 1")
    return number


def _timestamp(value: object) -> datetime:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise ValueError("write RFC 3339 with a zone, such as 2026-11-22T11:00:00Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("give a date between the years 1 and 9999 in UTC") from error


def text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise ValueError("write printable text")
    if len(value) > MAX_TEXT:
        raise ValueError(f"write at most {MAX_TEXT} characters")
    return value


PositiveUsd = Annotated[
    Decimal,
    BeforeValidator(positive_usd),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,24}(\.[0-9]{1,24})?$"},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e18},
            ],
            "description": "US dollars, above zero; a plain decimal, best as a string",
        }
    ),
]
PositiveAmount = Annotated[
    Decimal,
    BeforeValidator(positive_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,24}(\.[0-9]{1,24})?$"},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e24},
            ]
        }
    ),
]
Sequence = Annotated[
    int, Field(ge=0, le=2**53, description="of the source, higher with each signal")
]
Contract = Annotated[
    str,
    BeforeValidator(_contract),
    WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}),
]
Probability = Annotated[
    Decimal,
    BeforeValidator(_probability),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(0+(\.[0-9]{1,24})?|0*1(\.0+)?)$"},
                {"type": "number", "minimum": 0, "maximum": 1},
            ],
            "description": "from 0 to 1; a plain decimal, best as a string",
        }
    ),
]
Timestamp = Annotated[
    datetime,
    BeforeValidator(_timestamp),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$",
        }
    ),
]
Text = Annotated[
    str,
    BeforeValidator(text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_TEXT}),
]
