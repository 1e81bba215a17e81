"""Liquidity pools: which they are, and their state at one block."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.domain.units import Address


class PoolKind(StrEnum):
    """The swap protocol that a pool speaks."""

    V2 = "v2"
    V3 = "v3"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PoolRef:
    """A pool that may be traded; `fee_pips` in hundredths of a basis point, tokens as sorted on chain.

    `page` and `record` locate it in the allowlist of the contract that holds the funds.
    `tick_spacing` is 0 for v2.
    """

    address: Address
    kind: PoolKind
    token0: Address
    token1: Address
    fee_pips: int
    tick_spacing: int
    page: int
    record: int


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Pool:
    """A constant-product pair; reserves in base units."""

    ref: PoolRef
    reserve0: int
    reserve1: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Tick:
    """An initialised tick; `liquidity_net` is added when the price crosses it upwards."""

    index: int
    liquidity_net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class V3Pool:
    """A concentrated-liquidity pool.

    `ticks` holds every initialised tick of [`scanned_from`, `scanned_to`], ascending; the range is
    made of whole words of the pool's tick bitmap, cut at the least and greatest tick there is.
    Beyond it nothing is known, and nothing may be assumed.
    """

    ref: PoolRef
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[Tick, ...]
    scanned_from: int
    scanned_to: int


PoolState = V2Pool | V3Pool
