"""A batch whose legs go through a v3 pool and a weighted one: planned and paid to the wei."""

import random
from dataclasses import replace

import pytest
from pydantic import SecretStr

from agent.adapters.rpc import Rpc
from agent.domain.order import Leg
from agent.domain.pool import PoolKind
from agent.domain.swap import SwapResult
from agent.domain.units import Bps
from agent.execution.calls import encode
from agent.planning.gas_tables import OSAKA
from agent.planning.pool_calls import as_router_leg
from agent.planning.swapping import swap_exact_in
from anvil.abi import call_data
from anvil.balancer import VAULT, factories, place_vault, weighted_pool
from anvil.calls import read, transact
from anvil.fund import balance
from anvil.rpc import NodeError
from tests.fork.stands import UNI, USDC, WETH, batch_of, stand_on
from tests.fork.vaults import OWNER
from tests.fork.weighted import refs_of, states_of


@pytest.fixture
def stand(fork):
    with Rpc(SecretStr(fork.url)) as rpc:
        yield stand_on(fork, rpc)


@pytest.fixture
def pool(fork):
    """A pool of 80 % WETH and 20 % USDC, read as the venue reads it."""
    place_vault(fork)
    place = weighted_pool(
        fork,
        factories(fork)[2],
        version=2,
        balances={USDC.address: 30_000 * 10**6, WETH.address: 40 * 10**18},
        weights=[2 * 10**17, 8 * 10**17],
        fee=3 * 10**15,
    )
    (ref,) = refs_of([place], random.Random(0))
    if ref.token0 != WETH.address:
        ref = replace(ref, token0=WETH.address, token1=USDC.address)
    (state,), left_out = states_of(fork, [ref])
    assert [] == left_out
    return state


def weighted_leg(stand, pool, amount_in):
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    assert isinstance(swap, SwapResult)
    leg = Leg(
        order_id="convert:WETH:USDC",
        pool=pool.ref.address,
        kind=PoolKind.WEIGHTED,
        page=0,
        record=0,
        zero_for_one=True,
        token_in=WETH,
        token_out=USDC,
        amount_in=amount_in,
        amount_out=swap.amount_out,
        mid_amount_out=0,
        fee_pips=pool.ref.fee_pips,
        gas=OSAKA.leg(PoolKind.WEIGHTED, 0),
    )
    deadline = stand.chain.fetch_head().timestamp + 600
    return as_router_leg(leg, pool, taker=stand.vault, slippage_bps=Bps(50), deadline=deadline)


def run(stand, *legs, index=0):
    data = encode(
        batch_of(legs, index),
        deadline=stand.chain.fetch_head().timestamp + 600,
        plan_id="11" * 32,
        intent_hash="22" * 32,
    )
    return transact(stand.node, stand.signer.address, stand.vault, "0x" + data.hex())


def allow(stand):
    transact(
        stand.node,
        OWNER,
        stand.vault,
        call_data("setRouter(address,bool)", VAULT, True),  # noqa: FBT003
    )


def test_every_leg_pays_what_was_planned(fork, stand, pool):
    allow(stand)
    first = stand.leg((UNI, WETH), PoolKind.V3, 3000, 500 * 10**18)
    second = weighted_leg(stand, pool, 2 * 10**18)
    before = [balance(fork.rpc, token.address, stand.vault) for token in (UNI, WETH, USDC)]
    receipt = run(stand, first, second)
    after = [balance(fork.rpc, token.address, stand.vault) for token in (UNI, WETH, USDC)]
    (found,), _ = states_of(fork, [pool.ref])
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=2 * 10**18)
    assert isinstance(swap, SwapResult)

    assert [
        -first.amount_in, first.amount_out - second.amount_in, second.amount_out
    ] == [now - then for now, then in zip(after, before, strict=True)]  # fmt: skip
    assert swap.pool_after == found
    allowance = read(
        fork, WETH.address, "allowance(address,address)", stand.vault, VAULT, returns="uint256"
    )
    assert allowance == 0
    assert int(receipt["status"], 16) == 1


def test_a_weighted_leg_costs_what_the_planner_reckons(fork, stand, pool):
    allow(stand)
    alone = (stand.leg((UNI, WETH), PoolKind.V3, 3000, 500 * 10**18),)
    used = []
    for legs in (alone, (*alone, weighted_leg(stand, pool, 10**17))):
        with fork.undone():
            used.append(int(run(stand, *legs)["gasUsed"], 16))

    assert (
        0.85 * OSAKA.leg(PoolKind.WEIGHTED, 0)
        < used[1] - used[0]
        <= OSAKA.leg(PoolKind.WEIGHTED, 0)
    )


def test_nothing_moves_where_the_owner_did_not_allow_the_router(stand, pool):
    leg = weighted_leg(stand, pool, 10**18)

    with pytest.raises(NodeError, match="0x"):
        run(stand, leg)


def test_a_pool_that_moved_below_the_floor_reverts_the_batch(stand, pool):
    allow(stand)
    leg = weighted_leg(stand, pool, 10**18)
    run(stand, weighted_leg(stand, pool, 3 * 10**18))

    with pytest.raises(NodeError, match="42414c23353037"):  # BAL#507, less than its limit
        run(stand, leg, index=1)
