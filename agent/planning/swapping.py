"""One exact input or output of one pool, whatever protocol it speaks; and the price it has before."""

from __future__ import annotations

from fractions import Fraction

from agent.domain.pool import PoolState, StablePool, V2Pool, WeightedPool, swap_fee_pips
from agent.domain.swap import Shortfall, Swap, SwapOut, Undeliverable, Unfillable
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS
from agent.planning import stable_math, v2_math, v3_math, weighted_math


def swap_exact_in(pool: PoolState, *, zero_for_one: bool, amount_in: int) -> Swap:
    """Return what the pool pays for all of `amount_in` base units and the state it is left in.

    Raises:
        ValueError: `amount_in` is not positive; no pool accepts that.
    """
    if amount_in <= 0:
        raise ValueError(f"amount_in is {amount_in}: a swap needs a positive input")
    if swap_fee_pips(pool, zero_for_one=zero_for_one) >= ONE_HUNDRED_PERCENT_PIPS:
        return Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0)
    match pool:
        case V2Pool():
            return v2_math.swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
        case WeightedPool():
            return weighted_math.swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
        case StablePool():
            return stable_math.swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
        case _:
            return v3_math.swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)


def swap_exact_out(pool: PoolState, *, zero_for_one: bool, amount_out: int) -> SwapOut:
    """Return what the pool asks for all of `amount_out` base units and the state it is left in.

    Raises:
        ValueError: `amount_out` is not positive; no pool accepts that.
    """
    if amount_out <= 0:
        raise ValueError(f"amount_out is {amount_out}: a swap needs a positive output")
    if swap_fee_pips(pool, zero_for_one=zero_for_one) >= ONE_HUNDRED_PERCENT_PIPS:
        return Undeliverable(shortfall=Shortfall.BUYS_NOTHING, delivered=0)
    match pool:
        case V2Pool():
            return v2_math.swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=amount_out)
        case WeightedPool():
            return weighted_math.swap_exact_out(
                pool, zero_for_one=zero_for_one, amount_out=amount_out
            )
        case StablePool():
            return stable_math.swap_exact_out(
                pool, zero_for_one=zero_for_one, amount_out=amount_out
            )
        case _:
            return v3_math.swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=amount_out)


def mid_price(pool: PoolState, *, zero_for_one: bool) -> Fraction | None:
    """Return output per input in base units before fee and impact; None where the pool has no price."""
    if isinstance(pool, WeightedPool):
        return weighted_math.mid_price(pool, zero_for_one=zero_for_one)
    if isinstance(pool, StablePool):
        return stable_math.mid_price(pool, zero_for_one=zero_for_one)
    if isinstance(pool, V2Pool):
        token1, token0 = pool.reserve1, pool.reserve0
    else:
        token1, token0 = pool.sqrt_price_x96**2, 1 << 192
    if token0 == 0 or token1 == 0:
        return None
    return Fraction(token1, token0) if zero_for_one else Fraction(token0, token1)


def mid_amount_out(pool: PoolState, *, zero_for_one: bool, amount_in: int) -> int:
    """Return what `amount_in` would bring at the pool's price without fee or impact, rounded down."""
    price = mid_price(pool, zero_for_one=zero_for_one)
    return 0 if price is None else int(amount_in * price)
