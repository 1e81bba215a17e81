"""Tokens, and which of them stands for a coin on one chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.domain.units import Address


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Token:
    """An ERC-20 on one chain; `(chain_id, address)` is its identity, the symbol is for people."""

    chain_id: int
    address: Address
    symbol: str = field(compare=False)
    decimals: int = field(compare=False)


class Form(StrEnum):
    """How a coin is held on a chain: as its own token, or as a claim that somebody wraps."""

    NATIVE = "native"
    WRAPPED = "wrapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAs:
    """The token that stands for a coin."""

    coin_id: str
    token: Token
    form: Form
    wrapped_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotHold:
    """Why a coin is not held on this chain, in words for the operator."""

    coin_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stablecoin:
    """A token that aims at one dollar, and who issues it."""

    coin_id: str
    token: Token
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMap:
    """Coin id to token for one chain. Joined on ids and addresses, never on symbols.

    `usd_feed_by_coin` names the Chainlink USD feed of a coin where one exists.
    """

    chain_id: int
    held_by_coin: Mapping[str, HeldAs]
    reason_by_coin: Mapping[str, str]
    stablecoin_by_coin: Mapping[str, Stablecoin]
    usd_feed_by_coin: Mapping[str, Address]
    sha256: str

    def lookup(self, coin_id: str) -> HeldAs | CannotHold:
        """Return the index member that the coin is held as, or why it is not."""
        held = self.held_by_coin.get(coin_id)
        if held is not None:
            return held
        reason = self.reason_by_coin.get(coin_id, "not in the token map of this chain")
        return CannotHold(coin_id=coin_id, reason=reason)
