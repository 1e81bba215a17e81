"""Concentrated-liquidity pools: exact inputs and outputs, as Uniswap v3 and v4 round them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from agent.domain.pool import Tick, V3Pool, swap_fee_pips
from agent.domain.swap import (
    Delivery,
    Shortfall,
    Swap,
    SwapOut,
    SwapResult,
    Undeliverable,
    Unfillable,
)
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS as _PIPS
from agent.domain.units import ceil_div
from agent.planning.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)

_UINT256 = 1 << 256
_Q96 = 1 << 96
_LOWEST_PRICE = MIN_SQRT_RATIO + 1
_HIGHEST_PRICE = MAX_SQRT_RATIO - 1
_TICKS_PER_WORD = 256


class Walk(NamedTuple):
    """A swap as far as a pool takes it: both amounts, where the price ends, and why it ends early."""

    counted: int
    other: int
    price: int
    tick: int
    liquidity: int
    crossed: int
    shortfall: Shortfall | None


Step = Callable[[int, int, int, int, int], tuple[int, int, int]]
"""(price, target, liquidity, amount that is left, fee in pips) -> (price after, of it, other amount)."""


def swap_exact_in(pool: V3Pool, *, zero_for_one: bool, amount_in: int) -> Swap:
    """Return what the pool pays for all of `amount_in` (positive) and the state it is left in.

    The fee must be below 100 %.
    """
    step = step_down if zero_for_one else step_up
    walk = _walked(pool, step, zero_for_one=zero_for_one, amount=amount_in)
    if walk.shortfall is not None:
        return Unfillable(shortfall=walk.shortfall, absorbed=walk.counted)
    return SwapResult(
        amount_out=walk.other, pool_after=_moved(pool, walk), ticks_crossed=walk.crossed
    )


def swap_exact_out(pool: V3Pool, *, zero_for_one: bool, amount_out: int) -> SwapOut:
    """Return what the pool asks for all of `amount_out` (positive) and the state it is left in.

    The fee must be below 100 %.
    """
    step = step_down_to if zero_for_one else step_up_to
    walk = _walked(pool, step, zero_for_one=zero_for_one, amount=amount_out)
    if walk.shortfall is not None:
        return Undeliverable(shortfall=walk.shortfall, delivered=walk.counted)
    return Delivery(amount_in=walk.other, pool_after=_moved(pool, walk), ticks_crossed=walk.crossed)


def _walked(pool: V3Pool, step: Step, *, zero_for_one: bool, amount: int) -> Walk:
    """Return how far a swap of `amount`, of which `step` counts its part, gets.

    Follows Uniswap v3 Core white paper, 6.2.3 and 6.3: constant liquidity between two boundaries,
    which are initialised ticks and the ends of bitmap words, since a pool rounds at both. V4 keeps
    to that; its fee depends on the direction.
    """
    fee_pips = swap_fee_pips(pool, zero_for_one=zero_for_one)
    limit = _LOWEST_PRICE if zero_for_one else _HIGHEST_PRICE
    price, tick, liquidity = pool.sqrt_price_x96, pool.tick, pool.liquidity
    left, other, crossed = amount, 0, 0
    shortfall: Shortfall | None = Shortfall.BEYOND_SCAN
    if price in (0, limit):
        return Walk(0, 0, price, tick, liquidity, 0, Shortfall.EXHAUSTED)
    for boundary, liquidity_change in boundaries(pool, zero_for_one=zero_for_one):
        target, before = reachable_price(boundary), price
        price, counted, more = step(price, target, liquidity, left, fee_pips)
        left -= counted
        other += more
        if price == target != limit:
            tick = boundary - 1 if zero_for_one else boundary
            if liquidity_change is not None:
                liquidity += liquidity_change
                crossed += 1
        elif price != before:
            tick = tick_at_sqrt_ratio(price)
        if left == 0 or price == limit:
            shortfall = Shortfall.EXHAUSTED if left else None
            break
    return Walk(amount - left, other, price, tick, liquidity, crossed, shortfall)


def step_down(
    price: int, target: int, liquidity: int, amount: int, fee_pips: int
) -> tuple[int, int, int]:
    """Sell at most `amount` of token0 at constant liquidity, `price` falling to `target` at most.

    Returns (price after, input spent with fee, output). Prices are square roots as Q64.96. Input is
    dx = L (1/p' - 1/p) rounded up, output dy = L (p - p') rounded down (white paper, 6.13 to 6.16);
    the fee is rounded up where the target is reached, and is all that is left where it is not.
    """
    fall = price - target
    net = -(-(liquidity << 96) * fall // (price * target))
    spent = -(-net * _PIPS // (_PIPS - fee_pips))
    if spent <= amount:
        return target, spent, liquidity * fall >> 96
    after = _price_after_token0(price, liquidity, amount * (_PIPS - fee_pips) // _PIPS)
    return after, amount, liquidity * (price - after) >> 96


def step_up(
    price: int, target: int, liquidity: int, amount: int, fee_pips: int
) -> tuple[int, int, int]:
    """Sell at most `amount` of token1, `price` rising to `target` at most; otherwise as `step_down`."""
    rise = target - price
    net = -(-liquidity * rise >> 96)
    spent = -(-net * _PIPS // (_PIPS - fee_pips))
    if spent <= amount:
        return target, spent, (liquidity << 96) * rise // (target * price)
    after = price + (amount * (_PIPS - fee_pips) // _PIPS << 96) // liquidity
    return after, amount, (liquidity << 96) * (after - price) // (after * price)


def step_down_to(
    price: int, target: int, liquidity: int, amount: int, fee_pips: int
) -> tuple[int, int, int]:
    """Buy at most `amount` of token1 at constant liquidity, `price` falling to `target` at most.

    Returns (price after, output, input spent with fee). The price that pays just `amount` lies
    ceil(amount / L) below and is reached in any case, as pools round the output of a step down and
    never pay more than was asked for.
    """
    bought = liquidity * (price - target) >> 96
    after = target
    if amount < bought:
        bought, after = amount, price - ceil_div(amount << 96, liquidity)
    net = ceil_div((liquidity << 96) * (price - after), price * after)
    return after, bought, ceil_div(net * _PIPS, _PIPS - fee_pips)


def step_up_to(
    price: int, target: int, liquidity: int, amount: int, fee_pips: int
) -> tuple[int, int, int]:
    """Buy at most `amount` of token0, `price` rising to `target` at most; otherwise as `step_down_to`."""
    scaled = liquidity << 96
    bought = scaled * (target - price) // (target * price)
    after = target
    if amount < bought:
        bought, after = amount, ceil_div(scaled * price, scaled - amount * price)
    net = ceil_div(liquidity * (after - price), _Q96)
    return after, bought, ceil_div(net * _PIPS, _PIPS - fee_pips)


def _price_after_token0(price: int, liquidity: int, net: int) -> int:
    """Return L p / (L + dx p) rounded up; in the coarser form where pools would overflow 256 bits."""
    if net == 0:
        return price
    scaled, product = liquidity << 96, net * price
    if product < _UINT256 and scaled + product < _UINT256:
        return ceil_div(scaled * price, scaled + product)
    return ceil_div(scaled, scaled // price + net)


@lru_cache(maxsize=1 << 16)
def reachable_price(boundary: int) -> int:
    """Return the price at a boundary, kept within what pools let a swap reach."""
    return min(max(sqrt_ratio_at_tick(boundary), _LOWEST_PRICE), _HIGHEST_PRICE)


def boundaries(pool: V3Pool, *, zero_for_one: bool) -> Iterator[tuple[int, int | None]]:
    """Yield the ticks where a step of a swap ends, and the liquidity change there.

    The change is signed for the direction of the swap; None marks the end of a bitmap word without
    a tick. The last boundary is the last that was scanned.
    """
    return _falling(pool) if zero_for_one else _rising(pool)


def _falling(pool: V3Pool) -> Iterator[tuple[int, int | None]]:
    ticks, word_span = pool.ticks, pool.ref.tick_spacing * _TICKS_PER_WORD
    position = bisect_right(ticks, pool.tick, key=_index) - 1
    lowest = pool.tick + 1
    while lowest > MIN_TICK:
        word_start = max((lowest - 1) // word_span * word_span, MIN_TICK)
        if word_start < pool.scanned_from:
            return
        while position >= 0 and (tick := ticks[position]).index >= word_start:
            lowest = tick.index
            yield lowest, -tick.liquidity_net
            position -= 1
        if lowest > word_start:
            yield word_start, None
        lowest = word_start


def _rising(pool: V3Pool) -> Iterator[tuple[int, int | None]]:
    ticks, spacing = pool.ticks, pool.ref.tick_spacing
    position, count = bisect_right(ticks, pool.tick, key=_index), len(ticks)
    highest = pool.tick
    while highest < MAX_TICK:
        word = (highest // spacing + 1) // _TICKS_PER_WORD
        word_end = min((word * _TICKS_PER_WORD + _TICKS_PER_WORD - 1) * spacing, MAX_TICK)
        if word_end > pool.scanned_to:
            return
        while position < count and (tick := ticks[position]).index <= word_end:
            highest = tick.index
            yield highest, tick.liquidity_net
            position += 1
        if highest < word_end:
            yield word_end, None
        highest = word_end


def _index(tick: Tick) -> int:
    return tick.index


def _moved(pool: V3Pool, walk: Walk) -> V3Pool:
    return replace(pool, sqrt_price_x96=walk.price, tick=walk.tick, liquidity=walk.liquidity)
