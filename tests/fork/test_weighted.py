"""Weighted pools: what our integers say is what Balancer's own code pays and asks for, to the wei."""

import random
from dataclasses import replace

import pytest

from agent.domain.pool import WeightedPool
from agent.domain.swap import Shortfall, SwapResult, Undeliverable, Unfillable
from agent.planning.swapping import swap_exact_in, swap_exact_out
from anvil.abi import call_data, raw
from anvil.addresses import TWIN_ADMIN
from anvil.balancer import VAULT, factories
from anvil.balancer import weighted_pool as stand_in
from anvil.calls import transact
from anvil.fund import balance, fund
from anvil.rpc import NodeError
from tests.fork.exact_out import random_out_cases
from tests.fork.exactness import random_cases
from tests.fork.weighted import (
    random_pools,
    refs_of,
    simulated,
    states_of,
    weighted_mismatches,
    weighted_out_mismatches,
)
from tests.recorded import recorded

SWAP = "swap((bytes32,uint8,address,address,uint256,bytes),(address,bool,address,bool),uint256,uint256)"


@pytest.fixture(scope="module")
def placed(running_fork, twin):
    rng = random.Random(31)
    tokens = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    with running_fork.undone():
        yield refs_of(random_pools(running_fork, rng, tokens, 12), rng)


@pytest.fixture
def pools(placed, fork):
    states, left_out = states_of(fork, placed)
    assert [] == left_out
    assert [ref.address for ref in placed] == [pool.ref.address for pool in states]
    return states


def test_both_versions_are_told_apart(pools):
    assert [False, True] * 6 == [pool.multiplies for pool in pools]


def test_random_swaps_pay_what_the_vault_pays(fork, pools):
    cases = [
        case
        for case in random_cases(random.Random(32), pools, 2_600)
        if isinstance(case.swap, SwapResult)
    ][:1_500]

    assert 1_500 == len(cases)
    assert [] == weighted_mismatches(fork, cases)


def test_random_outputs_cost_what_the_vault_asks_for(fork, pools):
    cases = random_out_cases(random.Random(33), pools, 1_500)

    assert [] == weighted_out_mismatches(fork, cases)


def test_a_unit_more_than_the_pool_takes_is_refused_by_both(fork, pools):
    for pool in pools:
        most = swap_exact_in(pool, zero_for_one=True, amount_in=1 << 120)
        assert isinstance(most, Unfillable)
        assert Shortfall.ABOVE_SHARE is most.shortfall
        whole = swap_exact_in(pool, zero_for_one=True, amount_in=most.absorbed)
        assert isinstance(whole, SwapResult)
        fork.rpc(*_rpc(simulated(pool, most.absorbed)))
        more = most.absorbed + 2
        assert isinstance(swap_exact_in(pool, zero_for_one=True, amount_in=more), Unfillable)
        with pytest.raises(NodeError):
            fork.rpc(*_rpc(simulated(pool, more)))
        last = swap_exact_out(pool, zero_for_one=True, amount_out=1 << 120)
        assert isinstance(last, Undeliverable)
        if last.delivered == 0:
            continue  # the input would not fit into 112 bits
        fork.rpc(*_rpc(simulated(pool, last.delivered, exact_in=False)))
        with pytest.raises(NodeError):
            fork.rpc(*_rpc(simulated(pool, last.delivered + 1, exact_in=False)))


def _rpc(call):
    return (call[0], *call[1])


def test_swaps_leave_the_pool_as_we_say(fork, pools):
    rng = random.Random(34)
    for state in pools[:4]:
        pool = state
        for _ in range(3):
            (case,) = random_cases(rng, [pool], 1)
            if not isinstance(case.swap, SwapResult):
                continue
            token_in, token_out = case.tokens
            fund(fork.rpc, token_in, TWIN_ADMIN, case.amount_in)
            before = balance(fork.rpc, token_out, TWIN_ADMIN)
            single = (raw(pool.ref.address), 0, token_in, token_out, case.amount_in, b"")
            funds = (TWIN_ADMIN, False, TWIN_ADMIN, False)
            transact(fork, TWIN_ADMIN, VAULT, call_data(SWAP, single, funds, 0, 2**255))
            pool = case.swap.pool_after
            (found,), _ = states_of(fork, [pool.ref])

            assert balance(fork.rpc, token_out, TWIN_ADMIN) - before == case.swap.amount_out
            assert pool == found


def test_a_pool_that_quotes_otherwise_or_is_none_is_left_out(fork, pools):
    odd = replace(pools[0].ref, manager=pools[0].ref.token0)
    foreign = replace(pools[0].ref, token0=pools[1].ref.token0, token1=pools[1].ref.token1)
    states, left_out = states_of(fork, [odd, foreign])

    assert () == states
    assert [
        (odd, "it does not answer as a weighted pool"),
        (foreign, "the Vault does not keep this pair in it"),
    ] == left_out


def test_pools_are_weighted(pools):
    assert all(isinstance(pool, WeightedPool) for pool in pools)
    assert len({pool.weight0 for pool in pools}) > 3


def test_recorded_states_are_answered_by_the_vault_as_by_us(fork, twin, placed):
    """Stand-ins of the same decimals hold what mainnet's pools held."""
    assert placed  # the Vault stands
    factory_by_version = factories(fork)
    spare = {
        digits: [
            token["address"]
            for token in twin["tokens"]
            if token["decimals"] == digits and token["contract"] in {"Token", "BlocklistToken"}
        ]
        for digits in (6, 8, 18)
    }
    refs = []
    for number, record in enumerate(recorded("weighted")):
        taken = [spare[digits][place] for place, digits in enumerate(record["decimals"])]
        held = sorted(
            zip(taken, map(int, record["balances"]), map(int, record["weights"]), strict=True),
            key=lambda one: int(one[0], 16),
        )
        place = stand_in(
            fork,
            factory_by_version[record["version"]],
            version=record["version"],
            balances={token: balance for token, balance, _ in held},
            weights=[weight for *_, weight in held],
            fee=int(record["fee"]),
        )
        refs += refs_of([replace(place, tokens=tuple(taken[:2]))], random.Random(number))
    states, left_out = states_of(fork, refs)
    assert [] == left_out
    rng = random.Random(35)
    drawn = [case for pool in states for case in random_cases(rng, [pool], 20)]
    cases = [case for case in drawn if isinstance(case.swap, SwapResult)]

    assert len(states) == len(recorded("weighted"))
    assert len(cases) > 100
    assert [] == weighted_mismatches(fork, cases)
    assert [] == weighted_out_mismatches(fork, random_out_cases(rng, states, 100))
