"""What every wire format provides, and the ways in which a service says no."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

from eth_utils.address import to_checksum_address

from agent.adapters.aggregators.body import Loose
from agent.adapters.aggregators.exchange import Call, Reply
from agent.adapters.wire import BodyError, parse_body
from agent.domain.offer import Ask, Decline, Offer, RouterCall, Service
from agent.domain.token import Token
from agent.domain.units import ZERO_ADDRESS, Address, Bps

E_ADDRESS = Address("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE")
"""What most services call native ETH."""

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")

Send = Callable[[Call], bytes]
"""Makes a call and returns the body of its good reply; raises DeclinesError."""


class DeclinesError(Exception):
    """A service makes no offer."""

    def __init__(self, *, why: Decline, detail: str) -> None:
        """Say why, with the service's words where it has some."""
        self.why, self.detail = why, detail
        super().__init__(f"{why}: {detail}")


class Wire(Protocol):
    """One service's wire format: how it is asked, and what its bodies mean."""

    service: Service
    base_url: str

    def headers(self, key: str | None) -> Mapping[str, str]:
        """Return the headers that carry the key, and any others that each call needs."""

    def offer(self, ask: Ask, send: Send) -> Offer:
        """Return what the service says an input brings.

        Raises:
            BodyError: a field is missing, wrong, or not what was asked. DeclinesError.
        """

    def firm(self, ask: Ask, send: Send) -> tuple[Offer, RouterCall]:
        """Return an offer with its calldata; errors as for `offer`."""

    def refusal(self, reply: Reply) -> DeclinesError:
        """Return what a reply with an error status means; raises BodyError if it is no error body."""


def placeholder(token: Token, native: Address = E_ADDRESS) -> str:
    """Return the address that a service wants for a token; `native` is its word for ETH."""
    return native if token.address == ZERO_ADDRESS else token.address


def token_of(address: Address, native: Address = E_ADDRESS) -> Address:
    """Return the token that a service's address means."""
    return ZERO_ADDRESS if address == native else address


def percent(slippage_bps: Bps) -> str:
    """Return basis points as percent: 50 is "0.5"."""
    text = format(Decimal(slippage_bps) / 100, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def words_of(reply: Reply, kind: type[Loose], *fields: str) -> str:
    """Return the words of an error body, from the first of the fields that it fills.

    Raises:
        BodyError: it has none of them.
    """
    said = parse_body(kind, reply.body)
    for field in fields:
        words = getattr(said, field)
        if isinstance(words, str) and words.strip():
            return words
    raise BodyError(field=fields[0], value="(missing)", mend="add the field")


def named_pools(names: list[str]) -> tuple[Address, ...]:
    """Return those of the names that are addresses, checksummed, each once."""
    found = dict.fromkeys(n.lower() for n in names if _is_address(n))
    return tuple(Address(to_checksum_address(name)) for name in found)


def _is_address(name: str) -> bool:
    return _ADDRESS.fullmatch(name) is not None
