"""Stable and weighted curves: true to their invariants, and traded like any other pool."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import pytest

from agent.planning.optimum.curves import Ramps, joined, smooth_ramps
from agent.planning.optimum.engine import plain
from agent.planning.optimum.kernels import Book, Order
from agent.planning.smooth_curves import (
    SmoothCurve,
    StableCurve,
    WeightedCurve,
)

EVEN = StableCurve(
    balances=(5e6, 5e6),
    coin_in=0,
    coin_out=1,
    rate_in=1e-6,
    rate_out=1e-18,
    amplification=100,
    fee=4e-4,
)
TRIPLE = StableCurve(
    balances=(9e6, 2e6, 4e6),
    coin_in=2,
    coin_out=1,
    rate_in=1.0,
    rate_out=1.0,
    amplification=2_000,
    fee=1e-4,
)
WEIGHTED = WeightedCurve(balance_in=8e5, balance_out=2e5, weight_in=0.8, weight_out=0.2, fee=3e-3)
CURVES = pytest.mark.parametrize(
    ("curve", "most_in"),
    [
        pytest.param(EVEN, 4e12, id="stable"),
        pytest.param(TRIPLE, 3e6, id="three coins"),
        pytest.param(WEIGHTED, 4e5, id="weighted"),
    ],
)


def stable_out(curve: StableCurve, x: float) -> float:
    """Return the exact output of a stable pool by bisection on its invariant in 60 digits."""
    with localcontext(prec=60):
        held = [Decimal(balance) for balance in curve.balances]
        leverage = Decimal(curve.amplification) * len(held) ** len(held)

        def excess(total: Decimal, balances: list[Decimal]) -> Decimal:
            product = Decimal(1)
            for balance in balances:
                product *= balance * len(balances)
            power = total ** (len(balances) + 1) / product
            return leverage * sum(balances) + total - leverage * total - power

        low, high = Decimal(0), 2 * sum(held)
        for _ in range(200):
            total = (low + high) / 2
            low, high = (total, high) if excess(total, held) > 0 else (low, total)
        before = held[curve.coin_out]
        held[curve.coin_in] += Decimal(x) * Decimal(curve.rate_in)
        low, high = Decimal(0), before
        for _ in range(200):
            held[curve.coin_out] = (low + high) / 2
            short = excess(total, held) < 0
            low, high = (held[curve.coin_out], high) if short else (low, held[curve.coin_out])
        out = (before - held[curve.coin_out]) / Decimal(curve.rate_out)
        return float(out * (1 - Decimal(curve.fee)))


def weighted_out(curve: WeightedCurve, x: float) -> float:
    after = curve.balance_in + x * (1 - curve.fee)
    return curve.balance_out * (
        1 - (curve.balance_in / after) ** (curve.weight_in / curve.weight_out)
    )


def out_of(curve: SmoothCurve, x: float) -> float:
    return stable_out(curve, x) if isinstance(curve, StableCurve) else weighted_out(curve, x)


@dataclass(frozen=True)
class Pair:
    """A constant-product pair as a smooth curve, whose ramp is known."""

    x: float
    y: float

    def marginal(self, x: float) -> float:
        return self.x * self.y / (self.x + x) ** 2


@CURVES
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9])
def test_the_marginal_is_the_derivative_of_the_output(
    curve: SmoothCurve, most_in: float, part: float
) -> None:
    x, step = part * most_in, 1e-6 * most_in
    slope = (out_of(curve, x + step) - out_of(curve, x - step)) / (2 * step)

    assert curve.marginal(x) == pytest.approx(slope, rel=1e-6)


@CURVES
def test_ramps_bring_what_the_curve_brings(curve: SmoothCurve, most_in: float) -> None:
    curves = joined([smooth_ramps(curve, most_in=most_in)], plain())
    book = alone(curves)
    for part in (0.01, 0.2, 0.7):
        t = plain().fill(book, Order(0, 1, part * most_in), 0.0)
        _x, y, _slope, _i = plain().absorbed(curves, 0, book.cap[0], t)

        assert y == pytest.approx(out_of(curve, part * most_in), rel=1e-5)


def test_a_pair_needs_but_one_ramp() -> None:
    assert len(smooth_ramps(Pair(x=1e6, y=2e6), most_in=1e6).level) == 2


def test_a_smooth_pool_and_a_pair_share_an_order_at_one_price() -> None:
    pair = Ramps(
        level=np.array([1.0, 4.0]), slope=np.array([1e6, 0.0]), crossed=np.zeros(2, np.int64)
    )
    stable = smooth_ramps(TRIPLE, most_in=3e6)
    curves = joined([stable, pair], plain())
    book = alone(curves)
    t = plain().fill(book, Order(0, 2, 1.5e6), 0.0)
    shares = [plain().absorbed(curves, k, book.cap[k], t)[0] for k in (0, 1)]

    assert 1.5e6 == pytest.approx(sum(shares))
    assert TRIPLE.marginal(shares[0]) == pytest.approx(1 / t**2, rel=1e-4)
    assert (1e6 / (1e6 + shares[1])) ** 2 == pytest.approx(1 / t**2, rel=1e-9)


def alone(curves: object) -> Book:
    count = len(curves.start)
    return Book(
        curves=curves,
        curve=list(range(count)),
        scale=[1.0] * count,
        weight_in=[1.0] * count,
        weight_out=[1.0] * count,
        gas=[0.0] * count,
        tick=[0.0] * count,
        cap=[stop - 1 for stop in curves.stop],
    )
