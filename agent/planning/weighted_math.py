"""Weighted pools: exact inputs and outputs, as Balancer v2 rounds them.

Martinelli, Mushegian: Balancer white paper (2019), out given in and in given out; Balancer v2 technical
reference for what is rounded where. Amounts are scaled to 18 digits, the fee is taken from the input.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from agent.domain.pool import WeightedPool
from agent.domain.swap import (
    Delivery,
    Shortfall,
    Swap,
    SwapOut,
    SwapResult,
    Undeliverable,
    Unfillable,
)
from agent.domain.units import ceil_div
from agent.planning.powers import ONE, div_down, div_up, mul_down, mul_up, power_up

MAX_BALANCE = (1 << 112) - 1
"""What the Vault can note of a token that a pool holds."""

MOST_OF_BALANCE = 3 * ONE // 10
"""Of what the pool holds of a token, as much may come in, less the fee, or go out in one swap."""


class Sides(NamedTuple):
    """What a direction is made of: balances in base units, scales, weights."""

    balance_in: int
    balance_out: int
    scale_in: int
    scale_out: int
    weight_in: int
    weight_out: int


def sides(pool: WeightedPool, *, zero_for_one: bool) -> Sides:
    balances, scales = (pool.balance0, pool.balance1), (pool.scale0, pool.scale1)
    weights = (pool.weight0, pool.weight1)
    order = 1 if zero_for_one else -1
    return Sides(*balances[::order], *scales[::order], *weights[::order])


def swap_exact_in(pool: WeightedPool, *, zero_for_one: bool, amount_in: int) -> Swap:
    """Return what the pool pays for all of `amount_in` (positive) and the balances it is left with."""
    side = sides(pool, zero_for_one=zero_for_one)
    balance_in = side.balance_in * side.scale_in
    net = (amount_in - mul_up(amount_in, pool.fee)) * side.scale_in
    if net > mul_down(balance_in, MOST_OF_BALANCE):
        most = min(most_in(pool, zero_for_one=zero_for_one), MAX_BALANCE - side.balance_in)
        return Unfillable(shortfall=Shortfall.ABOVE_SHARE, absorbed=most)
    if side.balance_in == 0:
        return Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0)
    if side.balance_in + amount_in > MAX_BALANCE:
        most = MAX_BALANCE - side.balance_in
        return Unfillable(shortfall=Shortfall.TOO_LARGE, absorbed=most)
    left = power_up(
        div_up(balance_in, balance_in + net),
        div_down(side.weight_in, side.weight_out),
        multiplies=pool.multiplies,
    )
    scaled_out = mul_down(side.balance_out * side.scale_out, max(ONE - left, 0))
    amount_out = scaled_out // side.scale_out
    after = _after(pool, amount_in, amount_out, zero_for_one=zero_for_one)
    return SwapResult(amount_out=amount_out, pool_after=after, ticks_crossed=0)


def swap_exact_out(pool: WeightedPool, *, zero_for_one: bool, amount_out: int) -> SwapOut:
    """Return what the pool asks for all of `amount_out` (positive) and the balances it is left with."""
    side = sides(pool, zero_for_one=zero_for_one)
    scaled_out = amount_out * side.scale_out
    most = mul_down(side.balance_out * side.scale_out, MOST_OF_BALANCE)
    if scaled_out > most:
        delivered = most // side.scale_out
        if delivered and _asked(pool, side, delivered) > MAX_BALANCE - side.balance_in:
            delivered = 0
        return Undeliverable(shortfall=Shortfall.ABOVE_SHARE, delivered=delivered)
    amount_in = _asked(pool, side, amount_out)
    if side.balance_in + amount_in > MAX_BALANCE:
        return Undeliverable(shortfall=Shortfall.TOO_LARGE, delivered=0)
    after = _after(pool, amount_in, amount_out, zero_for_one=zero_for_one)
    return Delivery(amount_in=amount_in, pool_after=after, ticks_crossed=0)


def _asked(pool: WeightedPool, side: Sides, amount_out: int) -> int:
    """Return the input, fee included, for at most the share of a balance that may go out."""
    balance_out, scaled_out = side.balance_out * side.scale_out, amount_out * side.scale_out
    grown = power_up(
        div_up(balance_out, balance_out - scaled_out),
        div_up(side.weight_out, side.weight_in),
        multiplies=pool.multiplies,
    )
    net = ceil_div(mul_up(side.balance_in * side.scale_in, grown - ONE), side.scale_in)
    return div_up(net, ONE - pool.fee)


def most_in(pool: WeightedPool, *, zero_for_one: bool) -> int:
    """Return the greatest input, fee included, that the pool takes in one swap."""
    side = sides(pool, zero_for_one=zero_for_one)
    most_net = mul_down(side.balance_in * side.scale_in, MOST_OF_BALANCE) // side.scale_in
    return most_net * ONE // (ONE - pool.fee)


def mid_price(pool: WeightedPool, *, zero_for_one: bool) -> Fraction | None:
    """Return output per input in base units before fee and impact; None where a balance is zero."""
    side = sides(pool, zero_for_one=zero_for_one)
    if side.balance_in == 0 or side.balance_out == 0:
        return None
    return Fraction(side.balance_out * side.weight_in, side.balance_in * side.weight_out)


def _after(
    pool: WeightedPool, amount_in: int, amount_out: int, *, zero_for_one: bool
) -> WeightedPool:
    change0, change1 = (amount_in, -amount_out) if zero_for_one else (-amount_out, amount_in)
    return replace(pool, balance0=pool.balance0 + change0, balance1=pool.balance1 + change1)
