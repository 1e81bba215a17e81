"""Weights sum exactly, follow their sizes, and keep the cap."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.units import Ppm
from agent.errors import InfeasibleTargetError
from agent.planning.weights import Share, apportioned, capped_parts, group_weights_ppm, weights_ppm

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

    shares = capped_parts(sizes, [cap] * len(sizes))

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


GROUPS = ("a", "b", "c", "none")
CAPS = st.dictionaries(st.sampled_from("abc"), st.integers(min_value=1, max_value=1_000_000))
SHARES = st.lists(
    st.builds(
        Share,
        size=st.fractions(min_value=Fraction(1, 1000), max_value=10**13),
        cap_ppm=st.integers(min_value=1, max_value=1_000_000),
        group=st.sampled_from(GROUPS),
    ),
    min_size=1,
    max_size=60,
)


def room(shares, caps):
    by_group = {g: sum(s.cap_ppm for s in shares if s.group == g) for g in GROUPS}
    return sum(min(most, caps.get(g, most)) for g, most in by_group.items())


@given(SHARES, CAPS)
def test_caps_of_coins_and_of_groups_hold_to_the_ppm(shares, caps):
    if room(shares, caps) < 1_000_000:
        with pytest.raises(InfeasibleTargetError):
            group_weights_ppm(shares, caps)
        return

    weights = group_weights_ppm(shares, caps)

    assert sum(weights) == 1_000_000
    assert all(w <= s.cap_ppm for w, s in zip(weights, shares, strict=True))
    for group, cap in caps.items():
        assert sum(w for w, s in zip(weights, shares, strict=True) if s.group == group) <= cap


def test_what_a_group_gives_up_goes_to_the_others_in_proportion():
    shares = [
        Share(size=Fraction(size), group=group)
        for size, group in ((50, "a"), (30, "a"), (10, "b"), (10, ""))
    ]

    assert [250_000, 150_000, 300_000, 300_000] == group_weights_ppm(shares, {"a": Ppm(400_000)})


def test_groups_that_leave_no_whole_are_refused_by_name():
    shares = [Share(size=Fraction(1), group="a"), Share(size=Fraction(1), group="b")]

    with pytest.raises(InfeasibleTargetError, match="the caps leave 200000 ppm to nobody"):
        group_weights_ppm(shares, {"a": Ppm(300_000), "b": Ppm(500_000)})
