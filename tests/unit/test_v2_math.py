"""Constant-product swaps: the protocol's rounding, its refusals, and the state left behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.planning.swapping import swap_exact_in
from agent.planning.v2_math import MAX_RESERVE, amount_out
from tests.pools import v2_pool

reserves = st.integers(1, 1 << 100)
amounts = st.integers(1, 1 << 100)
fees = st.integers(0, 20_000)


@pytest.mark.parametrize(
    ("amount_in", "reserve_in", "reserve_out", "expected"),
    [
        (10**18, 5 * 10**18, 10 * 10**18, 1662497915624478906),
        (10**18, 10 * 10**18, 5 * 10**18, 453305446940074565),
        (2 * 10**18, 5 * 10**18, 10 * 10**18, 2851015155847869602),
        (10**18, 10 * 10**18, 10 * 10**18, 906610893880149131),
        (10**18, 1000 * 10**18, 1000 * 10**18, 996006981039903216),
    ],
)
def test_outputs_are_those_that_the_pair_was_published_with(
    amount_in: int, reserve_in: int, reserve_out: int, expected: int
) -> None:
    assert expected == amount_out(
        amount_in=amount_in, reserve_in=reserve_in, reserve_out=reserve_out, fee_pips=3000
    )


@given(reserves, reserves, amounts, fees)
def test_output_is_the_largest_that_keeps_the_product(
    reserve_in: int, reserve_out: int, amount_in: int, fee_pips: int
) -> None:
    out = amount_out(
        amount_in=amount_in, reserve_in=reserve_in, reserve_out=reserve_out, fee_pips=fee_pips
    )

    def is_kept(paid: int) -> bool:
        net_in = reserve_in * 10**6 + amount_in * (10**6 - fee_pips)
        return net_in * (reserve_out - paid) >= reserve_in * reserve_out * 10**6

    assert is_kept(out)
    assert not is_kept(out + 1)


@pytest.mark.parametrize(
    ("zero_for_one", "after"), [(True, (2 * 10**6, 500_752)), (False, (500_752, 2 * 10**6))]
)
def test_reserves_move_with_the_swap(*, zero_for_one: bool, after: tuple[int, int]) -> None:
    swap = swap_exact_in(v2_pool(10**6, 10**6), zero_for_one=zero_for_one, amount_in=10**6)

    assert isinstance(swap, SwapResult)
    assert v2_pool(*after) == swap.pool_after
    assert 499_248 == swap.amount_out
    assert 0 == swap.ticks_crossed


def test_an_input_that_buys_nothing_is_refused_as_the_pair_does() -> None:
    swap = swap_exact_in(v2_pool(10**18, 10**6), zero_for_one=True, amount_in=10**12)

    assert Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0) == swap


def test_reserves_never_exceed_112_bits() -> None:
    pool = v2_pool(10**18, 10**18)
    largest = MAX_RESERVE - 10**18

    assert isinstance(swap_exact_in(pool, zero_for_one=True, amount_in=largest), SwapResult)
    assert Unfillable(shortfall=Shortfall.TOO_LARGE, absorbed=largest) == swap_exact_in(
        pool, zero_for_one=True, amount_in=largest + 1
    )


def test_an_empty_pair_takes_nothing() -> None:
    swap = swap_exact_in(v2_pool(0, 0), zero_for_one=True, amount_in=1)

    assert Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0) == swap


@pytest.mark.parametrize("amount_in", [0, -1])
def test_only_positive_inputs_are_swapped(amount_in: int) -> None:
    with pytest.raises(ValueError, match=f"amount_in is {amount_in}"):
        swap_exact_in(v2_pool(10, 10), zero_for_one=True, amount_in=amount_in)
