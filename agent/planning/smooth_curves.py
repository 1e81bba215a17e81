"""Curves without ramps of their own, those of stable and weighted pools, as points with ramps between.

A curve answers for its marginal output, which gives the level at any input. Between enough such points
a ramp is as good as the curve: they are added by halves until it is. The final amounts are the integers',
as for every pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import pow, prod, sqrt  # noqa: A004 - of floats, to a float
from typing import Protocol

from agent.domain.pool import StablePool, WeightedPool
from agent.planning import stable_math, weighted_math

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


@lru_cache(maxsize=1 << 10)
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


def curve_of(pool: WeightedPool | StablePool, *, zero_for_one: bool) -> tuple[SmoothCurve, float]:
    """Return a pool's curve and the input up to which it is worth following.

    A weighted pool takes no more in one swap; a stable one hardly pays for more than all it holds.
    """
    if isinstance(pool, WeightedPool):
        return _weighted(pool, zero_for_one=zero_for_one)
    return _stable(pool, zero_for_one=zero_for_one)


def _weighted(pool: WeightedPool, *, zero_for_one: bool) -> tuple[SmoothCurve, float]:
    side = weighted_math.sides(pool, zero_for_one=zero_for_one)
    curve = WeightedCurve(
        balance_in=float(side.balance_in),
        balance_out=float(side.balance_out),
        weight_in=float(side.weight_in),
        weight_out=float(side.weight_out),
        fee=pool.fee / 1e18,
    )
    return curve, float(weighted_math.most_in(pool, zero_for_one=zero_for_one))


def _stable(pool: StablePool, *, zero_for_one: bool) -> tuple[SmoothCurve, float]:
    coin_in, coin_out = stable_math.coins(pool, zero_for_one=zero_for_one)
    values = stable_math.scaled(pool)
    count = len(values)
    rate_in, rate_out = (pool.rates[coin] / 1e18 for coin in (coin_in, coin_out))
    curve = StableCurve(
        balances=tuple(map(float, values)),
        coin_in=coin_in,
        coin_out=coin_out,
        rate_in=rate_in,
        rate_out=rate_out,
        amplification=pool.amplification / pool.a_precision / float(count ** (count - 1)),
        fee=pool.fee / 1e10,
    )
    return curve, float(sum(values)) / rate_in


def points(
    curve: SmoothCurve, *, most_in: float, precision: float = 1e-5
) -> list[tuple[float, float]]:
    """Return (level, input) from the first unit to `most_in`, near enough for straight lines between.

    The input is off by at most about `precision` of `most_in`.
    """
    first, last = (_level(curve, 0.0), 0.0), (_level(curve, most_in), most_in)
    return [first, *_between(curve, first, last, precision * most_in)]


def _level(curve: SmoothCurve, x: float) -> float:
    return 1.0 / sqrt(curve.marginal(x))


def _between(
    curve: SmoothCurve, low: tuple[float, float], high: tuple[float, float], slack: float
) -> Iterator[tuple[float, float]]:
    """Yield (level, input) after `low` up to `high`, close enough for straight lines between them."""
    x = 0.5 * (low[1] + high[1])
    middle = (_level(curve, x), x)
    share = (middle[0] - low[0]) / (high[0] - low[0]) if high[0] > low[0] else 0.5
    if abs(low[1] + share * (high[1] - low[1]) - x) <= slack:
        yield high
        return
    yield from _between(curve, low, middle, slack)
    yield from _between(curve, middle, high, slack)
