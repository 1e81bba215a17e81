"""10,000 random swaps in v4 pools: what our integers say is what the manager itself pays, to the wei."""

import random

import pytest

from agent.domain.pool import V4Pool, swap_fee_pips
from agent.domain.swap import SwapResult
from anvil.abi import raw
from anvil.addresses import STATE_VIEW
from anvil.calls import read
from tests.fork.exactness import crossings, random_cases, v4_mismatches
from tests.fork.v4_fees import kept_states, taxed_states

SWAPS = 10_000


@pytest.fixture
def kept(twin):
    return {pool["pool_id"]: pool for pool in twin["pools"] if pool["kind"] == "v4"}


@pytest.fixture
def taxed(fork, kept):
    return taxed_states(fork, kept, random.Random(11))


def test_ten_thousand_swaps_in_v4_pools(fork, kept, taxed):
    cases = [c for c in random_cases(random.Random(12), taxed, 13_000) if fits(c)][:SWAPS]
    falling, rising, far = crossings(cases)

    assert SWAPS == len(cases)
    assert [] == v4_mismatches(fork, cases, kept)
    assert min(falling, rising) > 300
    assert far > 100
    assert sum(fee_differs(case) for case in cases) > 2_000


def fits(case):
    return isinstance(case.swap, SwapResult)


def fee_differs(case):
    assert isinstance(case.pool, V4Pool)
    return swap_fee_pips(case.pool, zero_for_one=case.zero_for_one) != case.pool.ref.fee_pips


def test_states_are_those_of_the_twin(fork, kept):
    for pool in kept_states(fork, kept):
        packed = pool.protocol_fee1_pips << 12 | pool.protocol_fee0_pips
        assert kept[pool.ref.address]["protocol_fee"] == packed
        assert kept[pool.ref.address]["fee_pips"] == pool.ref.fee_pips
        slot0 = read(
            fork,
            STATE_VIEW,
            "getSlot0(bytes32)",
            raw(pool.ref.address),
            returns="uint160,int24,uint24,uint24",
        )
        assert (pool.sqrt_price_x96, pool.tick, packed, pool.ref.fee_pips) == tuple(slot0)
