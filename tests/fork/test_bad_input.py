"""Pools and tokens as nobody would wish them: what is planned is paid to the wei, or nothing moves at all."""

import math
import random
from dataclasses import replace

import pytest
from pydantic import SecretStr

from agent.adapters.rpc import Rpc
from agent.domain.order import Leg
from agent.domain.pool import PoolKind, PoolRef, Tick, V2Pool, V3Pool
from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.domain.token import Token
from agent.domain.units import Address
from agent.execution.calls import encode
from agent.planning.optimum.order import propose
from agent.planning.splitting import Candidate, Split
from agent.planning.swapping import swap_exact_in
from agent.planning.tick_math import sqrt_ratio_at_tick
from anvil.abi import call_data, word
from anvil.addresses import PAXG, QUOTER_V2, TWIN_ADMIN, V2_FACTORY
from anvil.calls import read, transact
from anvil.fund import balance, fund
from anvil.rpc import NodeError
from tests.fork.exactness import (
    QUOTE,
    Case,
    fund_multicall,
    refs_of,
    states_of,
    v2_mismatches,
    v3_mismatches,
    without_transfer_fee,
)
from tests.fork.odd_pools import created, written
from tests.fork.stands import KNOWN, TOKENS, UNI, USDC, WETH, batch_of, stand_on
from tests.fork.vaults import add_page
from tests.reference.splitting import split

SPACING = 60
LIQUIDITY = 10**22
Q96 = 1 << 96


def fail(ref, why):
    pytest.fail(f"{ref.address}: {why}")


@pytest.fixture
def stand(fork):
    with Rpc(SecretStr(fork.url)) as rpc:
        yield stand_on(fork, rpc)


def shaped(fork, net_by_tick, tick, *, price=None, tokens=None):
    """Create a 0.3 % pool of two tokens without one, in this state, and read it as the venue does."""
    plain = tokens or [address for address in KNOWN if address != PAXG]
    ref = created(fork, random.Random(1), plain, fees=(3000,))
    pool = V3Pool(
        ref=ref,
        sqrt_price_x96=price or sqrt_ratio_at_tick(tick),
        tick=tick,
        liquidity=sum(net for index, net in net_by_tick.items() if index <= tick),
        ticks=tuple(Tick(index=i, liquidity_net=net) for i, net in sorted(net_by_tick.items())),
        scanned_from=0,
        scanned_to=0,
    )
    written(fork, pool)
    (found,) = states_of(fork, [ref], unread=fail)
    assert (pool.sqrt_price_x96, pool.tick, pool.ticks) == (
        found.sqrt_price_x96,
        found.tick,
        found.ticks,
    )
    return found


def case(pool, amount_in, *, zero_for_one):
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    return Case(pool=pool, zero_for_one=zero_for_one, amount_in=amount_in, swap=swap)


def around(step=SPACING, liquidity=LIQUIDITY):
    return {-step: liquidity, step: -liquidity}


def candidate(pool):
    return Candidate(pool=pool, zero_for_one=True, gas_cost_out=0)


def test_a_pool_without_liquidity_gets_nothing_of_an_order(fork):
    empty = shaped(fork, {}, 0)
    full = replace(
        empty,
        ref=replace(empty.ref, address=Address("0x" + "77" * 20)),
        liquidity=LIQUIDITY,
        ticks=(
            Tick(index=-600, liquidity_net=LIQUIDITY),
            Tick(index=600, liquidity_net=-LIQUIDITY),
        ),
    )
    alone = split(10**18, [candidate(empty)])
    shared = split(10**18, [candidate(empty), candidate(full)])

    assert Unfillable(shortfall=Shortfall.BEYOND_SCAN, absorbed=0) == alone
    assert isinstance(shared, Split)
    assert (0, 10**18) == shared.allocations
    with pytest.raises(NodeError):
        fork.rpc("eth_call", {"to": QUOTER_V2, "data": quoting(empty, 10**18)}, "latest")


def quoting(pool, amount_in):
    tokens = (pool.ref.token0, pool.ref.token1)
    return call_data(QUOTE, (*tokens, amount_in, pool.ref.fee_pips, 0))


