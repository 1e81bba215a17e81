"""Fields of aggregators' bodies: decimal strings as integers, addresses, calldata; unknown fields tolerated."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import BaseModel, BeforeValidator, ConfigDict

from agent.adapters.wire import BodyError
from agent.domain.units import Address

MAX_AMOUNT = 1 << 256
MAX_CALLDATA_BYTES = 24 * 1024
"""More than any route needs; a batch of several must fit the 128 KiB that nodes take."""

MAX_GAS = 1 << 24
"""What one transaction may use (EIP-7825)."""

_DIGITS = re.compile(r"[0-9]{1,78}", re.ASCII)
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}", re.ASCII)
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)


class Loose(BaseModel):
    """A JSON object that may hold more than it declares; what it declares is not coerced."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def _amount(value: object) -> int:
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ValueError("write base units as a string of decimal digits")
    number = int(value)
    if number >= MAX_AMOUNT:
        raise ValueError("give an amount below 2^256")
    return number


def _positive(value: object) -> int:
    number = _amount(value)
    if number == 0:
        raise ValueError("give an amount above zero")
    return number


def _gas(value: object) -> int:
    """Return gas, which services write as text, as a number, or as a number with a fraction of zero."""
    text = format(value, "f") if _is_plain(value) else str(value)
    whole, _, fraction = text.partition(".")
    if isinstance(value, bool) or not _DIGITS.fullmatch(whole) or fraction.strip("0"):
        raise ValueError("write gas as a whole number")
    if not 0 < int(whole) <= MAX_GAS:
        raise ValueError(f"give gas above zero, {MAX_GAS} at most")
    return int(whole)


def _is_plain(value: object) -> bool:
    """Whether a Decimal is short enough to be written out: 1e400 is not."""
    return isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= 20  # noqa: PLR2004


def address_of(value: object) -> Address:
    """Return an address of any consistent case, checksummed; raises ValueError for anything else."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("write a 0x address of 40 hex digits")
    digits = value[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(value):
        raise ValueError("its EIP-55 checksum is wrong")
    return Address(to_checksum_address(value.lower()))


def _calldata(value: object) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError("write calldata as 0x-hex of whole bytes")
    data = bytes.fromhex(value[2:])
    if not 4 <= len(data) <= MAX_CALLDATA_BYTES:  # noqa: PLR2004 - a selector at least
        raise ValueError(f"give calldata of 4 to {MAX_CALLDATA_BYTES} bytes")
    return data


def verbatim(raw: bytes, *path: str) -> str:
    """Return the text of a member of nested JSON objects exactly as it was sent.

    Services sign what they quote: written anew, a number might look different.

    Raises:
        BodyError: there is no such member.
    """
    text = raw.decode("utf-8-sig")
    for depth, name in enumerate(path):
        members = _members(text)
        if name not in members:
            raise BodyError(
                field=".".join(path[: depth + 1]), value="(missing)", mend="add the field"
            )
        text = members[name]
    return text


def _members(text: str) -> dict[str, str]:
    """Return the members of a JSON object as texts; the object is known to be well formed."""
    decoder, space = json.JSONDecoder(), re.compile(r"[\s,:]*")
    members: dict[str, str] = {}
    at = text.index("{") + 1 if text.lstrip().startswith("{") else len(text)
    while (at := _after(space, text, at)) < len(text) and text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        start = _after(space, text, at)
        _, at = decoder.raw_decode(text, start)
        members[name] = text[start:at]
    return members


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


Amount = Annotated[int, BeforeValidator(_amount)]
"""A decimal string of base units, zero among them."""

Positive = Annotated[int, BeforeValidator(_positive)]
Gas = Annotated[int, BeforeValidator(_gas)]
WireAddress = Annotated[Address, BeforeValidator(address_of)]
Calldata = Annotated[bytes, BeforeValidator(_calldata)]


def require(*, field: str, found: object, wanted: object) -> None:
    """Raise BodyError unless a service answered what it was asked."""
    if found != wanted:
        raise BodyError(field=field, value=found, mend=f"answer what was asked, {wanted}")
