"""Liquidity pools: which they are, and their state at one block."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS, ZERO_ADDRESS, Address


class PoolKind(StrEnum):
    """The swap protocol that a pool speaks."""

    V2 = "v2"
    V3 = "v3"
    V4 = "v4"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PoolRef:
    """A pool that may be traded; `fee_pips` in hundredths of a basis point, tokens in the pool's order.

    `page` and `record` locate it in the allowlist of the contract that holds the funds.
    `tick_spacing` is 0 for v2. A v4 pool has no address of its own: its `address` is its id (32
    bytes) and `manager` the PoolManager that keeps it. Where it trades ETH, the token is WETH, as it
    is to our contract, so that the order of its tokens need not be that of their numbers.
    """

    address: Address
    kind: PoolKind
    token0: Address
    token1: Address
    fee_pips: int
    tick_spacing: int
    page: int
    record: int
    manager: Address = ZERO_ADDRESS


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


@dataclass(frozen=True, slots=True, kw_only=True)
class V4Pool(V3Pool):
    """A v4 pool without hooks: a v3 pool's ranges, and what the protocol takes of the input first.

    `protocol_fee0_pips` is taken where token0 is sold, `protocol_fee1_pips` where token1 is.
    """

    protocol_fee0_pips: int
    protocol_fee1_pips: int


PoolState = V2Pool | V3Pool | V4Pool


def swap_fee_pips(pool: PoolState, *, zero_for_one: bool) -> int:
    """Return the whole fee of a swap, in hundredths of a basis point of its input.

    In v4 the liquidity's fee is taken from what the protocol's leaves: p + f - p f, rounded up.
    """
    fee_pips = pool.ref.fee_pips
    if not isinstance(pool, V4Pool):
        return fee_pips
    protocol_pips = pool.protocol_fee0_pips if zero_for_one else pool.protocol_fee1_pips
    return protocol_pips + fee_pips - protocol_pips * fee_pips // ONE_HUNDRED_PERCENT_PIPS
