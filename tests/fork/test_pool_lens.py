"""The lens reads pools as they are, and leaves out what is no pool without losing the others."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from agent.adapters.venue_pools import CALL_GAS, KIND_CODES, LENS, REACH_TICKS
from agent.domain.pool import PoolKind, V2Pool, V3Pool
from agent.planning.tick_math import MAX_TICK, MIN_TICK
from anvil.abi import call_data, raw
from anvil.addresses import TWIN_ADMIN, V3_FACTORY, WETH
from anvil.calls import read, transact
from anvil.creation import located
from anvil.market import market
from tests.fork.exactness import refs_of, states_of, v4_refs_of
from tests.fork.odd_pools import odd_pools

LENS_ARTIFACT = Path(__file__).parents[2] / "agent" / "data" / "contracts" / "PoolLens.json"
NOBODY = "0x0000000000000000000000000000000000000B0b"
WHOLE = 2 * MAX_TICK


def on_chain(fork, refs, **how):
    left_out = {}
    states = states_of(fork, refs, unread=lambda ref, why: left_out.update({ref: why}), **how)
    return states, left_out


@pytest.fixture
def refs(twin):
    return refs_of(twin["pools"])


def test_every_pool_of_the_twin_is_read(fork, refs):
    states, left_out = on_chain(fork, refs)

    assert {} == left_out
    assert [ref.address for ref in refs] == [state.ref.address for state in states]


def test_ticks_are_those_of_the_curve_within_what_was_looked_at(fork, refs):
    states, _ = on_chain(fork, refs)
    curve_by_pool = {pool.address: pool.state.curve for pool in map(located, market())}

    for state in states:
        if isinstance(state, V3Pool):
            curve = [
                (index, net)
                for index, net in curve_by_pool[state.ref.address]
                if state.scanned_from <= index <= state.scanned_to and net
            ]
            assert curve == [(tick.index, tick.liquidity_net) for tick in state.ticks]
            assert state.scanned_from <= max(state.tick - 2_232, MIN_TICK)
            assert state.scanned_to >= min(state.tick + 2_232, MAX_TICK)


def test_any_state_of_a_v3_pool_is_read_whole(fork, twin):
    tokens = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    pools = odd_pools(fork, random.Random(6), tokens, 20)
    states, left_out = on_chain(fork, [pool.ref for pool in pools], reach_ticks=WHOLE)

    assert {} == left_out
    assert tuple(pools) == states


def test_what_gas_does_not_allow_is_not_claimed_as_read(fork, refs):
    ref = next(ref for ref in refs if ref.fee_pips == 100)
    (near,), _ = on_chain(fork, [ref])
    (far,), _ = on_chain(fork, [ref], reach_ticks=WHOLE)

    assert MIN_TICK < far.scanned_from < near.scanned_from
    assert MAX_TICK > far.scanned_to > near.scanned_to
    assert set(near.ticks) <= set(far.ticks)
    assert sum(tick.liquidity_net for tick in far.ticks if tick.index <= far.tick) <= far.liquidity


def test_what_is_no_pool_is_left_out_alone(fork, refs):
    pair = next(ref for ref in refs if ref.kind is PoolKind.V2)
    pool = next(ref for ref in refs if ref.kind is PoolKind.V3)
    burner = replace(pool, address=NOBODY)
    fork.rpc("anvil_setCode", NOBODY, "0xfe")
    wrong = [
        replace(pool, address=TWIN_ADMIN),
        replace(pool, address=WETH),
        burner,
        replace(pair, address=pool.address, token0=pool.token0, token1=pool.token1),
        replace(pool, address=pair.address, token0=pair.token0, token1=pair.token1),
        replace(pair, token0=pool.token1, token1=pool.token0),
    ]
    states, left_out = on_chain(fork, [*wrong, pair, pool])

    assert [pair.address, pool.address] == [state.ref.address for state in states]
    assert wrong == list(left_out)
    assert "it does not answer as a v3 pool" == left_out[burner]
    assert "not those of the allowlist" in left_out[wrong[-1]]


def test_fee_and_spacing_are_the_pools_own_word(fork, refs):
    ref = next(ref for ref in refs if ref.kind is PoolKind.V3)
    (state,), _ = on_chain(fork, [replace(ref, fee_pips=1, tick_spacing=7)])

    assert ref.fee_pips == state.ref.fee_pips
    assert {100: 1, 500: 10, 3000: 60, 10_000: 200}[ref.fee_pips] == state.ref.tick_spacing


def test_a_pool_without_price_is_read_as_such(fork, refs):
    ref = next(ref for ref in refs if ref.kind is PoolKind.V3)
    tokens = (ref.token0, NOBODY)
    creation = call_data("createPool(address,address,uint24)", *tokens, 3000)
    fork.rpc("anvil_setBalance", TWIN_ADMIN, hex(10**19))
    transact(fork, TWIN_ADMIN, V3_FACTORY, creation)
    pool = read(
        fork, V3_FACTORY, "getPool(address,address,uint24)", *tokens, 3000, returns="address"
    )
    token0, token1 = sorted(tokens, key=lambda token: int(token, 16))
    (state,), _ = on_chain(fork, [replace(ref, address=pool, token0=token0, token1=token1)])

    assert (0, 0, ()) == (state.sqrt_price_x96, state.liquidity, state.ticks)


def test_states_are_those_of_the_named_block(fork, refs):
    pair = next(ref for ref in refs if ref.kind is PoolKind.V2)
    (before,), _ = on_chain(fork, [pair])
    fork.rpc("anvil_mine", "0x1")
    (after,), _ = on_chain(fork, [pair])

    assert isinstance(before, V2Pool)
    assert before == after


def query(ref):
    if ref.kind is PoolKind.V4:
        return ref.manager, 4, REACH_TICKS, raw(ref.address), ref.tick_spacing
    return ref.address, KIND_CODES[ref.kind], REACH_TICKS, bytes(32), 0


def test_no_choice_of_pools_uses_up_the_gas_that_the_answer_needs(fork, refs, twin):
    kept = v4_refs_of([pool for pool in twin["pools"] if pool["kind"] == "v4"])
    code = json.loads(LENS_ARTIFACT.read_bytes())["deployedBytecode"]
    dense = [ref for ref in refs if ref.kind is PoolKind.V3 and ref.fee_pips <= 500]
    rng = random.Random(1)

    for _ in range(60):
        chosen = rng.sample(dense, rng.randint(5, 40)) + rng.sample(refs, rng.randint(0, 10))
        queries = [query(ref) for ref in [*chosen, *rng.sample(kept, rng.randint(0, 10))]]
        call = {
            "to": LENS,
            "input": call_data("read((address,uint8,uint24,bytes32,int24)[])", queries),
            "gas": hex(CALL_GAS),
        }
        answer = fork.rpc("eth_call", call, "latest", {LENS: {"code": code}})

        assert 0 < int(answer[2:66], 16) <= len(queries)