def test_an_empty_pair_gets_nothing_of_an_order(fork, twin):
    known = {frozenset((pool["token0"], pool["token1"])) for pool in twin["pools"]}
    tokens = next(
        pair for one in KNOWN for two in KNOWN
        if int(one, 16) < int(two, 16) and frozenset(pair := (one, two)) not in known
    )  # fmt: skip
    fund(fork.rpc, "0x" + "0" * 40, TWIN_ADMIN, 10**20)
    transact(fork, TWIN_ADMIN, V2_FACTORY, call_data("createPair(address,address)", *tokens))
    address = read(fork, V2_FACTORY, "getPair(address,address)", *tokens, returns="address")
    ref = PoolRef(
        address=Address(address), kind=PoolKind.V2, token0=tokens[0], token1=tokens[1],
        fee_pips=3000, tick_spacing=0, page=0, record=0,
    )  # fmt: skip
    (pair,) = states_of(fork, [ref], unread=fail)

    assert V2Pool(ref=ref, reserve0=0, reserve1=0) == pair
    assert Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0) == split(1, [candidate(pair)])


@pytest.mark.parametrize("tick", [-60, 0, 60])
@pytest.mark.parametrize("came_down", [False, True])
def test_a_price_on_an_initialised_tick(fork, tick, came_down):
    """A price that fell onto a tick is recorded one tick below it, with the tick crossed."""
    net_by_tick = {-600: 10**21, -60: 10**22, 0: -(10**20), 60: 3 * 10**21}
    net_by_tick[600] = -sum(net_by_tick.values())
    pool = shaped(
        fork, net_by_tick, tick - 1 if came_down else tick, price=sqrt_ratio_at_tick(tick)
    )
    cases = [
        case(pool, amount_in, zero_for_one=zero_for_one)
        for zero_for_one in (True, False)
        for amount_in in (1, 10**9, 10**18, 10**19)
    ]

    assert [] == v3_mismatches(fork, cases)
    assert {True, False} == {one.swap.ticks_crossed > 0 for one in cases}


def test_a_stretch_without_liquidity_is_crossed(fork):
    side = {-6000: LIQUIDITY, -3000: -LIQUIDITY, 3000: LIQUIDITY, 6000: -LIQUIDITY}
    inside = shaped(fork, side, 0)
    cases = [
        case(inside, amount_in, zero_for_one=zero_for_one)
        for zero_for_one in (True, False)
        for amount_in in (1, 10**6, 10**20)
    ]

    assert inside.liquidity == 0
    assert [] == v3_mismatches(fork, cases)
    assert all(one.swap.ticks_crossed == 1 for one in cases)


def test_one_unit_is_answered_as_every_pool_answers_it(fork, twin):
    states = states_of(fork, refs_of(twin["pools"]), unread=fail)
    pools = [pool for pool in states if isinstance(pool, V3Pool)]
    pairs = without_transfer_fee([pool for pool in states if isinstance(pool, V2Pool)])
    fund_multicall(fork, pairs)
    both = (True, False)

    assert [] == v3_mismatches(fork, [case(p, 1, zero_for_one=z) for p in pools for z in both])
    assert [] == v2_mismatches(fork, [case(p, 1, zero_for_one=z) for p in pairs for z in both])


def test_more_than_all_liquidity_is_told_with_what_can_be_sold(fork):
    pool = shaped(fork, around(6000), 0)
    whole = replace(pool, scanned_from=-887_272, scanned_to=887_272)
    found = split(10**40, [candidate(whole)])

    assert isinstance(found, Unfillable)
    assert Shortfall.EXHAUSTED is found.shortfall
    most = case(whole, found.absorbed, zero_for_one=True)
    assert isinstance(most.swap, SwapResult)
    assert [] == v3_mismatches(fork, [most, case(whole, 10**40, zero_for_one=True)])
    assert propose(10**40, [candidate(whole)]) is None


def test_an_order_beyond_what_was_read_is_noticed_and_what_was_read_is_right(fork, twin):
    refs = [ref for ref in refs_of(twin["pools"]) if ref.kind is PoolKind.V3][:40]
    near = states_of(fork, refs, unread=fail, reach_ticks=1)
    cases = []
    for pool in near:
        for zero_for_one in (True, False):
            beyond = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=1 << 120)
            assert isinstance(beyond, Unfillable)
            assert Shortfall.BEYOND_SCAN is beyond.shortfall
            option = Candidate(pool=pool, zero_for_one=zero_for_one, gas_cost_out=0)
            assert isinstance(split(1 << 120, [option]), Unfillable)
            assert propose(1 << 120, [option]) is None
            if beyond.absorbed:
                cases.append(case(pool, beyond.absorbed, zero_for_one=zero_for_one))

    assert len(cases) > 40
    assert [] == v3_mismatches(fork, cases)


