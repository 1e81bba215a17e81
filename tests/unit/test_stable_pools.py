"""Stable pools: mainnet's recorded states, answered as Curve's code answers, to the base unit."""

from dataclasses import replace
from fractions import Fraction

import pytest

from agent.domain.canonical import from_json, to_json
from agent.domain.pool import PoolState
from agent.domain.swap import Delivery, Shortfall, SwapResult, Undeliverable, Unfillable
from agent.planning.swapping import mid_price, swap_exact_in, swap_exact_out
from tests.recorded import recorded, stable_pool

RECORDS = recorded("stable")
EACH = pytest.mark.parametrize("record", RECORDS, ids=[one["name"] for one in RECORDS])
BALANCED = stable_pool(RECORDS[1])


def test_there_is_something_recorded():
    assert len(RECORDS) == 10
    assert sum(len(one["swaps"]) for one in RECORDS) == 240
    assert {1, 100} == {one["a_precision"] for one in RECORDS}
    assert {2, 3, 4} == {len(one["balances"]) for one in RECORDS}


@EACH
def test_swaps_pay_and_leave_what_the_pools_code_says(record):
    for coin_in, coin_out, amount_in, amount_out, left in record["swaps"]:
        pool = stable_pool(record, coin_in, coin_out)
        swap = swap_exact_in(pool, zero_for_one=True, amount_in=int(amount_in))
        back = swap_exact_in(
            stable_pool(record, coin_out, coin_in), zero_for_one=False, amount_in=int(amount_in)
        )

        assert isinstance(swap, SwapResult)
        assert isinstance(back, SwapResult)
        assert int(amount_out) == swap.amount_out == back.amount_out
        balances = list(pool.balances)
        balances[coin_in] += int(amount_in)
        balances[coin_out] = int(left)
        assert tuple(balances) == swap.pool_after.balances


def test_quotes_that_mainnet_told():
    told = [(one, quote) for one in RECORDS for quote in one["told"]]

    assert len(told) == 15
    for record, (coin_in, coin_out, amount_in, amount_out) in told:
        swap = swap_exact_in(
            stable_pool(record, coin_in, coin_out), zero_for_one=True, amount_in=int(amount_in)
        )
        assert isinstance(swap, SwapResult)
        assert int(amount_out) == swap.amount_out


@EACH
def test_an_output_costs_the_least_input_that_brings_it(record):
    for coin_in, coin_out, _, amount_out, _ in record["swaps"]:
        wanted = int(amount_out)
        if wanted == 0:
            continue
        pool = stable_pool(record, coin_in, coin_out)
        swap = swap_exact_out(pool, zero_for_one=True, amount_out=wanted)
        assert isinstance(swap, Delivery)
        enough = swap_exact_in(pool, zero_for_one=True, amount_in=swap.amount_in)
        assert isinstance(enough, SwapResult)
        assert enough.amount_out >= wanted
        assert enough.pool_after == swap.pool_after
        if swap.amount_in > 1:
            less = swap_exact_in(pool, zero_for_one=True, amount_in=swap.amount_in - 1)
            assert isinstance(less, Unfillable) or less.amount_out < wanted


def test_more_than_the_pool_holds_is_refused_with_what_it_surely_pays():
    swap = swap_exact_out(BALANCED, zero_for_one=True, amount_out=BALANCED.balances[1])

    assert isinstance(swap, Undeliverable)
    assert Shortfall.EXHAUSTED is swap.shortfall
    assert swap.delivered > BALANCED.balances[1] * 9 // 10
    assert isinstance(
        swap_exact_out(BALANCED, zero_for_one=True, amount_out=swap.delivered), Delivery
    )


@pytest.mark.parametrize(
    ("pool", "amount_in", "shortfall"),
    [
        (replace(BALANCED, balances=(0, 10**18)), 1, Shortfall.EXHAUSTED),
        (replace(BALANCED, balances=(0, 0)), 10**18, Shortfall.EXHAUSTED),
        (replace(BALANCED, balances=(10**24, 10**6)), 1, Shortfall.BUYS_NOTHING),
        (BALANCED, 10**60, Shortfall.OVERFLOWS),
    ],
)
def test_what_the_pools_code_refuses_is_refused(pool, amount_in, shortfall):
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)

    assert Unfillable(shortfall=shortfall, absorbed=0) == swap


@EACH
def test_the_mid_price_is_what_small_swaps_pay_before_the_fee(record):
    pool = replace(stable_pool(record), fee=0)
    small = max(pool.balances[0] // 10**5, 1)
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=small)
    price = mid_price(pool, zero_for_one=True)

    assert isinstance(swap, SwapResult)
    assert price == 1 / mid_price(pool, zero_for_one=False)
    rounding = Fraction(2 + pool.rates[1] // 10**18, swap.amount_out)
    assert abs(swap.amount_out / (small * price) - 1) < Fraction(1, 10**3) + rounding


def test_an_empty_pool_has_no_price():
    assert mid_price(replace(BALANCED, balances=(0, 10)), zero_for_one=True) is None


def test_canonical_json_keeps_a_stable_pool():
    assert BALANCED == from_json(PoolState, to_json(BALANCED))
