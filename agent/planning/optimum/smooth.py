"""Curves without ramps of their own, stable and weighted pools, brought into the form that kernels take.

A curve answers for its marginal output; what it absorbs down to a level is found by bisection, and
between enough such points a ramp is as good as the curve. The final amounts are the integers', as for
every pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import pow, prod, sqrt  # noqa: A004 - of floats, to a float
from typing import Protocol

import numpy as np

from agent.planning.optimum.curves import Ramps

_HALVINGS = 200
_NEWTON_STEPS = 64
_CLOSE = 1e-15


class SmoothCurve(Protocol):
    """One direction of a pool, in base units as floats."""

    def marginal(self, x: float) -> float:
        """Return what the next unit of input brings, fee paid, once `x` has gone in; falls with x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedCurve:
    """A pool that keeps the product of balance^weight (Martinelli, Mushegian: Balancer white paper, 2019).

    The fee is taken from the input.
    """

    balance_in: float
    balance_out: float
    weight_in: float
    weight_out: float
    fee: float

    def marginal(self, x: float) -> float:
        kept, power = 1.0 - self.fee, self.weight_in / self.weight_out
        after = self.balance_in + kept * x
        spot = power * self.balance_out / self.balance_in
        return kept * spot * pow(self.balance_in / after, power + 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StableCurve:
    """A pool of n coins of like value (Egorov, StableSwap white paper, 2019).

    A n^n sum(x) + D = A n^n D + D^(n+1) / (n^n prod(x)) in units of equal value: `rate_in` and `rate_out`
    turn base units into these, in which all `balances` are. `coin_in` and `coin_out` are positions
    among them. The fee is taken from the output.
    """

    balances: tuple[float, ...]
    coin_in: int
    coin_out: int
    rate_in: float
    rate_out: float
    amplification: float
    fee: float

    def marginal(self, x: float) -> float:
        """Return dy/dx along the invariant, the ratio of its derivatives."""
        total = _stable_total(self.balances, self.amplification)
        held = list(self.balances)
        held[self.coin_in] += x * self.rate_in
        held[self.coin_out] = self._out_balance(held, total)
        leverage, pull = _terms(self.amplification, total, held)
        slope_in = leverage + pull / held[self.coin_in]
        slope_out = leverage + pull / held[self.coin_out]
        return (1.0 - self.fee) * slope_in / slope_out * self.rate_in / self.rate_out

    def _out_balance(self, held: list[float], total: float) -> float:
        """Return the balance of the coin that goes out, all others given: a quadratic equation."""
        others = [1.0 if coin == self.coin_out else x for coin, x in enumerate(held)]
        leverage, pull = _terms(self.amplification, total, others)
        linear = sum(others) - 1.0 + total / leverage - total
        constant = pull / leverage
        root = sqrt(linear * linear + 4.0 * constant)
        # The form without cancellation, whichever sign the linear term has.
        return (root - linear) / 2.0 if linear < 0.0 else 2.0 * constant / (root + linear)


def _terms(amplification: float, total: float, held: list[float]) -> tuple[float, float]:
    """Return A n^n and D^(n+1) / (n^n prod(x))."""
    count = len(held)
    each = float(count**count)
    return amplification * each, pow(total, count + 1.0) / (each * prod(held))


def _stable_total(balances: tuple[float, ...], amplification: float) -> float:
    """Return D, the balance in all were the coins equal, by Newton from above."""
    count, total, whole = len(balances), sum(balances), sum(balances)
    leverage = amplification * float(count**count)
    for _ in range(_NEWTON_STEPS):
        product = total
        for balance in balances:
            product *= total / (balance * count)
        before = total
        total *= leverage * whole + count * product
        total /= (leverage - 1.0) * before + (count + 1) * product
        if abs(before - total) <= _CLOSE * total:
            break
    return total


def absorbed_at(curve: SmoothCurve, level: float, *, most_in: float) -> float:
    """Return the input, at most `most_in`, after which the marginal output has fallen to 1 / level^2."""
    sought, low, high = 1.0 / (level * level), 0.0, most_in
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle in {low, high}:
            break
        if curve.marginal(middle) > sought:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def smooth_ramps(curve: SmoothCurve, *, most_in: float, precision: float = 1e-6) -> Ramps:
    """Return ramps that follow the curve up to `most_in`, its input to within `precision` of that."""
    first, last = (1.0 / sqrt(curve.marginal(x)) for x in (0.0, most_in))
    points = [(first, 0.0), *_between(curve, (first, 0.0), (last, most_in), most_in, precision)]
    level, x = (np.array(column) for column in zip(*points, strict=True))
    slope = np.append(np.diff(x) / np.diff(level), 0.0)
    return Ramps(level=level, slope=slope, crossed=np.zeros(len(level), np.int64))


def _between(
    curve: SmoothCurve,
    low: tuple[float, float],
    high: tuple[float, float],
    most_in: float,
    precision: float,
) -> Iterator[tuple[float, float]]:
    """Yield (level, input) after `low` up to `high`, close enough for straight lines between them."""
    middle = 0.5 * (low[0] + high[0])
    x = absorbed_at(curve, middle, most_in=most_in)
    if abs(x - 0.5 * (low[1] + high[1])) <= precision * most_in:
        yield high
        return
    yield from _between(curve, low, (middle, x), most_in, precision)
    yield from _between(curve, (middle, x), high, most_in, precision)
