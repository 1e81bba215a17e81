"""PancakeSwap v3: its own bytecode at mainnet's addresses, read by the lens, and swapped to the wei."""

import random
from dataclasses import replace

import pytest
from pydantic import SecretStr

from agent.adapters.rpc import Rpc
from agent.domain.pool import PoolKind, PoolRef
from agent.domain.swap import SwapResult
from agent.domain.units import Address
from agent.execution.calls import encode
from agent.planning.swapping import swap_exact_in
from anvil.calls import transact
from anvil.discovery import found_pools
from anvil.exchanges import exchange
from anvil.fund import balance
from anvil.pancake import place_factory, place_pool
from tests.fork.exact_out import out_crossings, random_out_cases
from tests.fork.exactness import crossings, random_cases, states_of
from tests.fork.probing import pool_mismatches, pool_out_mismatches
from tests.fork.stands import USDC, WETH, batch_of, stand_on
from tests.fork.vaults import add_page
from tests.recorded import recorded

RECORDS = recorded("pancake")


@pytest.fixture(scope="module")
def placed(running_fork):
    with running_fork.undone():
        yield [place_pool(running_fork, record) for record in RECORDS]


@pytest.fixture
def pools(placed, fork):
    refs = [
        PoolRef(
            address=Address(address),
            kind=PoolKind.V3,
            token0=Address(record["token0"]),
            token1=Address(record["token1"]),
            fee_pips=record["fee_pips"],
            tick_spacing=0,
            page=0,
            record=number,
        )
        for number, (address, record) in enumerate(zip(placed, RECORDS, strict=True))
    ]
    left_out = []
    found = states_of(fork, refs, unread=lambda ref, why: left_out.append((ref, why)))
    assert [] == left_out
    return found


def test_the_bytecode_lands_where_mainnets_pools_are(placed):
    assert [record["address"] for record in RECORDS] == placed


def test_the_lens_reads_them_though_their_slots_differ(pools):
    for pool, record in zip(pools, RECORDS, strict=True):
        assert (int(record["sqrt_price_x96"]), record["tick"], int(record["liquidity"])) == (
            pool.sqrt_price_x96,
            pool.tick,
            pool.liquidity,
        )
        assert (record["fee_pips"], record["tick_spacing"]) == (
            pool.ref.fee_pips,
            pool.ref.tick_spacing,
        )
        within = [
            (index, int(net))
            for index, net in record["ticks"]
            if pool.scanned_from <= index <= pool.scanned_to
        ]
        assert within == [(tick.index, tick.liquidity_net) for tick in pool.ticks]
        assert len(within) > 1


def test_random_swaps_take_and_pay_what_the_pools_say(fork, pools):
    rng = random.Random(41)
    cases = [c for c in random_cases(rng, pools, 450) if isinstance(c.swap, SwapResult)][:300]
    outs = random_out_cases(rng, pools, 300)

    assert [] == pool_mismatches(fork, cases)
    assert [] == pool_out_mismatches(fork, outs)
    assert min(crossings(cases)[:2]) > 20
    assert min(out_crossings(outs)[:2]) > 20


def test_a_batch_pays_their_callback(fork, pools):
    pool = next(pool for pool in pools if pool.ref.fee_pips == 500)
    with Rpc(SecretStr(fork.url)) as rpc:
        stand = stand_on(fork, rpc)
        record = {"address": pool.ref.address, "kind": "v3", "fee_pips": 500}
        tokens = {"token0": pool.ref.token0, "token1": pool.ref.token1}
        page = add_page(fork, stand.vault, [record | tokens])
        amount_in = 3 * 10**18
        swap = swap_exact_in(pool, zero_for_one=False, amount_in=amount_in)
        assert isinstance(swap, SwapResult)
        leg = replace(
            stand.leg((WETH, USDC), PoolKind.V3, 500, amount_in),
            pool=pool.ref.address,
            page=page,
            record=0,
            zero_for_one=False,
            amount_out=swap.amount_out,
        )
        before = balance(fork.rpc, USDC.address, stand.vault)
        data = encode(
            batch_of((leg,), 0),
            deadline=stand.chain.fetch_head().timestamp + 600,
            plan_id="11" * 32,
            intent_hash="22" * 32,
        )
        transact(fork, stand.signer.address, stand.vault, "0x" + data.hex())
        (after,) = states_of(fork, [pool.ref], unread=lambda *_: None)

        assert swap.amount_out == balance(fork.rpc, USDC.address, stand.vault) - before
        assert swap.pool_after == after


def test_they_are_found_by_asking_their_factory(fork, placed):
    place_factory(fork, dict(zip(placed, RECORDS, strict=True)))
    found = found_pools(fork.rpc, tokens=[WETH.address], hubs=[USDC.address])
    lower = sorted(address.lower() for address in placed)
    theirs = [pool for pool in found if pool.address in lower]

    assert lower == sorted(pool.address for pool in theirs)
    assert {100, 500, 2500} == {pool.fee_pips for pool in theirs}
    assert exchange("pancakeswap_v3").spacing_by_fee_pips[2500] == 50
