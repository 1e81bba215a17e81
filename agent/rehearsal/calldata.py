"""Calldata of functions that are known, read word by word, and what such a call says of money.

Only arguments that are written in the one way of the ABI are read: nothing hides between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_signature_to_4byte_selector

from agent.domain.units import Address


class UnreadableCallError(Exception):
    """Calldata that cannot be read in full, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a call of a router says of money.

    `recipient` None means the caller, `token_out` None that the function names none. `callees` run with
    what the router was given, and must be known by name. `faults` are what an argument must not say.
    """

    function: str
    token_in: Address
    amount_in: int
    token_out: Address | None
    min_amount_out: int
    recipient: Address | None
    deadline: int | None = None
    callees: tuple[Address, ...] = ()
    faults: tuple[str, ...] = ()


Reader = Callable[[Any], Arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of a router: its types, and what its arguments mean."""

    signature: str
    reader: Reader

    @property
    def selector(self) -> bytes:
        return function_signature_to_4byte_selector(self.signature)


def values_of(signature: str, body: bytes, tail_bytes: int) -> tuple[Any, ...]:
    """Return the values that a function's arguments have; at most `tail_bytes` may follow them.

    Raises:
        UnreadableCallError: they are not written as the ABI wants it.
    """
    types = types_of(signature)
    try:
        values: tuple[Any, ...] = decode(types, body)
        written = encode(types, values)
    except (DecodingError, OverflowError, ValueError) as error:
        raise UnreadableCallError(f"arguments of {name_of(signature)} are malformed") from error
    if body[: len(written)] != written or len(body) - len(written) > tail_bytes:
        raise UnreadableCallError(f"arguments of {name_of(signature)} are not in their one form")
    return values


def name_of(signature: str) -> str:
    return signature.partition("(")[0]


def types_of(signature: str) -> list[str]:
    """Return the types of the arguments of a signature, tuples whole."""
    inside, depth, types = signature.partition("(")[2][:-1], 0, [""]
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            types.append("")
        else:
            types[-1] += letter
    return types