def token_of(fork, number, decimals):
    """Put a plain token of so many decimals on the fork."""
    address = Address(f"0x{0xDEC0 + number:040x}")
    fork.rpc("anvil_setCode", address, fork.rpc("eth_getCode", UNI.address, "latest"))
    for slot in (3, 4):
        text = fork.rpc("eth_getStorageAt", UNI.address, hex(slot), "latest")
        fork.rpc("anvil_setStorageAt", address, hex(slot), text)
    owner = int(TWIN_ADMIN, 16)
    fork.rpc("anvil_setStorageAt", address, "0x5", word(decimals | owner << 8))
    assert decimals == read(fork, address, "decimals()", returns="uint8")
    return Token(chain_id=1, address=address, symbol=f"D{decimals}", decimals=decimals)


def leg_of(pool, page, amount_in, *, zero_for_one, tokens):
    """Return a leg at what our integers say, and the state that it leaves."""
    swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
    assert isinstance(swap, SwapResult)
    pair = [tokens[pool.ref.token0], tokens[pool.ref.token1]]
    token_in, token_out = pair if zero_for_one else pair[::-1]
    leg = Leg(
        order_id="o",
        pool=pool.ref.address,
        kind=pool.ref.kind,
        page=page,
        record=0,
        zero_for_one=zero_for_one,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount_in,
        amount_out=swap.amount_out,
        mid_amount_out=0,
        fee_pips=pool.ref.fee_pips,
        gas=100_000,
    )
    return leg, swap.pool_after


def run(stand, *legs, index=0):
    data = encode(
        batch_of(legs, index),
        deadline=stand.chain.fetch_head().timestamp + 600,
        plan_id="11" * 32,
        intent_hash="22" * 32,
    )
    return transact(stand.node, stand.signer.address, stand.vault, "0x" + data.hex())


def allow(stand, pool):
    """Publish a page with one pool; returns its number."""
    record = {
        "address": pool.ref.address,
        "token0": pool.ref.token0,
        "token1": pool.ref.token1,
        "kind": pool.ref.kind.value,
        "fee_pips": pool.ref.fee_pips,
    }
    return add_page(stand.node, stand.vault, [record])


