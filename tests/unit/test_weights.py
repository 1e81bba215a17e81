"""Weights sum exactly, follow their sizes, and keep the cap."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.units import Ppm
from agent.errors import InfeasibleTargetError
from agent.planning.weights import apportioned, capped_shares, weights_ppm

SIZES = st.lists(
    st.fractions(min_value=Fraction(1, 1000), max_value=10**13), min_size=1, max_size=120
)


@pytest.mark.parametrize(
    ("sizes", "cap_ppm", "weights"),
    [
        ([1], None, [1_000_000]),
        ([1, 1, 1], None, [333_334, 333_333, 333_333]),
        ([2, 1], None, [666_667, 333_333]),
        ([60, 30, 10], 500_000, [500_000, 375_000, 125_000]),
        ([60, 30, 10], 400_000, [400_000, 400_000, 200_000]),
        ([60, 30, 10], 333_334, [333_334, 333_334, 333_332]),
        ([1, 1], 500_000, [500_000, 500_000]),
        ([5, 3, 1, 1], 1_000_000, [500_000, 300_000, 100_000, 100_000]),
    ],
)
def test_weights_table(sizes, cap_ppm, weights):
    assert weights == weights_ppm([Fraction(s) for s in sizes], cap_ppm)


@given(SIZES)
def test_weights_sum_to_a_million_and_no_share_moves_by_a_ppm(sizes):
    whole = sum(sizes)

    weights = weights_ppm(sizes, None)

    assert sum(weights) == 1_000_000
    for size, weight in zip(sizes, weights, strict=True):
        assert abs(weight - size / whole * 1_000_000) < 1


@given(SIZES, st.integers(min_value=1, max_value=1_000_000))
def test_no_weight_exceeds_a_feasible_cap_and_an_infeasible_one_is_refused(sizes, cap_ppm):
    if cap_ppm * len(sizes) < 1_000_000:
        with pytest.raises(InfeasibleTargetError):
            weights_ppm(sizes, Ppm(cap_ppm))
        return

    weights = weights_ppm(sizes, Ppm(cap_ppm))

    assert sum(weights) == 1_000_000
    assert max(weights) <= cap_ppm


@given(SIZES, st.fractions(min_value=0, max_value=1))
def test_coins_below_the_cap_keep_their_proportions(sizes, slack):
    cap = Fraction(1, len(sizes)) + slack * (1 - Fraction(1, len(sizes)))

    shares = capped_shares(sizes, cap)

    below = [(size, share) for size, share in zip(sizes, shares, strict=True) if share < cap]
    assert len({share / size for size, share in below}) <= 1
    assert sum(shares) == 1


def test_the_refusal_names_the_least_feasible_cap():
    with pytest.raises(InfeasibleTargetError, match="raise it to 333334 at least") as caught:
        weights_ppm([Fraction(1)] * 3, Ppm(333_333))

    assert "max_coin_weight_ppm = 333333" in str(caught.value)
    assert weights_ppm([Fraction(1)] * 3, Ppm(333_334))


def test_of_equal_remainders_the_first_is_rounded_up():
    assert apportioned([Fraction(1, 7)] * 7) == [142_858] + [142_857] * 6
