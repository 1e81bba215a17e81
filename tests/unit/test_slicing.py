"""Slices: how many, when, how much, and what becomes of what is left."""

from dataclasses import replace
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.planning.slicing import (
    Due,
    Ended,
    Impact,
    Limit,
    Schedule,
    Waiting,
    expected_cost_usd,
    next_step,
    shortfall_variance,
    slice_count,
)

IMPACT = Impact(
    order_usd=10_000,
    one_shot_usd=100,
    fee_usd=0,
    gas_usd=0.3,
    interval_s=12,
    refill_s=0,
    volatility=0.8,
)
HOUR = 3_600
SCHEDULE = Schedule(
    order_id="sell:uniswap",
    amount_in=1_003,
    slices=10,
    begins_at=1_000_000,
    interval_s=HOUR,
    deadline=1_000_000 + 12 * HOUR,
)


@pytest.mark.parametrize(("impact_usd", "gas_usd"), [(100, 0.3), (2_500, 0.3), (10, 1), (400, 4)])
def test_with_full_refill_the_count_is_the_root_of_impact_over_gas(
    impact_usd: float, gas_usd: float
) -> None:
    found = slice_count(replace(IMPACT, one_shot_usd=impact_usd, gas_usd=gas_usd))

    assert found == pytest.approx(sqrt(impact_usd / gas_usd), abs=1)


def test_impact_that_gas_outweighs_is_not_sliced() -> None:
    assert 1 == slice_count(replace(IMPACT, one_shot_usd=1, gas_usd=5))
    assert 1 == slice_count(replace(IMPACT, one_shot_usd=0))


def test_impact_that_a_second_fee_outweighs_is_not_sliced() -> None:
    assert 1 == slice_count(replace(IMPACT, one_shot_usd=25, fee_usd=30))
    assert slice_count(replace(IMPACT, fee_usd=30)) == pytest.approx(sqrt(70 / 0.3), abs=1)


def test_one_slice_costs_the_one_shot() -> None:
    assert expected_cost_usd(replace(IMPACT, fee_usd=30), 1) == pytest.approx(130.3)


def test_without_any_refill_slicing_saves_nothing() -> None:
    never = replace(IMPACT, refill_s=1e12, gas_usd=0)

    assert [expected_cost_usd(never, k) for k in (2, 7, 50)] == pytest.approx([100] * 3)
    assert 1 == slice_count(replace(never, gas_usd=0.01))


@given(refill_s=st.floats(1, 1e5), slices=st.integers(2, 100))
def test_slower_refill_never_costs_less(refill_s: float, slices: int) -> None:
    quick, slow = (replace(IMPACT, refill_s=seconds) for seconds in (refill_s, 2 * refill_s))

    assert expected_cost_usd(quick, slices) <= expected_cost_usd(slow, slices) * (1 + 1e-12)


def test_aversion_to_risk_means_fewer_slices() -> None:
    calm, bold = (replace(IMPACT, interval_s=HOUR, aversion_per_usd=a) for a in (1e-3, 0))

    assert slice_count(calm) < slice_count(bold)


def test_the_variance_is_that_of_a_price_that_walks_while_the_rest_waits() -> None:
    # Two slices: half of the order is exposed for one interval.
    impact = replace(IMPACT, interval_s=31_536_000 // 100)

    assert shortfall_variance(impact, 1) == 0
    assert shortfall_variance(impact, 2) == pytest.approx(5_000**2 * 0.8**2 / 100)


def test_the_count_stays_within_its_bound() -> None:
    assert 24 == slice_count(replace(IMPACT, one_shot_usd=1e6), most=24)


def walked(
    schedule: Schedule, *, step_s: int, refuses: range = range(0)
) -> tuple[list[int], Ended]:
    """Return the slices of a schedule looked at every `step_s`, some times refused, and its end."""
    now, filled, tried_at, slices = schedule.begins_at - HOUR, 0, None, []
    while True:
        step = next_step(schedule, now=now, filled_in=filled, tried_at=tried_at)
        if isinstance(step, Ended):
            return slices, step
        if isinstance(step, Due):
            tried_at = now
            if now not in refuses:
                slices.append(step.amount_in)
                filled += step.amount_in
        now += step_s


@given(
    amount_in=st.integers(1, 10**24),
    slices=st.integers(1, 40),
    interval_s=st.integers(1, 10_000),
    spare=st.integers(0, 5),
)
def test_slices_are_equal_and_sum_to_the_order(
    amount_in: int, slices: int, interval_s: int, spare: int
) -> None:
    schedule = replace(
        SCHEDULE,
        amount_in=amount_in,
        slices=slices,
        interval_s=interval_s,
        deadline=SCHEDULE.begins_at + (slices + spare) * interval_s,
    )
    found, end = walked(schedule, step_s=interval_s)

    assert Ended(unfilled=0) == end
    assert amount_in == sum(found)
    assert len(found) <= slices
    assert max(found) - min(found) <= max(1, amount_in // slices)
    assert max(found) <= -(-amount_in // slices)


def test_nothing_is_due_before_the_schedule_begins() -> None:
    step = next_step(SCHEDULE, now=SCHEDULE.begins_at - 5, filled_in=0, tried_at=None)

    assert Waiting(until=SCHEDULE.begins_at) == step


def test_one_slice_is_due_in_each_interval() -> None:
    now = SCHEDULE.begins_at + 10
    first = next_step(SCHEDULE, now=now, filled_in=0, tried_at=None)
    again = next_step(SCHEDULE, now=now + 60, filled_in=101, tried_at=now)

    assert Due(amount_in=101) == first
    assert Waiting(until=SCHEDULE.begins_at + HOUR) == again


def test_missed_slices_move_back_while_there_is_time() -> None:
    late = next_step(SCHEDULE, now=SCHEDULE.begins_at + 2 * HOUR, filled_in=0, tried_at=None)

    assert Due(amount_in=101) == late


def test_what_has_too_little_time_left_is_spread_over_it() -> None:
    late = next_step(SCHEDULE, now=SCHEDULE.deadline - 2 * HOUR, filled_in=403, tried_at=None)

    assert Due(amount_in=300) == late


def test_a_refused_slice_waits_for_the_next_turn() -> None:
    refused = range(SCHEDULE.begins_at, SCHEDULE.begins_at + 3 * HOUR)
    slices, end = walked(SCHEDULE, step_s=HOUR, refuses=refused)

    assert Ended(unfilled=0) == end
    assert 1_003 == sum(slices)
    assert 9 == len(slices)


def test_a_deadline_ends_it_and_says_what_is_left() -> None:
    always = range(SCHEDULE.deadline)

    assert ([], Ended(unfilled=1_003)) == walked(SCHEDULE, step_s=HOUR, refuses=always)
    assert Ended(unfilled=3) == next_step(
        SCHEDULE, now=SCHEDULE.deadline, filled_in=1_000, tried_at=None
    )


@pytest.mark.parametrize(("amount_out", "will_do"), [(200, True), (199, False), (201, True)])
def test_a_limit_is_the_worst_price_that_will_do(amount_out: int, will_do: bool) -> None:  # noqa: FBT001
    limit = Limit(amount_in=10**18, amount_out=2 * 10**18)

    assert will_do is limit.allows(amount_in=100, amount_out=amount_out)
