"""Curves in floats against the integers of the pools."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.swap import SwapResult
from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import plain
from agent.planning.swapping import swap_exact_in
from agent.planning.tick_math import sqrt_ratio_at_tick
from tests.pools import random_pool, v2_pool, v3_pool


def level_for(curves: object, amount: float) -> float:
    """Return the level at which the only curve has absorbed `amount`, by bisection."""
    low, high = curves.level[0], curves.level[-1]
    for _ in range(200):
        middle = (low * high) ** 0.5
        x, _y, _m, _i = plain().absorbed(curves, 0, len(curves.level) - 1, middle)
        low, high = (middle, high) if x < amount else (low, middle)
    return high


@given(
    seed=st.integers(0, 2**32),
    zero_for_one=st.booleans(),
    amount_in=st.integers(10**15, 10**23),
)
def test_output_and_crossings_agree_with_the_integers(
    seed: int,
    zero_for_one: bool,  # noqa: FBT001
    amount_in: int,
) -> None:
    pool = random_pool(random.Random(seed))
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    curves = joined([ramps(pool, zero_for_one=zero_for_one)], plain())
    level = level_for(curves, amount_in)
    _x, out, _m, point = plain().absorbed(curves, 0, len(curves.level) - 1, level)

    assert isinstance(swap, SwapResult)
    # A level has 53 bits: what is small beside the pool's depth (here up to 3e23) is known less well.
    assert out == pytest.approx(swap.amount_out, rel=1e-9, abs=1e9)
    assert abs(curves.crossed[point] - swap.ticks_crossed) <= (out < 1e17)


def test_the_first_level_is_the_price_after_fee() -> None:
    first = ramps(v2_pool(4_000, 1_000), zero_for_one=True).level[0]
    marginal = Fraction(1_000, 4_000) * Fraction(997, 1000)

    assert 1 / first**2 == pytest.approx(float(marginal), rel=1e-12)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_pool_without_liquidity_has_no_curve(zero_for_one: bool) -> None:  # noqa: FBT001
    assert len(ramps(v2_pool(0, 0), zero_for_one=zero_for_one).level) == 0
    assert len(ramps(v3_pool({}, sqrt_price_x96=0), zero_for_one=zero_for_one).level) == 0
    assert not ramps(v3_pool({}), zero_for_one=zero_for_one).slope.any()


def test_a_range_without_liquidity_absorbs_nothing() -> None:
    pool = v3_pool({-600: 10**21, 600: -(10**21), 1200: 10**21, 1800: -(10**21)}, tick=0)
    curve = ramps(pool, zero_for_one=False)

    assert (curve.slope > 0).tolist() == [True, False, True, False, False]
    assert curve.crossed.tolist() == [0, 1, 2, 3, 3]


@pytest.mark.parametrize("crossed_down", [True, False])
def test_a_price_on_a_tick_starts_in_the_range_that_the_pool_says(
    crossed_down: bool,  # noqa: FBT001
) -> None:
    # At the price of tick 0 a pool that came from above counts tick 0 as crossed: its tick is -1.
    ticks = {-600: 10**21, 0: 10**21, 600: -2 * 10**21}
    pool = v3_pool(ticks, tick=-1 if crossed_down else 0, sqrt_price_x96=sqrt_ratio_at_tick(0))
    falling, rising = (ramps(pool, zero_for_one=way) for way in (True, False))

    assert (falling.level[1:] >= falling.level[:-1]).all()
    assert (rising.level[1:] >= rising.level[:-1]).all()
    assert len(falling.level) == (3 if crossed_down else 4)
    assert len(rising.level) == (4 if crossed_down else 3)


def test_curves_end_where_the_scan_ends() -> None:
    pool = v3_pool({-60: 10**21, 60: -(10**21)}, tick=0, scanned=(-120, 120))
    curve = ramps(pool, zero_for_one=True)

    assert curve.level[-1] == pytest.approx(1.0001 ** (120 / 2) / 0.997**0.5, rel=1e-12)
