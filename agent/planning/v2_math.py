"""Constant-product pairs: the exact output of an exact input, as Uniswap v2 and its forks round it."""

from __future__ import annotations

from agent.domain.pool import V2Pool
from agent.domain.swap import Shortfall, Swap, SwapResult, Unfillable
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS

MAX_RESERVE = (1 << 112) - 1


def amount_out(*, amount_in: int, reserve_in: int, reserve_out: int, fee_pips: int) -> int:
    """Return the greatest output that keeps the product of reserves, in base units.

    The pair demands (r_in + (1 - fee) in) * (r_out - out) >= r_in * r_out (Uniswap v2 Core white
    paper, 3.2.1); solved for the largest integer `out`. A fee of 3000 pips is v2's 0.3 %.
    """
    net = amount_in * (ONE_HUNDRED_PERCENT_PIPS - fee_pips)
    return net * reserve_out // (reserve_in * ONE_HUNDRED_PERCENT_PIPS + net)


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
    after_out = reserve_out - out
    after = (after_in, after_out) if zero_for_one else (after_out, after_in)
    return SwapResult(
        amount_out=out,
        pool_after=V2Pool(ref=pool.ref, reserve0=after[0], reserve1=after[1]),
        ticks_crossed=0,
    )
