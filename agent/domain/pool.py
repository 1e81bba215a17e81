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
    WEIGHTED = "weighted"
    STABLE = "stable"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PoolRef:
    """A pool that may be traded; `fee_pips` in hundredths of a basis point, tokens in the pool's order.

    `page` and `record` locate it in the allowlist of the contract that holds the funds.
    `tick_spacing` is 0 for v2. A v4 pool has no address of its own: its `address` is its id (32
    bytes) and `manager` the PoolManager that keeps it. Where it trades ETH, the token is WETH, as it
    is to our contract, so that the order of its tokens need not be that of their numbers.
    A weighted pool's `address` is its id as well, whose first 20 bytes are the pool's own address, and
    `manager` the Vault that keeps its tokens. Of a weighted or stable pool with more than two tokens,
    one pair is traded: the two that stand here. Their fees are finer than pips; `fee_pips` is rounded
    up.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedPool:
    """Two tokens of a Balancer v2 weighted pool; balances in base units.

    Weights and `fee` are shares of 10^18. `scale0` and `scale1` are 10^(18 - decimals), what the pool
    multiplies amounts with. Pools of the first version take whole powers by logarithms as well; later
    ones multiply (`multiplies`), which rounds less.
    """

    ref: PoolRef
    balance0: int
    balance1: int
    weight0: int
    weight1: int
    scale0: int
    scale1: int
    fee: int
    multiplies: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StablePool:
    """A Curve pool of coins of like value, without lending; balances in base units.

    `rates` turn base units into units of equal value when divided by 10^18: 10^(36 - decimals) for
    plain coins. `coin0` and `coin1` are the traded pair's places among the coins. `amplification` is
    A n^(n - 1) times `a_precision` (1 in the first pools, 100 since); `fee` and `admin_fee` are
    shares of 10^10, the latter of the fee.
    """

    ref: PoolRef
    balances: tuple[int, ...]
    rates: tuple[int, ...]
    coin0: int
    coin1: int
    amplification: int
    a_precision: int
    fee: int
    admin_fee: int


PoolState = V2Pool | V3Pool | V4Pool | WeightedPool | StablePool


def swap_fee_pips(pool: PoolState, *, zero_for_one: bool) -> int:
    """Return the whole fee of a swap, in hundredths of a basis point of its input.

    In v4 the liquidity's fee is taken from what the protocol's leaves: p + f - p f, rounded up.
    """
    fee_pips = pool.ref.fee_pips
    if not isinstance(pool, V4Pool):
        return fee_pips
    protocol_pips = pool.protocol_fee0_pips if zero_for_one else pool.protocol_fee1_pips
    return protocol_pips + fee_pips - protocol_pips * fee_pips // ONE_HUNDRED_PERCENT_PIPS
