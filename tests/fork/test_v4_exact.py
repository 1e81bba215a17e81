"""10,000 random swaps in v4 pools: what our integers say is what the manager itself pays, to the wei."""

import random

import pytest

from agent.domain.pool import V4Pool, swap_fee_pips
from agent.domain.swap import SwapResult
from anvil.abi import ZERO, call_data, raw
from anvil.addresses import GOVERNANCE, STATE_VIEW, V4_POOL_MANAGER
from anvil.calls import read, transact
from anvil.fund import fund
from tests.fork.exactness import crossings, random_cases, states_of, v4_mismatches, v4_refs_of

SET_PROTOCOL_FEE = "setProtocolFee((address,address,uint24,int24,address),uint24)"
SWAPS = 10_000


@pytest.fixture
def kept(twin):
    return {pool["pool_id"]: pool for pool in twin["pools"] if pool["kind"] == "v4"}


def states(fork, kept):
    left_out = []
    refs = v4_refs_of(list(kept.values()))
    found = states_of(fork, refs, unread=lambda ref, why: left_out.append((ref, why)))
    assert [] == left_out
    assert set(kept) == {pool.ref.address for pool in found}
    return found


def tax(fork, pool, fee0_pips, fee1_pips):
    """Set a protocol fee for each direction, as the fees' controller may."""
    key = (pool["token0"], pool["token1"], pool["fee_pips"], pool["tick_spacing"], ZERO)
    data = call_data(SET_PROTOCOL_FEE, key, fee1_pips << 12 | fee0_pips)
    transact(fork, GOVERNANCE, V4_POOL_MANAGER, data)


@pytest.fixture
def taxed(fork, kept):
    """Every other pool with random protocol fees, some at their most and some at none."""
    rng = random.Random(11)
    fund(fork.rpc, ZERO, GOVERNANCE, 10**20)
    transact(
        fork,
        GOVERNANCE,
        V4_POOL_MANAGER,
        call_data("setProtocolFeeController(address)", GOVERNANCE),
    )
    for pool in list(kept.values())[::2]:
        tax(fork, pool, rng.choice((0, 1, 1000, rng.randint(0, 1000))), rng.randint(0, 1000))
    return states(fork, kept)


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
    for pool in states(fork, kept):
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
