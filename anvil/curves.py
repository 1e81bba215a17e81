"""Liquidity curves as initialised ticks: shifting real ones to a price, and modelling others.

A curve is a sorted tuple of `(tick, liquidity_net)`; the liquidity between two neighbouring ticks
is the running sum. Prices are `sqrt_price_x96`, as Uniswap v3 and v4 define them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from math import isqrt

Curve = tuple[tuple[int, int], ...]

MAX_TICK = 887_272
X96 = 2**96
FIXED = 160
"""Fraction bits of our own square-root ratios; well above what amounts need."""


def _powers() -> tuple[int, ...]:
    with localcontext(prec=120):
        root = Decimal("1.0001").sqrt()
        return tuple(int(root ** (1 << bit) * 2**FIXED) for bit in range(20))


SQRT_POWERS = _powers()


def sqrt_ratio_x96(tick: int) -> int:
    """Return sqrt(1.0001^tick) in Q96, to about 30 digits: for funding pools, not for swap maths."""
    ratio = 1 << FIXED
    for bit, power in enumerate(SQRT_POWERS):
        if abs(tick) >> bit & 1:
            ratio = ratio * power >> FIXED
    return (ratio if tick >= 0 else (1 << 2 * FIXED) // ratio) >> (FIXED - 96)


def sqrt_price_x96(price: Fraction) -> int:
    """Return the square root of token1 per token0, both in base units, in Q96, rounded down."""
    return isqrt(price.numerator * X96**2 // price.denominator)


def tick_at(sqrt_price: int) -> int:
    """Return the greatest tick whose ratio is at most the price."""
    with localcontext(prec=60):
        tick = int((Decimal(sqrt_price) / X96).ln() * 2 / Decimal("1.0001").ln())
    while sqrt_ratio_x96(tick) > sqrt_price:
        tick -= 1
    while sqrt_ratio_x96(tick + 1) <= sqrt_price:
        tick += 1
    return tick


def shifted(curve: Iterable[tuple[int, int]], from_tick: int, to_tick: int, spacing: int) -> Curve:
    """Move a curve by the whole number of tick spacings that brings its price nearest to another.

    The liquidity stays what it was on mainnet. The usable range's ends, where the full-range
    positions are, stay where they are, and ticks that would leave the range stop there.
    """
    by = round(Fraction(to_tick - from_tick, spacing)) * spacing
    end = MAX_TICK // spacing * spacing
    return merged(
        (tick if abs(tick) == end else max(-end, min(end, tick + by)), net) for tick, net in curve
    )


def merged(ticks: Iterable[tuple[int, int]]) -> Curve:
    """Sum the net liquidity of equal ticks, drop those that cancel out, and sort."""
    net_by_tick: dict[int, int] = {}
    for tick, net in ticks:
        net_by_tick[tick] = net_by_tick.get(tick, 0) + net
    return tuple(sorted((tick, net) for tick, net in net_by_tick.items() if net))


def liquidity_at(curve: Curve, tick: int) -> int:
    return sum(net for boundary, net in curve if boundary <= tick)


def gross_by_tick(curve: Curve) -> dict[int, int]:
    """Return each tick's gross liquidity when every range between neighbours is one position."""
    gross = dict.fromkeys((tick for tick, _ in curve), 0)
    for lower, upper, liquidity in ranges(curve):
        gross[lower] += liquidity
        gross[upper] += liquidity
    return gross


def ranges(curve: Curve) -> Iterable[tuple[int, int, int]]:
    """Yield `(lower, upper, liquidity)` for each pair of neighbouring ticks."""
    liquidity = 0
    for (lower, net), (upper, _) in pairwise(curve):
        liquidity += net
        yield lower, upper, liquidity


def amounts(curve: Curve, sqrt_price: int) -> tuple[int, int]:
    """Return the token0 and token1 that the curve's positions hold at a price, rounded up."""
    held0 = held1 = 0
    for lower, upper, liquidity in ranges(curve):
        low, high = sqrt_ratio_x96(lower), sqrt_ratio_x96(upper) + 1
        inside = max(low, min(high, sqrt_price))
        held0 += liquidity * X96 * (high - inside) // (high * inside) + 2
        held1 += liquidity * (inside - low) // X96 + 2
    return held0, held1
