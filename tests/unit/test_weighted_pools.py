"""Weighted pools: powers against 60 digits, the protocol's limits, and both directions of asking."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.canonical import from_json, to_json
from agent.domain.pool import PoolState
from agent.domain.swap import Delivery, Shortfall, SwapResult, Undeliverable, Unfillable
from agent.planning.powers import ONE, power, power_up
from agent.planning.swapping import mid_price, swap_exact_in, swap_exact_out
from agent.planning.weighted_math import MAX_BALANCE
from tests.recorded import recorded, weighted_pool

RECORDS = recorded("weighted")
EACH = pytest.mark.parametrize(
    "pool",
    [weighted_pool(one) for one in RECORDS],
    ids=["/".join(one["symbols"]) for one in RECORDS],
)
POOL = weighted_pool(RECORDS[8])
bases = st.integers(ONE // 10, 10 * ONE)
exponents = st.integers(1, 10 * ONE)


def true_power(base: int, exponent: int) -> Decimal:
    with localcontext(prec=60):
        return (Decimal(base) / ONE) ** (Decimal(exponent) / ONE) * ONE


@given(bases, exponents)
def test_a_power_is_right_to_fourteen_digits(base: int, exponent: int) -> None:
    found, true = power(base, exponent), true_power(base, exponent)

    assert abs(found - true) <= true / 10**14 + 2


@given(base=bases, exponent=exponents, multiplies=st.booleans())
def test_a_power_rounded_up_is_not_below_the_true_one(
    *, base: int, exponent: int, multiplies: bool
) -> None:
    assert power_up(base, exponent, multiplies=multiplies) >= true_power(base, exponent)


@pytest.mark.parametrize(
    ("exponent", "expected"), [(1, 3 * ONE), (2, 9 * ONE), (4, 81 * ONE), (3, None)]
)
def test_later_pools_multiply_whole_powers(exponent, expected):
    multiplied = power_up(3 * ONE, exponent * ONE, multiplies=True)
    taken = power_up(3 * ONE, exponent * ONE, multiplies=False)

    assert multiplied == (expected or taken)
    assert taken > 3**exponent * ONE


@pytest.mark.parametrize(
    ("base", "exponent", "expected"), [(5, 0, ONE), (0, 5, 0), (ONE, 7 * ONE, ONE)]
)
def test_powers_that_need_no_logarithm(base, exponent, expected):
    assert expected == power(base, exponent)


@pytest.mark.parametrize("base", [1, 10**40])
def test_powers_beyond_the_protocols_are_refused(base):
    with pytest.raises(ValueError, match="beyond what pools compute"):
        power(base, 3 * ONE)


@EACH
def test_an_output_costs_what_brings_it_but_for_rounding(pool):
    for zero_for_one in (True, False):
        held = pool.balance0 if zero_for_one else pool.balance1
        paid = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=held // 50)
        assert isinstance(paid, SwapResult)
        asked = swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=paid.amount_out)
        assert isinstance(asked, Delivery)
        assert abs(asked.amount_in * 50 / held - 1) < 1e-8


@EACH
def test_the_mid_price_is_what_small_swaps_pay_before_the_fee(pool):
    free = replace(pool, fee=0)
    swap = swap_exact_in(free, zero_for_one=True, amount_in=pool.balance0 // 10**4)
    price = mid_price(pool, zero_for_one=True)

    assert isinstance(swap, SwapResult)
    assert price == 1 / mid_price(pool, zero_for_one=False)
    assert abs(swap.amount_out / float(pool.balance0 // 10**4 * price) - 1) < 1e-3


def test_no_more_than_three_tenths_of_a_balance_comes_in_or_goes_out():
    most = swap_exact_in(POOL, zero_for_one=True, amount_in=POOL.balance0)
    last = swap_exact_out(POOL, zero_for_one=True, amount_out=POOL.balance1)

    assert isinstance(most, Unfillable)
    assert (Shortfall.ABOVE_SHARE, Shortfall.ABOVE_SHARE) == (most.shortfall, last.shortfall)
    assert most.absorbed == POOL.balance0 * 3 // 10 * 1000 // 997
    assert isinstance(last, Undeliverable)
    assert last.delivered == POOL.balance1 * 3 // 10
    assert isinstance(swap_exact_in(POOL, zero_for_one=True, amount_in=most.absorbed), SwapResult)
    assert isinstance(swap_exact_out(POOL, zero_for_one=True, amount_out=last.delivered), Delivery)


def test_balances_never_exceed_112_bits():
    full = replace(POOL, balance0=MAX_BALANCE - 10, scale0=1)

    assert Unfillable(shortfall=Shortfall.TOO_LARGE, absorbed=10) == swap_exact_in(
        full, zero_for_one=True, amount_in=11
    )
    assert isinstance(swap_exact_in(full, zero_for_one=True, amount_in=10), SwapResult)
    assert Undeliverable(shortfall=Shortfall.TOO_LARGE, delivered=0) == swap_exact_out(
        full, zero_for_one=True, amount_out=POOL.balance1 // 10
    )


def test_an_empty_pool_takes_nothing_and_has_no_price():
    empty = replace(POOL, balance0=0)

    assert Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0) == swap_exact_in(
        empty, zero_for_one=True, amount_in=1
    )
    assert mid_price(empty, zero_for_one=True) is None


def test_canonical_json_keeps_a_weighted_pool():
    assert POOL == from_json(PoolState, to_json(POOL))
