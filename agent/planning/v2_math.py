"""Constant-product pairs: exact inputs and outputs, as Uniswap v2 and its forks round them."""

from __future__ import annotations

from agent.domain.pool import V2Pool
from agent.domain.swap import (
    Delivery,
    Shortfall,
    Swap,
    SwapOut,
    SwapResult,
    Undeliverable,
    Unfillable,
)
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS, ceil_div

MAX_RESERVE = (1 << 112) - 1


def amount_out(*, amount_in: int, reserve_in: int, reserve_out: int, fee_pips: int) -> int:
    """Return the greatest output that keeps the product of reserves, in base units.

    The pair demands (r_in + (1 - fee) in) * (r_out - out) >= r_in * r_out (Uniswap v2 Core white
    paper, 3.2.1); solved for the largest integer `out`. A fee of 3000 pips is v2's 0.3 %.
    """
    net = amount_in * (ONE_HUNDRED_PERCENT_PIPS - fee_pips)
    return net * reserve_out // (reserve_in * ONE_HUNDRED_PERCENT_PIPS + net)


def amount_in(*, amount_out: int, reserve_in: int, reserve_out: int, fee_pips: int) -> int:
    """Return the least input for which a pair pays `amount_out`, which must be below `reserve_out`.

    The same inequality solved for the smallest integer `in`. Uniswap's router asks for one unit
    more where the division leaves no remainder.
    """
    net_unit = (ONE_HUNDRED_PERCENT_PIPS - fee_pips) * (reserve_out - amount_out)
    return ceil_div(reserve_in * ONE_HUNDRED_PERCENT_PIPS * amount_out, net_unit)


def swap_exact_in(pool: V2Pool, *, zero_for_one: bool, amount_in: int) -> Swap:
    """Return what the pair pays for all of `amount_in` (positive) and the reserves it is left with.

    Assumes that the pair's balances equal its reserves, as they do after every swap.
    """
    reserve_in, reserve_out = (
        (pool.reserve0, pool.reserve1) if zero_for_one else (pool.reserve1, pool.reserve0)
    )
    if reserve_in == 0 or reserve_out == 0:
        return Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0)
    after_in = reserve_in + amount_in
    if after_in > MAX_RESERVE:
        return Unfillable(shortfall=Shortfall.TOO_LARGE, absorbed=MAX_RESERVE - reserve_in)
    out = amount_out(
        amount_in=amount_in,
        reserve_in=reserve_in,
        reserve_out=reserve_out,
        fee_pips=pool.ref.fee_pips,
    )
    if out == 0:
        return Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0)
    return SwapResult(
        amount_out=out,
        pool_after=_left(pool, after_in, reserve_out - out, zero_for_one=zero_for_one),
        ticks_crossed=0,
    )


def swap_exact_out(pool: V2Pool, *, zero_for_one: bool, amount_out: int) -> SwapOut:
    """Return what the pair asks for all of `amount_out` (positive) and the reserves it is left with.

    A pair never pays its last unit. Assumes what `swap_exact_in` does.
    """
    reserve_in, reserve_out = (
        (pool.reserve0, pool.reserve1) if zero_for_one else (pool.reserve1, pool.reserve0)
    )
    if reserve_in == 0 or reserve_out == 0:
        return Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=0)
    fee_pips = pool.ref.fee_pips
    most = _most_out(reserve_in, reserve_out, fee_pips)
    if amount_out > most:
        is_all = amount_out >= reserve_out
        shortfall = Shortfall.EXHAUSTED if is_all else Shortfall.TOO_LARGE
        return Undeliverable(shortfall=shortfall, delivered=most)
    asked = amount_in(
        amount_out=amount_out, reserve_in=reserve_in, reserve_out=reserve_out, fee_pips=fee_pips
    )
    after = _left(pool, reserve_in + asked, reserve_out - amount_out, zero_for_one=zero_for_one)
    return Delivery(amount_in=asked, pool_after=after, ticks_crossed=0)


def _most_out(reserve_in: int, reserve_out: int, fee_pips: int) -> int:
    return amount_out(
        amount_in=MAX_RESERVE - reserve_in,
        reserve_in=reserve_in,
        reserve_out=reserve_out,
        fee_pips=fee_pips,
    )


def _left(pool: V2Pool, after_in: int, after_out: int, *, zero_for_one: bool) -> V2Pool:
    after0, after1 = (after_in, after_out) if zero_for_one else (after_out, after_in)
    return V2Pool(ref=pool.ref, reserve0=after0, reserve1=after1)
