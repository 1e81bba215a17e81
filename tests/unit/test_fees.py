import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.intent import FeeCap
from agent.errors import LimitsBreachedError
from agent.execution.fees import fee_cap, gwei, replacement

GWEI = 10**9


@pytest.mark.parametrize(
    ("base", "tip", "ceiling", "most", "priority"),
    [
        (10 * GWEI, GWEI, 100 * GWEI, 21 * GWEI, GWEI),
        (60 * GWEI, GWEI, 100 * GWEI, 100 * GWEI, GWEI),
        (100 * GWEI, 2 * GWEI, 100 * GWEI, 100 * GWEI, 2 * GWEI),
        (0, 5 * GWEI, GWEI, GWEI, GWEI),
        (7, 0, GWEI, 14, 0),
    ],
)
def test_caps_leave_room_for_the_base_fee_to_double_within_the_ceiling(
    base, tip, ceiling, most, priority
):
    found = fee_cap(base_fee_per_gas=base, priority_fee_per_gas=tip, ceiling=ceiling)

    assert FeeCap(max_fee_per_gas=most, max_priority_fee_per_gas=priority) == found


def test_a_base_fee_above_the_ceiling_is_a_breach():
    with pytest.raises(LimitsBreachedError, match=r"is 50.5 gwei, the limit is 50 gwei") as raised:
        fee_cap(base_fee_per_gas=50_500_000_000, priority_fee_per_gas=1, ceiling=50 * GWEI)

    assert 5 == raised.value.exit_code


@pytest.mark.parametrize(
    ("fee", "tip", "next_fee", "next_tip"),
    [
        (100, 10, 110, 11),
        (101, 1, 112, 2),
        (30 * GWEI, GWEI, 33 * GWEI, 11 * GWEI // 10),
        (1, 0, 2, 1),
    ],
)
def test_a_replacement_raises_both_fields_by_a_tenth_rounded_up(fee, tip, next_fee, next_tip):
    cap = FeeCap(max_fee_per_gas=fee, max_priority_fee_per_gas=tip)

    assert FeeCap(max_fee_per_gas=next_fee, max_priority_fee_per_gas=next_tip) == replacement(
        cap, ceiling=10**12
    )


def test_a_replacement_above_the_ceiling_is_none():
    cap = FeeCap(max_fee_per_gas=100, max_priority_fee_per_gas=10)

    assert replacement(cap, ceiling=110) is not None
    assert replacement(cap, ceiling=109) is None


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_replacement_is_enough_for_a_node_that_wants_ten_percent(fee, tip):
    raised = replacement(FeeCap(max_fee_per_gas=fee, max_priority_fee_per_gas=tip), ceiling=10**14)

    assert raised.max_fee_per_gas * 100 >= fee * 110
    assert raised.max_fee_per_gas > fee
    assert raised.max_priority_fee_per_gas * 100 >= tip * 110
    assert raised.max_priority_fee_per_gas > tip


@given(st.integers(0, 10**12), st.integers(0, 10**11), st.integers(0, 10**12))
def test_caps_never_pass_the_ceiling(base, tip, above):
    found = fee_cap(base_fee_per_gas=base, priority_fee_per_gas=tip, ceiling=base + above)

    assert base <= found.max_fee_per_gas <= base + above
    assert found.max_priority_fee_per_gas <= found.max_fee_per_gas


@pytest.mark.parametrize(
    ("wei", "text"),
    [(0, "0 gwei"), (GWEI, "1 gwei"), (100 * GWEI, "100 gwei"), (1, "0.000000001 gwei")],
)
def test_gwei_shows_no_needless_digits(wei, text):
    assert text == gwei(wei)
