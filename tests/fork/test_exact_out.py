"""Exact outputs: what our integers ask for is what the protocols' own code takes, to the wei."""

import random

import pytest

from agent.domain.pool import V2Pool, V3Pool, V4Pool
from agent.domain.swap import Shortfall, Undeliverable
from anvil.rpc import NodeError
from tests.fork.exact_out import (
    ENORMOUS,
    largest,
    out_case,
    out_crossings,
    random_out_cases,
    router_surplus,
    v2_out_mismatches,
    v3_out_call,
    v3_out_mismatches,
    v4_out_mismatches,
)
from tests.fork.exactness import (
    fund_multicall,
    refs_of,
    states_of,
    without_transfer_fee,
)
from tests.fork.odd_pools import odd_pools
from tests.fork.v4_fees import taxed_states


def left_out(pool, reason):
    pytest.fail(f"{pool.address}: {reason}")


@pytest.fixture
def states(fork, twin):
    return states_of(fork, refs_of(twin["pools"]), unread=left_out)


def test_outputs_of_the_twins_v3_pools(fork, states):
    pools = [state for state in states if isinstance(state, V3Pool)]
    dense = [pool for pool in pools if len(pool.ticks) >= 50]
    rng = random.Random(21)
    cases = random_out_cases(rng, pools, 500) + random_out_cases(rng, dense, 500)
    falling, rising, far = out_crossings(cases)

    assert [] == v3_out_mismatches(fork, cases)
    assert min(falling, rising) > 80
    assert far > 40


def test_outputs_of_v3_pools_of_odd_shapes(fork, twin):
    rng = random.Random(22)
    tokens = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    pools = odd_pools(fork, rng, tokens, 20)
    cases = random_out_cases(rng, pools, 1_000)
    falling, rising, far = out_crossings(cases)

    assert [] == v3_out_mismatches(fork, cases)
    assert min(falling, rising) > 100
    assert far > 5
    for pool in pools:
        for zero_for_one in (True, False):
            most = largest(pool, zero_for_one=zero_for_one)
            if most == ENORMOUS:
                continue
            beyond = out_case(pool, most + 1, zero_for_one=zero_for_one)
            assert Undeliverable(shortfall=Shortfall.EXHAUSTED, delivered=most) == beyond.swap
            with pytest.raises(NodeError):
                fork.rpc("eth_call", v3_out_call(beyond), "latest")


def test_outputs_of_v4_pools_with_protocol_fees(fork, twin):
    kept = {pool["pool_id"]: pool for pool in twin["pools"] if pool["kind"] == "v4"}
    states = taxed_states(fork, kept, random.Random(23))
    cases = random_out_cases(random.Random(24), states, 1_000)
    falling, rising, far = out_crossings(cases)

    assert [] == v4_out_mismatches(fork, cases, kept)
    assert min(falling, rising) > 50
    assert far > 10
    assert all(isinstance(case.pool, V4Pool) for case in cases)


def test_outputs_of_v2_pairs(fork, states):
    pairs = without_transfer_fee([state for state in states if isinstance(state, V2Pool)])
    fund_multicall(fork, pairs)
    cases = [
        case
        for case in random_out_cases(random.Random(25), pairs, 500)
        if case.amount_in < 1 << 100
    ]

    assert len(cases) > 400
    assert [] == v2_out_mismatches(fork, cases)
    assert router_surplus(fork, cases) <= {0, 1}
