"""Pool states as curves in floats: the twin of the integer maths that the optimum is sought on.

With fee share 1 - g, a constant-product pair and a v3 range alike follow (X + g x)(Y - y) = L^2, so
that the input at level u = 1 / sqrt(dy/dx) is x = (L / sqrt(g)) (u - u0), with u0 = X / (L sqrt(g));
X is the pair's input reserve, or L over the square-root price of the range (Uniswap v3 Core white
paper, 2).
A pool's curve is one such ramp after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain.pool import (
    PoolState,
    StablePool,
    V2Pool,
    V3Pool,
    WeightedPool,
    swap_fee_pips,
)
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.kernels import Curves
from agent.planning.smooth_curves import SmoothCurve, curve_of, points
from agent.planning.swapping import mid_price
from agent.planning.v2_math import MAX_RESERVE

_Q96 = 2.0**96
_HALF_LOG_TICK = 0.5 * np.log(1.0001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramps:
    """One direction of a pool: points of rising level, the slope from each, ticks crossed before it.

    The last slope is 0: there the curve ends. No points at all: nothing can be traded.
    """

    level: NDArray[np.float64]
    slope: NDArray[np.float64]
    crossed: NDArray[np.int64]


def ramps(pool: PoolState, *, zero_for_one: bool) -> Ramps:
    """Return how the pool absorbs one token as the marginal price falls, as far as it was scanned."""
    if isinstance(pool, V2Pool):
        return _pair(pool, zero_for_one=zero_for_one)
    if isinstance(pool, WeightedPool | StablePool):
        return _smooth(pool, zero_for_one=zero_for_one)
    return _ranges(pool, zero_for_one=zero_for_one)


def joined(parts: Sequence[Ramps], engine: Engine) -> Curves:
    """Return the curves of all parts, in their order, ready for the kernels of `engine`."""
    sizes = np.array([len(part.level) for part in parts], dtype=np.int64)
    stop = np.cumsum(sizes)
    points = int(stop[-1]) if len(parts) else 0
    curves = Curves(
        start=engine.numbers(stop - sizes),
        stop=engine.numbers(stop),
        level=engine.numbers(_concatenated([part.level for part in parts], np.float64)),
        slope=engine.numbers(_concatenated([part.slope for part in parts], np.float64)),
        x_at=engine.numbers(np.zeros(points)),
        y_at=engine.numbers(np.zeros(points)),
        crossed=engine.numbers(_concatenated([part.crossed for part in parts], np.int64)),
    )
    engine.accumulate(curves)
    return curves


def _concatenated(parts: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype=dtype)


def _pair(pool: V2Pool, *, zero_for_one: bool) -> Ramps:
    reserve_in, reserve_out = (
        (pool.reserve0, pool.reserve1) if zero_for_one else (pool.reserve1, pool.reserve0)
    )
    if reserve_in == 0 or reserve_out == 0 or reserve_in >= MAX_RESERVE:
        return _nothing()
    root_fee = _root_fee(pool, zero_for_one=zero_for_one)
    depth = sqrt(reserve_in) * sqrt(reserve_out)
    slope, begin = depth / root_fee, reserve_in / (depth * root_fee)
    end = begin + (MAX_RESERVE - reserve_in) / slope
    return Ramps(
        level=np.array([begin, end]), slope=np.array([slope, 0.0]), crossed=np.zeros(2, np.int64)
    )


def _ranges(pool: V3Pool, *, zero_for_one: bool) -> Ramps:
    """Return the ranges from the current price on, every initialised tick a point."""
    root_fee = _root_fee(pool, zero_for_one=zero_for_one)
    if pool.sqrt_price_x96 == 0 or root_fee == 0.0:
        return _nothing()
    price = pool.sqrt_price_x96 / _Q96
    if zero_for_one:
        first, sign = 1.0 / price, -1
        ticks = [tick for tick in reversed(pool.ticks) if tick.index <= pool.tick]
        end = pool.scanned_from
    else:
        first, sign = price, 1
        ticks = [tick for tick in pool.ticks if tick.index > pool.tick]
        end = pool.scanned_to
    # Summed in integers: where liquidity ends, exactly nothing must be left.
    liquidity = accumulate((sign * tick.liquidity_net for tick in ticks), initial=pool.liquidity)
    level = np.empty(len(ticks) + 2)
    level[0] = first
    level[1:] = np.exp(np.array([*(tick.index for tick in ticks), end]) * (sign * _HALF_LOG_TICK))
    return Ramps(
        # A price on a tick and the tick's own price may differ in the last bit of a float.
        level=np.maximum.accumulate(level) / root_fee,
        slope=np.array([*map(float, liquidity), 0.0]) / root_fee,
        crossed=np.minimum(np.arange(len(ticks) + 2), len(ticks)),
    )


def _smooth(pool: WeightedPool | StablePool, *, zero_for_one: bool) -> Ramps:
    if not mid_price(pool, zero_for_one=zero_for_one):
        return _nothing()
    curve, most_in = curve_of(pool, zero_for_one=zero_for_one)
    return smooth_ramps(curve, most_in=most_in)


def smooth_ramps(curve: SmoothCurve, *, most_in: float, precision: float = 1e-5) -> Ramps:
    """Return ramps that follow the curve up to `most_in`, its input to within `precision` of that."""
    found = points(curve, most_in=most_in, precision=precision)
    level, x = (np.array(column) for column in zip(*found, strict=True))
    slope = np.append(np.diff(x) / np.diff(level), 0.0)
    return Ramps(level=level, slope=slope, crossed=np.zeros(len(level), np.int64))


def _root_fee(pool: PoolState, *, zero_for_one: bool) -> float:
    kept_pips = ONE_HUNDRED_PERCENT_PIPS - swap_fee_pips(pool, zero_for_one=zero_for_one)
    return sqrt(max(kept_pips, 0) / ONE_HUNDRED_PERCENT_PIPS)


def _nothing() -> Ramps:
    return Ramps(level=np.zeros(0), slope=np.zeros(0), crossed=np.zeros(0, np.int64))
