"""Exact outputs: published figures, what pools refuse, and that no input is asked for in vain."""

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.swap import Delivery, Shortfall, SwapResult, Undeliverable
from agent.planning.swapping import swap_exact_in, swap_exact_out
from agent.planning.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from agent.planning.v2_math import MAX_RESERVE, amount_in, amount_out
from agent.planning.v3_math import step_down_to, step_up_to
from tests.pools import v2_pool, v3_pool
from tests.unit.test_v4_pools import kept

Q96 = 1 << 96
reserves = st.integers(2, 1 << 100)


def test_a_step_capped_at_its_target_asks_for_the_published_amounts() -> None:
    target = isqrt((101 << 192) // 100)

    assert (target, 9925619580021728, 9975124224178055 + 5988667735148) == step_up_to(
        Q96, target, 2 * 10**18, 10**18, 600
    )


def test_a_step_that_delivers_asks_for_the_published_amounts() -> None:
    target = isqrt((10_000 << 192) // 100)
    after, bought, spent = step_up_to(Q96, target, 2 * 10**18, 10**18, 600)

    assert (10**18, 2 * 10**18 + 1200720432259356) == (bought, spent)
    assert after < target


@given(reserves, reserves, st.data(), st.integers(0, 20_000))
def test_a_pairs_input_is_the_least_that_buys_the_output(
    reserve_in: int, reserve_out: int, data: st.DataObject, fee_pips: int
) -> None:
    wanted = data.draw(st.integers(1, reserve_out - 1))
    sides = {"reserve_in": reserve_in, "reserve_out": reserve_out, "fee_pips": fee_pips}
    asked = amount_in(amount_out=wanted, **sides)

    assert amount_out(amount_in=asked, **sides) >= wanted
    assert amount_out(amount_in=asked - 1, **sides) < wanted


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_pair_is_left_as_if_the_input_had_been_given(*, zero_for_one: bool) -> None:
    pool = v2_pool(10**6, 10**6)
    swap = swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=1000)

    assert isinstance(swap, Delivery)
    assert 1005 == swap.amount_in
    assert v2_pool(*((1_001_005, 999_000) if zero_for_one else (999_000, 1_001_005))) == (
        swap.pool_after
    )


@pytest.mark.parametrize(
    ("pool", "wanted", "refusal"),
    [
        (v2_pool(0, 10), 1, Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=0)),
        (v2_pool(10, 0), 1, Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=0)),
        (v2_pool(10**6, 10), 10, Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=9)),
        (
            v2_pool(MAX_RESERVE - 1000, 10**6),
            1,
            Undeliverable(shortfall=Shortfall.TOO_LARGE, delivered=0),
        ),
        (
            v3_pool({-60: 10**9, 60: -(10**9)}),
            10**9,
            Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=2_995_354),
        ),
        (
            v3_pool({-60: 10**9, 6_000: -(10**9)}, scanned=(-120, 119)),
            10**9,
            Undeliverable(shortfall=Shortfall.BEYOND_SCAN, delivered=0),
        ),
        (
            kept(v3_pool({-60: 10**9, 60: -(10**9)}), fee_pips=1_000_000),
            1,
            Undeliverable(shortfall=Shortfall.BUYS_NOTHING, delivered=0),
        ),
    ],
)
def test_what_cannot_be_paid_in_full_is_refused(pool, wanted, refusal) -> None:
    swap = swap_exact_out(pool, zero_for_one=True, amount_out=wanted)

    assert refusal == swap


@given(
    tick=st.integers(MIN_TICK, MAX_TICK - 1),
    ticks_away=st.integers(1, 20_000),
    liquidity=st.integers(1, 1 << 128),
    amount=st.integers(1, 1 << 127),
    is_down=st.booleans(),
)
def test_a_step_rounds_against_the_trader_and_keeps_within_its_range(
    *, tick: int, ticks_away: int, liquidity: int, amount: int, is_down: bool
) -> None:
    fee_pips = 3000
    away = max(tick - ticks_away, MIN_TICK) if is_down else min(tick + ticks_away, MAX_TICK)
    price, target = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(away)
    step = step_down_to if is_down else step_up_to
    after, bought, spent = step(price, target, liquidity, amount, fee_pips)
    net = Fraction(spent * (10**6 - fee_pips), 10**6)
    curve0, curve1 = Fraction(liquidity * Q96, price), Fraction(liquidity * price, Q96)
    reserve_in, reserve_out = (curve0, curve1) if is_down else (curve1, curve0)

    assert bought <= amount
    assert bought == amount or after == target
    assert min(price, target) <= after <= max(price, target)
    assert (reserve_in + net) * (reserve_out - bought) >= reserve_in * reserve_out


def test_both_ways_of_asking_agree_where_a_unit_of_either_token_is_worth_little() -> None:
    pool = v3_pool({tick: 10**24 * (1 if tick < 0 else -1) for tick in (-6000, -600, 600, 6000)})
    for zero_for_one in (True, False):
        for exponent in range(18, 24):
            bought = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=10**exponent)
            assert isinstance(bought, SwapResult)
            asked = swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=bought.amount_out)
            assert isinstance(asked, Delivery)
            assert 0 <= 10**exponent - asked.amount_in <= 4
            assert bought.ticks_crossed == asked.ticks_crossed


@pytest.mark.parametrize("wanted", [0, -1])
def test_only_positive_outputs_are_asked_for(wanted: int) -> None:
    with pytest.raises(ValueError, match=f"amount_out is {wanted}"):
        swap_exact_out(v2_pool(10, 10), zero_for_one=True, amount_out=wanted)
