"""Stable pools: exact inputs, and the inputs that outputs need, as Curve's plain pools round them.

Egorov: StableSwap (2019). With D the sum of the coins were they all equal, a pool keeps

    A n^n sum(x) + D = A n^n D + D^(n+1) / (n^n prod(x))

and finds D, and the balance that goes with the others, by Newton steps in integers. Each step's cuts
belong to the protocol, so they are repeated here. Amounts that would overflow its 256 bits it refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from agent.domain.pool import StablePool
from agent.domain.swap import (
    Delivery,
    Shortfall,
    Swap,
    SwapOut,
    SwapResult,
    Undeliverable,
    Unfillable,
)

PRECISION = 10**18
FEE_DENOMINATOR = 10**10
_NEWTON_STEPS = 255
_UINT256 = 1 << 256


class _OverflowsError(Exception):
    """The pool would revert in the middle of its arithmetic."""


def swap_exact_in(pool: StablePool, *, zero_for_one: bool, amount_in: int) -> Swap:
    """Return what the pool pays for all of `amount_in` (positive) and the balances it is left with."""
    try:
        return _exchanged(pool, *coins(pool, zero_for_one=zero_for_one), amount_in)
    except _OverflowsError:
        return Unfillable(shortfall=Shortfall.OVERFLOWS, absorbed=0)


def _exchanged(pool: StablePool, coin_in: int, coin_out: int, amount_in: int) -> Swap:
    values = scaled(pool)
    if min(values) == 0:
        return Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0)
    value_in = values[coin_in] + _kept(amount_in * pool.rates[coin_in]) // PRECISION
    rest = _balance_of(pool, values, coin_in, coin_out, value_in)
    bought = values[coin_out] - rest - 1
    if bought < 0:
        return Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0)
    fee = bought * pool.fee // FEE_DENOMINATOR
    rate_out = pool.rates[coin_out]
    amount_out = (bought - fee) * PRECISION // rate_out
    taken = fee * pool.admin_fee // FEE_DENOMINATOR * PRECISION // rate_out
    balances = list(pool.balances)
    balances[coin_in] += amount_in
    balances[coin_out] -= amount_out + taken
    after = replace(pool, balances=tuple(balances))
    return SwapResult(amount_out=amount_out, pool_after=after, ticks_crossed=0)


def swap_exact_out(pool: StablePool, *, zero_for_one: bool, amount_out: int) -> SwapOut:
    """Return the least input for which the pool pays at least `amount_out`, and what it leaves behind.

    Such pools have no exact outputs of their own: what `pool_after` holds is after an exact input.
    """
    try:
        guess = _guess(pool, amount_out, zero_for_one=zero_for_one)
    except _OverflowsError:
        guess = None
    if guess is None:
        return _refused(pool, zero_for_one=zero_for_one)
    least, enough, step = guess - 1, guess, 1
    while least > 0 and _pays(pool, least, amount_out, zero_for_one=zero_for_one):
        least, enough, step = max(least - step, 0), least, 2 * step
    while not _pays(pool, enough, amount_out, zero_for_one=zero_for_one):
        least, enough, step = enough, enough + step, 2 * step
    while enough - least > 1:
        middle = (least + enough) // 2
        if _pays(pool, middle, amount_out, zero_for_one=zero_for_one):
            enough = middle
        else:
            least = middle
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=enough)
    if isinstance(swap, Unfillable):
        return _refused(pool, zero_for_one=zero_for_one)
    return Delivery(amount_in=enough, pool_after=swap.pool_after, ticks_crossed=0)


def _guess(pool: StablePool, amount_out: int, *, zero_for_one: bool) -> int | None:
    """Return about the input that buys an output; None where the pool does not hold as much."""
    values = scaled(pool)
    coin_in, coin_out = coins(pool, zero_for_one=zero_for_one)
    gross = amount_out * pool.rates[coin_out] // PRECISION + 1
    left = values[coin_out] - gross * FEE_DENOMINATOR // (FEE_DENOMINATOR - pool.fee) - 1
    if left <= 0 or min(values) == 0:
        return None
    needed = _balance_of(pool, values, coin_out, coin_in, left) - values[coin_in]
    return max(needed * PRECISION // pool.rates[coin_in], 1)


def _pays(pool: StablePool, amount_in: int, amount_out: int, *, zero_for_one: bool) -> bool:
    """Tell whether so much input brings the output, or is refused for its size."""
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    if isinstance(swap, Unfillable):
        return swap.shortfall is not Shortfall.BUYS_NOTHING
    return swap.amount_out >= amount_out


def _refused(pool: StablePool, *, zero_for_one: bool) -> Undeliverable:
    """Return a refusal; what a pool gives for as much again as all its coins it surely delivers."""
    coin_in, _ = coins(pool, zero_for_one=zero_for_one)
    again = sum(scaled(pool)) * PRECISION // pool.rates[coin_in]
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=max(again, 1))
    delivered = swap.amount_out if isinstance(swap, SwapResult) else 0
    return Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=delivered)


def coins(pool: StablePool, *, zero_for_one: bool) -> tuple[int, int]:
    """Return the places of the coin that comes in and of the one that goes out."""
    return (pool.coin0, pool.coin1) if zero_for_one else (pool.coin1, pool.coin0)


def scaled(pool: StablePool) -> list[int]:
    """Return the balances in units of equal value, 18 digits."""
    return [
        balance * rate // PRECISION for balance, rate in zip(pool.balances, pool.rates, strict=True)
    ]


def total(pool: StablePool, values: Sequence[int]) -> int:
    """Return D for balances in units of equal value, none of them zero."""
    count, leverage, unit = len(values), pool.amplification * len(values), pool.a_precision
    whole = found = sum(values)
    for _ in range(_NEWTON_STEPS):
        product = found
        for value in values:
            product = _kept(product * found) // (value * count)
        before = found
        found = _kept((leverage * whole // unit + product * count) * found) // (
            (leverage - unit) * found // unit + (count + 1) * product
        )
        if abs(found - before) <= 1:
            break
    return found


def _balance_of(
    pool: StablePool, values: Sequence[int], coin_in: int, coin_out: int, value_in: int
) -> int:
    """Return what the pool must hold of one coin once it holds `value_in` of another."""
    count, leverage, unit = len(values), pool.amplification * len(values), pool.a_precision
    invariant = total(pool, values)
    product, others = invariant, 0
    for coin, held in enumerate(values):
        if coin == coin_out:
            continue
        value = value_in if coin == coin_in else held
        others += value
        product = _kept(product * invariant) // (value * count)
    product = _kept(product * invariant * unit) // (leverage * count)
    linear = others + invariant * unit // leverage
    found = invariant
    for _ in range(_NEWTON_STEPS):
        before = found
        found = _kept(found * found + product) // (2 * found + linear - invariant)
        if abs(found - before) <= 1:
            break
    return found


def _kept(number: int) -> int:
    if number >= _UINT256:
        raise _OverflowsError
    return number


def mid_price(pool: StablePool, *, zero_for_one: bool) -> Fraction | None:
    """Return output per input in base units before fee and impact: the ratio of the derivatives."""
    values = scaled(pool)
    if min(values) == 0:
        return None
    coin_in, coin_out = coins(pool, zero_for_one=zero_for_one)
    count, invariant = len(values), total(pool, values)
    pull = Fraction(invariant)
    for value in values:
        pull *= Fraction(invariant, value * count)
    leverage = Fraction(pool.amplification * count, pool.a_precision)
    slopes = [leverage + pull / values[coin] for coin in (coin_in, coin_out)]
    return slopes[0] / slopes[1] * Fraction(pool.rates[coin_in], pool.rates[coin_out])
