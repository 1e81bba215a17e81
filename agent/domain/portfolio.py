"""What is held, what is wanted, and what both are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.token import HeldAs, Token
from agent.domain.units import Address, Ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A token balance in base units."""

    token: Token
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """What the contract that holds the funds owns, by token address, at one block."""

    account: Address
    holdings: tuple[Holding, ...]

    def amount(self, address: Address) -> int:
        return next((h.amount for h in self.holdings if h.token.address == address), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per whole token, and where that comes from."""

    usd: Decimal
    source: str


PriceBook = Mapping[Address, Price]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A coin that is wanted; the weights of a basket sum to 1,000,000 ppm. `rank` 0: not from the ranking."""

    held_as: HeldAs
    rank: int
    weight_ppm: Ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A ranked coin that is not wanted, its size as a share of the top-N market cap, and why."""

    coin_id: str
    symbol: str
    rank: int
    share_ppm: Ppm
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What is wanted. `covered_ppm` is the share of the top-N market cap that can be held as it is.

    It is 0 for a basket of stablecoins. `notes` say what an operator should know of how it came about.
    """

    targets: tuple[Target, ...]
    left_out: tuple[LeftOut, ...]
    covered_ppm: Ppm
    notes: tuple[str, ...]
