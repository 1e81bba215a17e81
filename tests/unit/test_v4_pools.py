"""V4 pools: their fee as the protocol reckons it, and that they share orders like any other pool."""

import random
from dataclasses import fields, replace

import pytest

from agent.domain.canonical import from_json, to_json
from agent.domain.pool import PoolKind, PoolState, V3Pool, V4Pool, swap_fee_pips
from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.planning.optimum.curves import ramps
from agent.planning.splitting import Candidate, Split
from agent.planning.swapping import swap_exact_in
from tests.pools import random_v3_pool, v3_pool
from tests.reference.splitting import split


def kept(pool: V3Pool, *, fee0_pips: int = 0, fee1_pips: int = 0, fee_pips: int = 3000) -> V4Pool:
    """Return a v4 pool with the ranges of a v3 pool."""
    values = {field.name: getattr(pool, field.name) for field in fields(pool)}
    ref = replace(pool.ref, kind=PoolKind.V4, fee_pips=fee_pips)
    return V4Pool(
        **values | {"ref": ref}, protocol_fee0_pips=fee0_pips, protocol_fee1_pips=fee1_pips
    )


POOL = v3_pool({-6000: 10**21, 6000: -(10**21)})


@pytest.mark.parametrize(
    ("protocol_pips", "fee_pips", "whole_pips"),
    [
        (0, 3000, 3000),
        (1000, 0, 1000),
        (1000, 3000, 3997),
        (1000, 3001, 3998),  # 4001 - 3.001, rounded up
        (1, 1, 2),
        (1000, 1_000_000, 1_000_000),
    ],
)
def test_the_liquiditys_fee_is_taken_of_what_the_protocols_leaves(
    protocol_pips: int, fee_pips: int, whole_pips: int
) -> None:
    pool = kept(POOL, fee0_pips=protocol_pips, fee_pips=fee_pips)

    assert whole_pips == swap_fee_pips(pool, zero_for_one=True)
    assert fee_pips == swap_fee_pips(pool, zero_for_one=False)


def test_a_pool_without_protocol_fee_pays_as_a_v3_pool() -> None:
    for zero_for_one in (True, False):
        ours = swap_exact_in(kept(POOL), zero_for_one=zero_for_one, amount_in=10**18)
        theirs = swap_exact_in(POOL, zero_for_one=zero_for_one, amount_in=10**18)
        assert isinstance(ours, SwapResult)
        assert isinstance(theirs, SwapResult)
        assert isinstance(ours.pool_after, V4Pool)
        assert ours.amount_out == theirs.amount_out


def test_a_fee_of_everything_buys_nothing() -> None:
    pool = kept(POOL, fee_pips=1_000_000)
    candidate = Candidate(pool=pool, zero_for_one=True, gas_cost_out=0)

    assert Unfillable(shortfall=Shortfall.BUYS_NOTHING, absorbed=0) == swap_exact_in(
        pool, zero_for_one=True, amount_in=10**18
    )
    assert isinstance(split(10**18, (candidate,)), Unfillable)
    assert 0 == len(ramps(pool, zero_for_one=True).level)


def test_the_cheaper_direction_of_equal_pools_gets_more() -> None:
    taxed = kept(POOL, fee0_pips=1000)
    plain = replace(kept(POOL), ref=replace(POOL.ref, address="0x" + "c0" * 32))
    for zero_for_one in (True, False):
        options = [
            Candidate(pool=pool, zero_for_one=zero_for_one, gas_cost_out=0)
            for pool in (taxed, plain)
        ]
        best = split(10**19, options)
        assert isinstance(best, Split)
        assert (best.allocations[1] - best.allocations[0] > 10**17) == zero_for_one


def test_splits_over_v4_pools_beat_each_alone() -> None:
    rng = random.Random(7)
    for _ in range(20):
        pools = [
            kept(
                random_v3_pool(rng, n),
                fee0_pips=rng.randint(0, 1000),
                fee_pips=rng.choice((100, 3000)),
            )
            for n in range(3)
        ]
        options = [Candidate(pool=pool, zero_for_one=True, gas_cost_out=0) for pool in pools]
        best = split(10**19, options)
        alone = [swap_exact_in(pool, zero_for_one=True, amount_in=10**19) for pool in pools]
        assert isinstance(best, Split)
        assert all(
            best.amount_out >= one.amount_out for one in alone if isinstance(one, SwapResult)
        )


def test_canonical_json_keeps_v3_and_v4_apart() -> None:
    for pool in (POOL, kept(POOL, fee1_pips=7)):
        assert pool == from_json(PoolState, to_json(pool))
