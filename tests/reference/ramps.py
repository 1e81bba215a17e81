"""Pools as ramps: how much input each absorbs when all are traded to one common marginal price.

Let r be the output that the last unit of input brings, fee paid, and u = 1 / sqrt(r). A constant-
product pair, and a v3 pool between two ticks, absorb input that grows linearly with u. With input x,
fee share 1 - g and curve (X + g x)(Y - y) = L^2:

    r = dy/dx = g L^2 / (X + g x)^2    so    x = (L / sqrt(g)) (u - u0),  u0 = X / (L sqrt(g))

where X is a pair's input reserve, or L over the square-root price of a v3 range (Uniswap v3 Core
white paper, 2). The output between two levels a < b of one ramp is the integral of r dx, which is
(x_b - x_a) / (a b). So any set of pools is a piecewise linear function of u, and the price at which
it absorbs an order follows from sorted breakpoints and one division. Weighted and stable pools are
followed by as many ramps as they need.

Floats here only propose; they use + - * / and square roots alone, which IEEE 754 rounds alike on
every machine (`sum` is avoided: it rounds differently from Python 3.12 on).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from agent.domain.pool import (
    PoolState,
    StablePool,
    V2Pool,
    V3Pool,
    WeightedPool,
    swap_fee_pips,
)
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS
from agent.planning.smooth_curves import curve_of, points
from agent.planning.splitting import Candidate
from agent.planning.swapping import mid_price
from agent.planning.v2_math import MAX_RESERVE
from agent.planning.v3_math import boundaries, reachable_price

_Q96 = 1 << 96


class Breakpoint(NamedTuple):
    """Where `owner`'s input per level changes by `slope_change`; passing it costs `cost` of the output."""

    level: float
    slope_change: float
    owner: int
    cost: float


class Fill(NamedTuple):
    """The level at which pools absorb an order, what that brings after costs, and which (bits) it uses."""

    level: float
    net_out: float
    used: int


def breakpoints(candidates: Sequence[Candidate], amount_in: int) -> list[Breakpoint]:
    """Return the breakpoints that matter for an order of `amount_in`, by rising level."""
    found: list[Breakpoint] = []
    for owner, candidate in enumerate(candidates):
        if isinstance(candidate.pool, V2Pool):
            found.extend(_pair_breakpoints(candidate, candidate.pool, owner))
        elif isinstance(candidate.pool, WeightedPool | StablePool):
            found.extend(_smooth_breakpoints(candidate, candidate.pool, owner, amount_in))
        else:
            found.extend(_range_breakpoints(candidate, candidate.pool, owner, amount_in))
    found.sort()
    return found


def _pair_breakpoints(candidate: Candidate, pool: V2Pool, owner: int) -> Iterator[Breakpoint]:
    reserve_in, reserve_out = (
        (pool.reserve0, pool.reserve1) if candidate.zero_for_one else (pool.reserve1, pool.reserve0)
    )
    if reserve_in == 0 or reserve_out == 0:
        return
    root_fee = _root_fee(pool, zero_for_one=candidate.zero_for_one)
    depth = sqrt(reserve_in) * sqrt(reserve_out)
    slope, start = depth / root_fee, reserve_in / (depth * root_fee)
    yield Breakpoint(start, slope, owner, float(candidate.gas_cost_out))
    yield Breakpoint(start + (MAX_RESERVE - reserve_in) / slope, -slope, owner, 0.0)


def _smooth_breakpoints(
    candidate: Candidate, pool: WeightedPool | StablePool, owner: int, amount_in: int
) -> Iterator[Breakpoint]:
    """Yield ramps that follow the pool's curve, as far as it goes or the order alone would."""
    if not mid_price(pool, zero_for_one=candidate.zero_for_one):
        return
    curve, most_in = curve_of(pool, zero_for_one=candidate.zero_for_one)
    found = points(curve, most_in=min(most_in, float(amount_in)))
    slope, cost = 0.0, float(candidate.gas_cost_out)
    for (level, x), (next_level, next_x) in pairwise(found):
        rise = (next_x - x) / (next_level - level)
        yield Breakpoint(level, rise - slope, owner, cost)
        slope, cost = rise, 0.0
    yield Breakpoint(found[-1][0], -slope, owner, 0.0)


def _range_breakpoints(
    candidate: Candidate, pool: V3Pool, owner: int, amount_in: int
) -> Iterator[Breakpoint]:
    root_fee = _root_fee(pool, zero_for_one=candidate.zero_for_one)
    liquidity, absorbed = pool.liquidity, 0.0
    if pool.sqrt_price_x96 == 0 or root_fee == 0.0:
        return
    level = _level(pool.sqrt_price_x96, root_fee, zero_for_one=candidate.zero_for_one)
    yield Breakpoint(level, liquidity / root_fee, owner, float(candidate.gas_cost_out))
    for boundary, change in boundaries(pool, zero_for_one=candidate.zero_for_one):
        price = reachable_price(boundary)
        before, level = level, _level(price, root_fee, zero_for_one=candidate.zero_for_one)
        absorbed += liquidity / root_fee * (level - before)
        # Alone the pool would take the whole order before this level; with others it takes less.
        if absorbed > amount_in:
            break
        if change is not None:
            liquidity += change
            yield Breakpoint(level, change / root_fee, owner, float(candidate.tick_cost_out))
    yield Breakpoint(level, -liquidity / root_fee, owner, 0.0)


def _root_fee(pool: PoolState, *, zero_for_one: bool) -> float:
    kept_pips = ONE_HUNDRED_PERCENT_PIPS - swap_fee_pips(pool, zero_for_one=zero_for_one)
    return sqrt(max(kept_pips, 0) / ONE_HUNDRED_PERCENT_PIPS)


def _level(sqrt_price_x96: int, root_fee: float, *, zero_for_one: bool) -> float:
    price = sqrt_price_x96 / _Q96
    return 1.0 / (price * root_fee) if zero_for_one else price / root_fee


def fill(points: Iterable[Breakpoint], active: int, amount_in: float) -> Fill | None:
    """Return the common level at which the pools in the bit set `active` absorb `amount_in`.

    None where they cannot absorb it.
    """
    slope = absorbed = net_out = reached = 0.0
    used = 0
    for level, slope_change, owner, cost in points:
        if not active >> owner & 1:
            continue
        if slope > 0.0:
            more = slope * (level - reached)
            if absorbed + more >= amount_in:
                break
            absorbed += more
            net_out += more / (reached * level)
        reached = level
        slope += slope_change
        net_out -= cost
        used |= 1 << owner
    else:
        return None
    rest = amount_in - absorbed
    level = reached + rest / slope
    return Fill(level, net_out + rest / (reached * level), used)


def absorbed_at(points: Iterable[Breakpoint], owners: int, level: float) -> list[float]:
    """Return how much input each of `owners` pools absorbs up to `level`."""
    absorbed, slope, reached = [0.0] * owners, [0.0] * owners, [0.0] * owners
    for point in points:
        if point.level >= level:
            break
        owner = point.owner
        absorbed[owner] += slope[owner] * (point.level - reached[owner])
        slope[owner] += point.slope_change
        reached[owner] = point.level
    return [
        taken + max(per_level, 0.0) * (level - since)
        for taken, per_level, since in zip(absorbed, slope, reached, strict=True)
    ]
