"""10,000 random swaps: what our integers say is what the protocols' own code pays, to the wei."""

import random

import pytest

from agent.domain.pool import V2Pool, V3Pool
from agent.domain.swap import Shortfall, SwapResult
from anvil.abi import ZERO, call_data
from anvil.addresses import SWAP_ROUTER_02
from anvil.calls import transact
from anvil.fund import balance, fund
from tests.fork.exactness import (
    crossings,
    fund_multicall,
    pair_swap,
    random_cases,
    refs_of,
    states_of,
    v2_mismatches,
    v3_mismatches,
    without_transfer_fee,
)
from tests.fork.odd_pools import odd_pools

TRADER = "0x0000000000000000000000000000000000054321"


def left_out(pool, reason):
    pytest.fail(f"{pool.address}: {reason}")


def on_chain(fork, refs):
    return states_of(fork, refs, unread=left_out)


@pytest.fixture
def states(fork, twin):
    return on_chain(fork, refs_of(twin["pools"]))


def test_six_thousand_swaps_in_the_twins_v3_pools(fork, states):
    pools = [state for state in states if isinstance(state, V3Pool)]
    dense = [pool for pool in pools if len(pool.ticks) >= 50]
    rng = random.Random(1)
    cases = random_cases(rng, pools, 3_000) + random_cases(rng, dense, 3_000)
    falling, rising, far = crossings(cases)

    assert [] == v3_mismatches(fork, cases)
    assert min(falling, rising) > 500
    assert far > 250


def test_two_thousand_swaps_in_v3_pools_of_odd_shapes(fork, twin):
    rng = random.Random(2)
    tokens = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    pools = odd_pools(fork, rng, tokens, 40)
    cases = [c for c in random_cases(rng, pools, 2_400) if not is_nothing(c.swap)][:2_000]
    falling, rising, far = crossings(cases)

    assert 2_000 == len(cases)
    assert [] == v3_mismatches(fork, cases)
    assert min(falling, rising) > 200
    assert far > 50
    assert sum(not isinstance(case.swap, SwapResult) for case in cases) > 20


def is_nothing(swap):
    """Whether there is no liquidity at all on the way, which QuoterV2 reverts on."""
    return not isinstance(swap, SwapResult) and swap.absorbed == 0


def test_two_thousand_swaps_in_v2_pairs(fork, states):
    pairs = without_transfer_fee([state for state in states if isinstance(state, V2Pool)])
    fund_multicall(fork, pairs)
    cases = random_cases(random.Random(3), pairs, 2_000)

    assert [] == v2_mismatches(fork, cases)
    assert any(
        not isinstance(case.swap, SwapResult) and case.swap.shortfall is Shortfall.BUYS_NOTHING
        for case in cases
    )


def test_v3_swaps_leave_the_pool_as_we_say(fork, states):
    pools = [state for state in states if isinstance(state, V3Pool) and len(state.ticks) > 100]
    approved = call_data("approve(address,uint256)", SWAP_ROUTER_02, (1 << 256) - 1)
    fund(fork.rpc, ZERO, TRADER, 10**21)
    rng = random.Random(4)
    allowed: set[str] = set()
    crossed = 0

    for pool in rng.sample(pools, 4):
        tokens = (pool.ref.token0, pool.ref.token1)
        for token in set(tokens) - allowed:
            transact(fork, TRADER, token, approved)
        allowed.update(tokens)
        for _ in range(8):
            (case,) = random_cases(rng, [pool], 1)
            assert isinstance(case.swap, SwapResult)
            fund(fork.rpc, case.tokens[0], TRADER, case.amount_in)
            before = balance(fork.rpc, case.tokens[1], TRADER)
            call = call_data(
                "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))",
                (*case.tokens, pool.ref.fee_pips, TRADER, case.amount_in, 0, 0),
            )
            transact(fork, TRADER, SWAP_ROUTER_02, call)
            received = balance(fork.rpc, case.tokens[1], TRADER) - before
            (found,) = on_chain(fork, [pool.ref])
            pool = case.swap.pool_after  # noqa: PLW2901 - the next swap finds what this one left
            crossed += case.swap.ticks_crossed

            assert case.swap.amount_out == received
            assert (pool.sqrt_price_x96, pool.tick, pool.liquidity) == (
                found.sqrt_price_x96,
                found.tick,
                found.liquidity,
            )
    assert crossed > 100


def test_v2_swaps_leave_the_pair_as_we_say(fork, states):
    pairs = without_transfer_fee([state for state in states if isinstance(state, V2Pool)])
    fund(fork.rpc, ZERO, TRADER, 10**21)
    rng = random.Random(5)

    for pair in rng.sample(pairs, 4):
        for _ in range(4):
            (case,) = random_cases(rng, [pair], 1)
            if not isinstance(case.swap, SwapResult):
                continue
            fund(fork.rpc, case.tokens[0], TRADER, case.amount_in)
            sent = call_data("transfer(address,uint256)", pair.ref.address, case.amount_in)
            transact(fork, TRADER, case.tokens[0], sent)
            asked = pair_swap(case.swap.amount_out, zero_for_one=case.zero_for_one)
            transact(fork, TRADER, pair.ref.address, asked)
            pair = case.swap.pool_after  # noqa: PLW2901 - the next swap finds what this one left

            assert (pair,) == on_chain(fork, [pair.ref])
