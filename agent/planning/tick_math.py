"""Uniswap v3 price ticks: the square-root price at a tick, and the tick at a square-root price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache

MIN_TICK = -887_272
MAX_TICK = 887_272
_Q128 = 1 << 128
_MAX_UINT256 = (1 << 256) - 1
_LOW_32_BITS = (1 << 32) - 1


def _inverse_roots() -> Sequence[tuple[int, int]]:
    """Return (2^i, 1.0001^(-2^i / 2) as Q128.128 rounded to nearest) for the 20 bits of a tick."""
    factors = []
    with localcontext(prec=100, rounding=ROUND_HALF_EVEN):
        power = Decimal("1.0001")
        for bit in range(20):
            factors.append((1 << bit, int((_Q128 / power.sqrt()).to_integral_value())))
            power *= power
    return tuple(factors)


_INVERSE_ROOTS = _inverse_roots()


# A quote asks for the same few ticks again and again; one entry is about 150 bytes.
@lru_cache(maxsize=1 << 16)
def sqrt_ratio_at_tick(tick: int) -> int:
    """Return sqrt(1.0001^tick) as Q64.96, rounded the way every v3 pool rounds it.

    The price of a tick is 1.0001^tick (Uniswap v3 Core white paper, 6.1). Pools compute the root
    as the product of the inverse roots of the tick's binary digits, each product cut to Q128.128,
    inverted for positive ticks, then rounded up to Q64.96.

    Raises:
        ValueError: the tick lies outside MIN_TICK and MAX_TICK.
    """
    magnitude = abs(tick)
    if magnitude > MAX_TICK:
        raise ValueError(f"tick {tick} is outside {MIN_TICK} and {MAX_TICK}")
    ratio = _Q128
    for digit, inverse_root in _INVERSE_ROOTS:
        if magnitude & digit:
            ratio = ratio * inverse_root >> 128
    if tick > 0:
        ratio = _MAX_UINT256 // ratio
    return (ratio + _LOW_32_BITS) >> 32


MIN_SQRT_RATIO = sqrt_ratio_at_tick(MIN_TICK)
MAX_SQRT_RATIO = sqrt_ratio_at_tick(MAX_TICK)
_LOG_SQRT_BASE = math.log(1.0001) / 2
_LOG_Q96 = 96 * math.log(2)


def tick_at_sqrt_ratio(sqrt_price_x96: int) -> int:
    """Return the greatest tick whose square-root price is at most `sqrt_price_x96`.

    A floating logarithm proposes the tick; integer comparisons decide it.

    Raises:
        ValueError: the price lies outside [MIN_SQRT_RATIO, MAX_SQRT_RATIO).
    """
    if not MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO:
        raise ValueError(f"square-root price {sqrt_price_x96} is outside the range of v3 pools")
    tick = math.floor((math.log(sqrt_price_x96) - _LOG_Q96) / _LOG_SQRT_BASE)
    tick = min(max(tick, MIN_TICK), MAX_TICK)
    while sqrt_ratio_at_tick(tick) > sqrt_price_x96:
        tick -= 1
    while sqrt_ratio_at_tick(tick + 1) <= sqrt_price_x96:
        tick += 1
    return tick
