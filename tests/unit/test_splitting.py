"""Splits against every alternative: single pools, all subsets of pools, moved shares, a coarse grid."""

import itertools
import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.swapping import swap_exact_in
from tests.pools import random_candidates, v2_pool, v3_pool
from tests.reference.activation import best_active
from tests.reference.ramps import breakpoints, fill
from tests.reference.splitting import propose, split

SEEDS = st.integers(0, 2**32)
# Tick 0 is price 1; 276,324 is 10^12, as between a token of 18 decimals and one of 6.
CENTRES = st.sampled_from([0, -276_324, -196_000, 100_000, 276_324])
ORDERS = st.integers(10, 10**23)
SCENES = st.one_of(st.tuples(st.just(0), ORDERS), st.tuples(CENTRES, st.integers(10**14, 10**23)))


def settled(amount_in: int, candidates: tuple[Candidate, ...]) -> Split:
    found = split(amount_in, candidates)
    assert isinstance(found, Split)
    return found


def without_gas(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    return tuple(replace(c, gas_cost_out=0, tick_cost_out=0) for c in candidates)


@given(seed=SEEDS, scene=SCENES, count=st.integers(1, 6))
def test_shares_sum_to_the_order(seed: int, scene: tuple[int, int], count: int) -> None:
    centre, amount_in = scene
    candidates = random_candidates(random.Random(seed), count, centre=centre)
    found = settled(amount_in, candidates)

    assert amount_in == sum(found.allocations)
    assert all(share >= 0 for share in found.allocations)
    assert found == settle(found.allocations, candidates)


@given(seed=SEEDS, scene=SCENES, count=st.integers(1, 6))
def test_a_split_is_never_worse_than_the_best_single_pool(
    seed: int, scene: tuple[int, int], count: int
) -> None:
    centre, amount_in = scene
    candidates = random_candidates(random.Random(seed), count, centre=centre)
    singles = (
        settle([amount_in * (i == j) for j in range(count)], candidates) for i in range(count)
    )
    best = max(s.net_amount_out for s in singles if isinstance(s, Split))

    assert settled(amount_in, candidates).net_amount_out >= best


@given(seed=SEEDS, amount_in=ORDERS, count=st.integers(1, 6), more=st.integers(0, 10**22))
def test_more_in_brings_more_out(seed: int, amount_in: int, count: int, more: int) -> None:
    candidates = without_gas(random_candidates(random.Random(seed), count))
    less = settled(amount_in, candidates).amount_out

    # Pools round at every boundary, so that a unit more may bring some units less.
    assert settled(amount_in + more, candidates).amount_out >= less - 20 * count


@given(seed=SEEDS, centre=CENTRES, amount_in=st.integers(10**18, 10**23))
def test_no_share_is_better_moved_to_another_pool(seed: int, centre: int, amount_in: int) -> None:
    candidates = without_gas(random_candidates(random.Random(seed), 4, centre=centre))
    found = settled(amount_in, candidates)

    for source, target in itertools.permutations(range(4), 2):
        for part in (10**3, 10**5, 10**7):
            moved = list(found.allocations)
            step = min(amount_in // part, moved[source])
            moved[source] -= step
            moved[target] += step
            other = settle(moved, candidates)
            slack = 20 + found.amount_out // 10**14

            assert isinstance(other, Unfillable) or other.amount_out <= found.amount_out + slack


@pytest.mark.parametrize("seed", range(40))
def test_the_chosen_pools_are_the_best_of_all_subsets(seed: int) -> None:
    rng = random.Random(seed)
    candidates = random_candidates(rng, 8)
    amount_in = int(10 ** rng.uniform(18, 22.5))
    points = breakpoints(candidates, amount_in)

    def net_out(active: int) -> float:
        filled = fill(points, active, float(amount_in))
        return -inf if filled is None else filled.net_out

    best = max(net_out(active) for active in range(1, 1 << 8))

    assert best == pytest.approx(net_out(best_active(points, 8, amount_in)), rel=1e-12)
    assert best == pytest.approx(settled(amount_in, candidates).net_amount_out, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_a_split_beats_a_grid_of_twentieths(seed: int) -> None:
    rng = random.Random(seed)
    candidates = random_candidates(rng, 3)
    amount_in = int(10 ** rng.uniform(20, 22.5))
    grid = (
        settle([amount_in * part // 20 for part in parts], candidates)
        for parts in itertools.product(range(21), repeat=3)
        if sum(parts) == 20
    )
    exact = [s for s in grid if isinstance(s, Split) and sum(s.allocations) == amount_in]

    assert settled(amount_in, candidates).net_amount_out >= max(s.net_amount_out for s in exact)


def test_equal_pools_share_equally() -> None:
    pools = [v2_pool(10**24, 10**24, number=number) for number in range(2)]
    candidates = tuple(Candidate(pool=pool, zero_for_one=True, gas_cost_out=0) for pool in pools)
    shares = settled(10**21, candidates).allocations

    assert abs(shares[0] - shares[1]) < 10**21 // 10**6


def test_a_pool_whose_gas_outweighs_its_gain_stays_off() -> None:
    pools = [v2_pool(10**24, 10**24, number=number) for number in range(2)]

    def shares(gas_cost_out: int) -> tuple[int, ...]:
        candidates = tuple(
            Candidate(pool=pool, zero_for_one=True, gas_cost_out=gas_cost_out) for pool in pools
        )
        return settled(10**21, candidates).allocations

    # Halving an impact of x^2 / reserve = 10^18 gains half of it.
    assert 0 not in shares(4 * 10**17)
    assert 0 in shares(6 * 10**17)


def test_costs_count_pools_and_crossed_ticks() -> None:
    pool = v3_pool({-6000: 10**21, -60: 10**21, 0: -(10**21), 6000: -(10**21)}, tick=-30)
    candidate = Candidate(pool=pool, zero_for_one=True, gas_cost_out=7, tick_cost_out=100)

    assert 107 == settled(10**19, (candidate,)).cost_out


def test_pools_of_limited_range_are_filled_and_the_rest_goes_elsewhere() -> None:
    short = v3_pool({-60: 10**24, 60: -(10**24)}, fee_pips=100, scanned=(-256, 255))
    wide = v2_pool(10**22, 10**22, number=1)
    candidates = tuple(
        Candidate(pool=pool, zero_for_one=True, gas_cost_out=0) for pool in (short, wide)
    )
    capacity = swap_exact_in(short, zero_for_one=True, amount_in=10**30)
    found = settled(10**22, candidates)

    assert isinstance(capacity, Unfillable)
    assert capacity.absorbed == pytest.approx(found.allocations[0], rel=1e-6)
    assert found.allocations[1] > 0


def test_an_order_beyond_every_pool_says_how_much_they_absorb() -> None:
    pools = [
        v3_pool({-600: 10**21, 600: -(10**21)}, scanned=(-15360, 15300), number=number)
        for number in range(2)
    ]
    candidates = tuple(Candidate(pool=pool, zero_for_one=True, gas_cost_out=0) for pool in pools)
    found = split(10**30, candidates)
    assert isinstance(found, Unfillable)
    all_of_it = split(found.absorbed, candidates)

    assert Shortfall.BEYOND_SCAN is found.shortfall
    assert isinstance(all_of_it, Split)
    assert isinstance(split(found.absorbed + 1, candidates), Unfillable)


def test_without_pools_there_is_no_split() -> None:
    assert Unfillable(shortfall=Shortfall.NO_POOL, absorbed=0) == split(1, ())
    assert None is propose(1, ())


def test_empty_pools_are_passed_over() -> None:
    pools = (v2_pool(0, 0), v3_pool({}, number=1), v2_pool(10**20, 10**20, number=2))
    candidates = tuple(Candidate(pool=pool, zero_for_one=False, gas_cost_out=1) for pool in pools)

    assert (0, 0, 10**18) == settled(10**18, candidates).allocations


def test_swaps_carry_the_state_that_the_next_order_finds() -> None:
    candidates = random_candidates(random.Random(1), 5)
    found = settled(10**22, candidates)

    for share, swap, candidate in zip(found.allocations, found.swaps, candidates, strict=True):
        alone = (
            swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=share)
            if share
            else None
        )
        assert alone == swap
    assert found.amount_out == sum(s.amount_out for s in found.swaps if isinstance(s, SwapResult))


def test_dust_that_buys_nothing_is_refused() -> None:
    candidate = Candidate(pool=v2_pool(10**20, 10**20), zero_for_one=True, gas_cost_out=0)

    assert Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0) == split(1, (candidate,))
