"""One order against full enumeration of its choices, and at the edges of what can be asked."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import Engine, best, plain
from agent.planning.optimum.kernels import Book, Order
from agent.planning.optimum.order import propose
from agent.planning.splitting import Candidate, Split, settle
from tests.pools import random_candidates, random_v2_pool, v2_pool, v3_pool
from tests.reference.splitting import split

SEEDS = st.integers(0, 2**32)
ENGINES = pytest.mark.parametrize(
    "engine", [pytest.param(plain(), id="plain"), pytest.param(best(), id="compiled")]
)
POOLS = [
    Candidate(pool=v2_pool(10**24, 10**24, number=n), zero_for_one=True, gas_cost_out=10**15)
    for n in range(3)
]


def net_of(shares: tuple[int, ...] | None, candidates: tuple[Candidate, ...]) -> int:
    assert shares is not None
    found = settle(shares, candidates)
    assert isinstance(found, Split)
    return found.net_amount_out


def book(candidates: tuple[Candidate, ...]) -> Book:
    ones = np.ones(len(candidates))
    curves = joined([ramps(c.pool, zero_for_one=c.zero_for_one) for c in candidates], best())
    return Book(
        curves=curves,
        curve=np.arange(len(candidates)),
        scale=ones,
        weight_in=ones,
        weight_out=ones,
        gas=np.array([float(c.gas_cost_out) for c in candidates]),
        tick=np.array([float(c.tick_cost_out) for c in candidates]),
        cap=np.array(curves.start),
    )


def enumerated(candidates: tuple[Candidate, ...], amount_in: int) -> float:
    """Return the best net output over every set of pools and every tick that each may stop at."""
    laid, order = book(candidates), Order(0, len(candidates), float(amount_in))
    reach = [
        [laid.curves.start[e], *range(laid.curves.start[e] + 1, laid.curves.stop[e])]
        for e in range(len(candidates))
    ]
    # Ticks that lie beyond where the order goes in a pool alone change nothing.
    found = []
    for e, caps in enumerate(reach):
        laid.cap[:] = laid.curves.start
        laid.cap[e] = caps[-1]
        t = best().fill(laid, order, 0.0)
        near = [c for c in caps[:-1] if t < 0 or laid.curves.level[c] < t]
        found.append([*near, caps[-1]])
    top = float("-inf")
    for choice in itertools.product(*found):
        laid.cap[:] = choice
        t = best().fill(laid, order, 0.0)
        if t > 0:
            top = max(top, best().net(laid, order, t))
    return top


@given(seed=SEEDS, count=st.integers(1, 6), amount_in=st.integers(10, 10**23))
def test_shares_sum_to_the_order_and_every_pool_takes_its_own(
    seed: int, count: int, amount_in: int
) -> None:
    candidates = random_candidates(random.Random(seed), count)
    shares = propose(amount_in, candidates)

    assert shares is not None
    assert amount_in == sum(shares)
    assert isinstance(settle(shares, candidates), Split)


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_of_constant_product_pools_beats_the_one_found(seed: int) -> None:
    rng = random.Random(seed)
    gas = 10 ** rng.uniform(14, 17.5)
    candidates = tuple(
        Candidate(
            pool=random_v2_pool(rng, n),
            zero_for_one=True,
            gas_cost_out=int(gas * rng.uniform(0.7, 1.6)),
        )
        for n in range(8)
    )
    amount_in = int(10 ** rng.uniform(18, 23))
    loss = enumerated(candidates, amount_in) - net_of(propose(amount_in, candidates), candidates)

    assert loss / amount_in < 1e-9


@pytest.mark.parametrize("seed", range(25))
def test_no_choice_of_pools_and_ticks_beats_the_one_found(seed: int) -> None:
    rng = random.Random(seed)
    candidates = random_candidates(rng, 3)
    amount_in = int(10 ** rng.uniform(19, 22.5))
    loss = enumerated(candidates, amount_in) - net_of(propose(amount_in, candidates), candidates)

    assert loss / amount_in < 1e-7


@given(seed=SEEDS, count=st.integers(1, 6), amount_in=st.integers(10**18, 10**23))
def test_stopping_at_ticks_never_does_worse_than_only_choosing_pools(
    seed: int, count: int, amount_in: int
) -> None:
    candidates = random_candidates(random.Random(seed), count)
    coarser = split(amount_in, candidates)

    assert isinstance(coarser, Split)
    slack = coarser.amount_out * 1e-9 + 1_000
    assert net_of(propose(amount_in, candidates), candidates) >= coarser.net_amount_out - slack


@ENGINES
def test_equal_pools_share_alike(engine: Engine) -> None:
    free = [replace(candidate, gas_cost_out=0) for candidate in POOLS]

    assert propose(3 * 10**21, free, engine=engine) == pytest.approx([10**21] * 3, rel=1e-9)


@ENGINES
def test_gas_that_no_second_pool_earns_leaves_one_pool(engine: Engine) -> None:
    dear = [replace(candidate, gas_cost_out=10**22) for candidate in POOLS]
    shares = propose(3 * 10**21, dear, engine=engine)

    assert shares is not None
    assert sorted(shares) == [0, 0, 3 * 10**21]


@ENGINES
@pytest.mark.parametrize("amount_in", [1, 2, 1_000])
def test_a_tiny_order_goes_whole_to_the_best_price(engine: Engine, amount_in: int) -> None:
    better = Candidate(
        pool=v2_pool(10**24, 2 * 10**24, number=9), zero_for_one=True, gas_cost_out=10**15
    )

    assert propose(amount_in, [*POOLS, better], engine=engine) == (0, 0, 0, amount_in)


@ENGINES
def test_an_order_larger_than_all_liquidity_is_not_proposed(engine: Engine) -> None:
    narrow = v3_pool({-60: 10**20, 60: -(10**20)}, tick=0)
    candidate = Candidate(pool=narrow, zero_for_one=True, gas_cost_out=0)

    assert propose(10**24, [candidate], engine=engine) is None


@ENGINES
def test_an_order_that_takes_all_but_the_last_unit_still_fits(engine: Engine) -> None:
    narrow = v3_pool({-60: 10**20, 60: -(10**20)}, tick=0)
    candidate = Candidate(pool=narrow, zero_for_one=True, gas_cost_out=0)
    absorbed = getattr(split(10**24, [candidate]), "absorbed", 0)

    assert absorbed > 0
    assert propose(absorbed - 10**6, [candidate], engine=engine) == (absorbed - 10**6,)


@ENGINES
def test_pools_without_liquidity_are_passed_over(engine: Engine) -> None:
    empty = [
        Candidate(pool=pool, zero_for_one=True, gas_cost_out=0)
        for pool in (v2_pool(0, 0), v3_pool({}), v3_pool({}, sqrt_price_x96=0))
    ]

    assert propose(10**20, [*empty, POOLS[0]], engine=engine) == (0, 0, 0, 10**20)
    assert propose(10**20, empty, engine=engine) is None


@ENGINES
def test_a_gap_without_liquidity_is_jumped(engine: Engine) -> None:
    ticks = {-600: 10**21, 600: -(10**21), -6000: 10**21, -3000: -(10**21)}
    gapped = Candidate(pool=v3_pool(ticks, tick=0), zero_for_one=True, gas_cost_out=0)
    shares = propose(10**20, [gapped], engine=engine)

    assert shares == (10**20,)


def test_a_pool_stops_short_of_a_tick_that_costs_more_than_it_brings() -> None:
    # Beyond tick -60 the pool has a little more to give, but crossing costs more than that.
    deep, shallow = 10**23, 10**21
    ticks = {-120: shallow, -60: deep - shallow, 60: -deep}
    ranged = Candidate(
        pool=v3_pool(ticks, tick=0), zero_for_one=True, gas_cost_out=0, tick_cost_out=10**19
    )
    pair = Candidate(pool=v2_pool(10**25, 10**25, number=1), zero_for_one=True, gas_cost_out=0)
    shares = propose(10**22, [ranged, pair])
    found = settle(shares or (), [ranged, pair])

    assert isinstance(found, Split)
    assert 0 == sum(swap.ticks_crossed for swap in found.swaps if swap)
    assert min(found.allocations) > 0
