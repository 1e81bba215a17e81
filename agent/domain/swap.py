"""What pools answer to an exact input or output: the other side and the state it leaves, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.domain.pool import PoolState


class Shortfall(StrEnum):
    """Why a pool, or all of them together, do not take all of an input or pay all of an output."""

    BEYOND_SCAN = "the price would leave the range of ticks that was read"
    EXHAUSTED = "the pool's liquidity ends before the input does"
    TOO_LARGE = "the pool's reserves would exceed 112 bits"
    ABOVE_SHARE = "the pool takes and pays at most 30 % of a balance in one swap"
    OVERFLOWS = "the pool's arithmetic would overflow"
    NO_POOL = "no pool trades the pair"
    BUYS_NOTHING = "the input buys less than one base unit, which the pool refuses"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapResult:
    """A swap that spends its whole input; `amount_out` in base units, rounded as the pool rounds."""

    amount_out: int
    pool_after: PoolState
    ticks_crossed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfillable:
    """An input that cannot be spent in full. `absorbed` is the part that surely can be, in base units."""

    shortfall: Shortfall
    absorbed: int


Swap = SwapResult | Unfillable


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A swap that pays its whole output for the least `amount_in` that the pool takes, in base units."""

    amount_in: int
    pool_after: PoolState
    ticks_crossed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeliverable:
    """An output that the pool cannot pay in full. `delivered` is the part that it surely can."""

    shortfall: Shortfall
    delivered: int


SwapOut = Delivery | Undeliverable
