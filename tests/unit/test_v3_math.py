"""Concentrated-liquidity swaps: rounding, boundaries, gaps, and what happens at the ends."""

import random
from dataclasses import replace
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.pool import V3Pool
from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.planning.swapping import mid_amount_out, mid_price, swap_exact_in
from agent.planning.tick_math import (
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
)
from agent.planning.v3_math import step_down, step_up
from tests.pools import random_v3_pool, v3_pool

Q96 = 1 << 96
ONE_RANGE = {-600: 10**21, 600: -(10**21)}
seeds = st.integers(0, 2**32)
directions = st.booleans()


def swap(pool: V3Pool, amount_in: int, *, zero_for_one: bool) -> SwapResult:
    result = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    assert isinstance(result, SwapResult)
    return result


def refusal(pool: V3Pool, amount_in: int, *, zero_for_one: bool) -> Unfillable:
    result = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    assert isinstance(result, Unfillable)
    return result


def test_a_step_that_reaches_its_target_gives_the_published_amounts() -> None:
    target = isqrt((101 << 192) // 100)

    assert (target, 9975124224178055 + 5988667735148, 9925619580021728) == step_up(
        Q96, target, 2 * 10**18, 10**18, 600
    )


def test_a_step_that_spends_its_input_gives_the_published_amount() -> None:
    target = isqrt((1000 << 192) // 100)
    _, spent, bought = step_up(Q96, target, 2 * 10**18, 10**18, 600)

    assert (10**18, 666399946655997866) == (spent, bought)


@given(
    tick=st.integers(MIN_TICK, MAX_TICK - 1),
    ticks_away=st.integers(1, 20_000),
    liquidity=st.integers(1, 1 << 128),
    amount=st.integers(1, 1 << 127),
    is_down=directions,
)
def test_a_step_rounds_against_the_trader_and_keeps_within_its_range(
    *, tick: int, ticks_away: int, liquidity: int, amount: int, is_down: bool
) -> None:
    fee_pips = 3000
    away = max(tick - ticks_away, MIN_TICK) if is_down else min(tick + ticks_away, MAX_TICK)
    price, target = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(away)
    step = step_down if is_down else step_up
    after, spent, bought = step(price, target, liquidity, amount, fee_pips)
    net = Fraction(spent * (10**6 - fee_pips), 10**6)
    curve0, curve1 = Fraction(liquidity * Q96, price), Fraction(liquidity * price, Q96)
    reserve_in, reserve_out = (curve0, curve1) if is_down else (curve1, curve0)

    assert spent <= amount
    assert spent == amount or after == target
    assert min(price, target) <= after <= max(price, target)
    assert (reserve_in + net) * (reserve_out - bought) >= reserve_in * reserve_out


@given(st.integers(1, 1 << 128), st.integers(1 << 110, 1 << 128))
def test_a_price_beyond_256_bits_uses_the_coarser_form(liquidity: int, amount: int) -> None:
    price = sqrt_ratio_at_tick(MAX_TICK) - 1
    after, _, _ = step_down(price, MIN_SQRT_RATIO + 1, liquidity, amount, 0)
    exact = Fraction((liquidity << 96) * price, (liquidity << 96) + amount * price)

    assert exact <= after or after == MIN_SQRT_RATIO + 1


@given(seed=seeds, amount_in=st.integers(1, 10**24), zero_for_one=directions)
def test_swapping_back_never_profits(seed: int, amount_in: int, *, zero_for_one: bool) -> None:
    pool = random_v3_pool(random.Random(seed))
    there = swap(pool, amount_in, zero_for_one=zero_for_one)
    assert isinstance(there.pool_after, V3Pool)
    back = (
        swap(there.pool_after, there.amount_out, zero_for_one=not zero_for_one).amount_out
        if there.amount_out
        else 0
    )

    assert back <= amount_in


@given(seed=seeds, amount_in=st.integers(2, 10**24), zero_for_one=directions)
def test_the_state_left_behind_goes_on_where_the_swap_ended(
    seed: int, amount_in: int, *, zero_for_one: bool
) -> None:
    pool = random_v3_pool(random.Random(seed))
    whole = swap(pool, amount_in, zero_for_one=zero_for_one)
    first = swap(pool, amount_in // 2, zero_for_one=zero_for_one)
    assert isinstance(first.pool_after, V3Pool)
    second = swap(first.pool_after, amount_in - amount_in // 2, zero_for_one=zero_for_one)
    in_two = first.amount_out + second.amount_out

    assert abs(whole.amount_out - in_two) <= 3 + whole.amount_out // 10**12
    assert whole.ticks_crossed == first.ticks_crossed + second.ticks_crossed


@given(seed=seeds, amount_in=st.integers(1, 10**24), zero_for_one=directions)
def test_no_swap_beats_the_mid_price(seed: int, amount_in: int, *, zero_for_one: bool) -> None:
    pool = random_v3_pool(random.Random(seed))
    found = swap(pool, amount_in, zero_for_one=zero_for_one)

    assert found.amount_out <= mid_amount_out(pool, zero_for_one=zero_for_one, amount_in=amount_in)


@given(amount_in=st.integers(10**18, 10**22), zero_for_one=directions)
def test_word_ends_round_like_ticks_without_liquidity(
    amount_in: int, *, zero_for_one: bool
) -> None:
    wide = {-120_000: 10**21, 120_000: -(10**21)}
    plain = v3_pool(wide, fee_pips=500)
    word_ends = range(-46 * 2560 + (0 if zero_for_one else 2550), 46 * 2560, 2560)
    unmarked = plain.ticks[0]
    ends = [replace(unmarked, index=index, liquidity_net=0) for index in word_ends]
    marked = replace(plain, ticks=tuple(sorted([*plain.ticks, *ends])))

    assert (
        swap(plain, amount_in, zero_for_one=zero_for_one).amount_out
        == swap(marked, amount_in, zero_for_one=zero_for_one).amount_out
    )


def test_one_wei_pays_the_fee_and_moves_nothing() -> None:
    pool = v3_pool(ONE_RANGE, tick=7)

    for zero_for_one in (True, False):
        assert SwapResult(amount_out=0, pool_after=pool, ticks_crossed=0) == swap(
            pool, 1, zero_for_one=zero_for_one
        )


def test_a_gap_without_liquidity_is_leapt() -> None:
    pool = v3_pool(
        {
            -60_000: 10**21,
            -59_940: -(10**21),
            -600: 10**21,
            0: -(10**21),
            600: 10**21,
            660: -(10**21),
        },
        tick=30,
    )
    assert 0 == pool.liquidity
    down = swap(pool, 10**18, zero_for_one=True)
    up = swap(pool, 10**18, zero_for_one=False)
    far = swap(pool, 40 * 10**18, zero_for_one=True)

    assert isinstance(down.pool_after, V3Pool)
    assert isinstance(up.pool_after, V3Pool)
    assert -60 <= down.pool_after.tick < 0
    assert 600 <= up.pool_after.tick < 660
    assert (1, 1, 3) == (down.ticks_crossed, up.ticks_crossed, far.ticks_crossed)


def test_a_price_on_a_tick_crosses_it_falling_but_not_rising() -> None:
    pool = v3_pool({-600: 10**21, 0: 10**21, 600: -2 * 10**21}, tick=0)
    down = swap(pool, 10**15, zero_for_one=True)
    up = swap(pool, 10**15, zero_for_one=False)

    assert isinstance(down.pool_after, V3Pool)
    assert (1, 10**21) == (down.ticks_crossed, down.pool_after.liquidity)
    assert (0, pool.liquidity) == (up.ticks_crossed, 2 * 10**21)


def test_a_price_left_on_a_tick_from_above_crosses_it_rising() -> None:
    above = v3_pool({-600: 10**21, 0: 10**21, 600: -2 * 10**21}, tick=0)
    below = replace(above, tick=-1, liquidity=10**21)
    up = swap(below, 10**15, zero_for_one=False)
    down = swap(below, 10**15, zero_for_one=True)

    assert (1, 0) == (up.ticks_crossed, down.ticks_crossed)
    assert swap(above, 10**15, zero_for_one=False).amount_out == up.amount_out


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_an_order_beyond_all_liquidity_says_what_it_can_absorb(*, zero_for_one: bool) -> None:
    pool = v3_pool(ONE_RANGE)
    found = refusal(pool, 1 << 127, zero_for_one=zero_for_one)

    assert Shortfall.EXHAUSTED is found.shortfall
    assert swap(pool, found.absorbed, zero_for_one=zero_for_one).amount_out > 0
    refusal(pool, found.absorbed + 1, zero_for_one=zero_for_one)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_nothing_is_assumed_beyond_the_scan(*, zero_for_one: bool) -> None:
    wide = {-600_000: 10**21, 600_000: -(10**21)}
    pool = v3_pool(wide, scanned=(-15_360, 15_300))
    found = refusal(pool, 10**23, zero_for_one=zero_for_one)
    last = swap(pool, found.absorbed, zero_for_one=zero_for_one)

    assert Shortfall.BEYOND_SCAN is found.shortfall
    assert last == replace(
        swap(v3_pool(wide), found.absorbed, zero_for_one=zero_for_one), pool_after=last.pool_after
    )
    assert (
        Shortfall.BEYOND_SCAN
        is refusal(pool, found.absorbed + 1, zero_for_one=zero_for_one).shortfall
    )


def test_a_pool_without_price_takes_nothing() -> None:
    pool = replace(v3_pool({}), sqrt_price_x96=0)

    assert None is mid_price(pool, zero_for_one=True)
    assert 0 == mid_amount_out(pool, zero_for_one=True, amount_in=5)
    assert Shortfall.EXHAUSTED is refusal(pool, 5, zero_for_one=True).shortfall


def test_a_pool_at_the_end_of_prices_takes_nothing_more() -> None:
    pool = v3_pool(ONE_RANGE, tick=MIN_TICK, sqrt_price_x96=MIN_SQRT_RATIO + 1)

    assert Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0) == swap_exact_in(
        pool, zero_for_one=True, amount_in=1
    )