@pytest.mark.parametrize("decimals", [(0, 30), (30, 0), (0, 18), (18, 30)])
def test_tokens_of_no_and_of_thirty_decimals_trade_to_the_unit(fork, stand, decimals):
    tokens = [token_of(fork, number, digits) for number, digits in enumerate(decimals)]
    known = {token.address: token for token in tokens}
    # One whole token buys one, in a range that holds some hundred thousand of each.
    tick = round((decimals[1] - decimals[0]) * math.log(10, 1.0001) / SPACING) * SPACING
    liquidity = 10 ** (sum(decimals) // 2 + 6)
    net_by_tick = {tick - 6000: liquidity, tick + 6000: -liquidity}
    pool = shaped(fork, net_by_tick, tick, tokens=list(known))
    assert {pool.ref.token0, pool.ref.token1} == set(known)
    page = allow(stand, pool)
    for token in tokens:
        stand.hold(token, 10**40)
    amounts = [1000 * 10 ** decimals[0], 400 * 10 ** decimals[1]]
    one, between = leg_of(pool, page, amounts[0], zero_for_one=True, tokens=known)
    two, after = leg_of(between, page, amounts[1], zero_for_one=False, tokens=known)
    run(stand, one, two)
    (found,) = states_of(fork, [pool.ref], unread=fail)

    assert after == replace(found, ticks=after.ticks, scanned_from=after.scanned_from, scanned_to=after.scanned_to)  # fmt: skip
    held = [balance(fork.rpc, token.address, stand.vault) - 10**40 for token in tokens]
    flows = {one.token_in.address: two.amount_out - one.amount_in, one.token_out.address: one.amount_out - two.amount_in}  # fmt: skip
    assert [flows[token.address] for token in tokens] == held


@pytest.mark.parametrize("sells_it", [True, False])
def test_a_token_that_keeps_part_of_each_transfer_moves_nothing(fork, twin, stand, sells_it):
    ref = next(ref for ref in refs_of(twin["pools"]) if PAXG in {ref.token0, ref.token1})
    (pair,) = states_of(fork, [ref], unread=fail)
    tokens = {token.address: token for token in TOKENS.values()}
    page = allow(stand, pair)
    zero_for_one = (ref.token0 == PAXG) == sells_it
    for token in (ref.token0, ref.token1):
        stand.hold(tokens[token], 10**20)
    leg, _ = leg_of(pair, page, 10**17, zero_for_one=zero_for_one, tokens=tokens)
    exact = batch_of((leg,), 0)
    floors = tuple(
        replace(floor, min_delta=leg.amount_out) if floor.token == leg.token_out.address else floor
        for floor in exact.floors
    )
    data = encode(
        replace(exact, floors=floors),
        deadline=stand.chain.fetch_head().timestamp + 600,
        plan_id="11" * 32,
        intent_hash="22" * 32,
    )

    with pytest.raises(NodeError):
        transact(fork, stand.signer.address, stand.vault, "0x" + data.hex())
    assert [10**20, 10**20] == [
        balance(fork.rpc, token, stand.vault) for token in (ref.token0, ref.token1)
    ]


def deep_pool(stand):
    index, pool = next(
        (index, pool) for index, pool in enumerate(stand.pools)
        if {pool["token0"], pool["token1"]} == {UNI.address, WETH.address}
        and (pool["kind"], pool["fee_pips"]) == ("v3", 3000)
    )  # fmt: skip
    (ref,) = refs_of([pool])
    return replace(ref, record=index)


def test_floors_hold_where_a_pool_moved_and_a_new_plan_goes_through(fork, stand):
    ref = deep_pool(stand)
    known = {token.address: token for token in (UNI, WETH)}
    is_uni0 = ref.token0 == UNI.address

    def planned():
        (pool,) = states_of(fork, [ref], unread=fail)
        leg, after = leg_of(pool, 0, 1_000 * 10**18, zero_for_one=is_uni0, tokens=known)
        return replace(leg, record=ref.record), after

    stale, _ = planned()
    shove, _ = planned()
    stand.hold(UNI, 10**26)
    held = balance(fork.rpc, WETH.address, stand.vault)
    other = replace(shove, amount_in=3 * 10**24, amount_out=0)
    run(stand, other, index=0)
    moved = balance(fork.rpc, WETH.address, stand.vault)
    assert moved > held
    with pytest.raises(NodeError):
        run(stand, stale, index=1)
    assert moved == balance(fork.rpc, WETH.address, stand.vault)

    fresh, after = planned()
    run(stand, fresh, index=1)
    (found,) = states_of(fork, [ref], unread=fail)

    assert fresh.amount_out < stale.amount_out
    assert fresh.amount_out == balance(fork.rpc, WETH.address, stand.vault) - moved
    assert after == found


def test_both_directions_of_one_pool_in_one_batch_are_what_each_leaves_the_other(fork, stand):
    ref = deep_pool(stand)
    known = {token.address: token for token in (UNI, WETH)}
    is_uni0 = ref.token0 == UNI.address
    (pool,) = states_of(fork, [ref], unread=fail)
    sell, between = leg_of(pool, 0, 3_000 * 10**18, zero_for_one=is_uni0, tokens=known)
    buy, after = leg_of(between, 0, 4 * 10**18, zero_for_one=not is_uni0, tokens=known)
    again, after = leg_of(after, 0, 10**18, zero_for_one=is_uni0, tokens=known)
    before = {token: balance(fork.rpc, token, stand.vault) for token in known}
    run(stand, *(replace(leg, record=ref.record) for leg in (sell, buy, again)))
    (found,) = states_of(fork, [ref], unread=fail)
    changed = {token: balance(fork.rpc, token, stand.vault) - was for token, was in before.items()}

    assert {
        UNI.address: buy.amount_out - sell.amount_in - again.amount_in,
        WETH.address: sell.amount_out + again.amount_out - buy.amount_in,
    } == changed
    assert after == found
    assert USDC.address not in changed
