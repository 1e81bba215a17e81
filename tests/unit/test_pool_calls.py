"""Legs through weighted and stable pools: what their calls say, and what the firewall lets pass."""

from dataclasses import replace

import pytest
from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector

from agent.domain.order import Leg
from agent.domain.pool import PoolKind
from agent.domain.router import Router, RouterBook, RouterFacts
from agent.domain.units import Address, Bps
from agent.planning.pool_calls import BALANCER, EXCHANGE, VAULT_SWAP, as_router_leg, called
from agent.rehearsal.firewall import Firewall
from tests.batches import SELL_UNI
from tests.recorded import recorded, stable_pool, weighted_pool

VAULT_SWAP_TYPES = (
    "(bytes32,uint8,address,address,uint256,bytes)",
    "(address,bool,address,bool)",
    "uint256",
    "uint256",
)
EXCHANGE_TYPES = ("int128", "int128", "uint256", "uint256")
VAULT = Address("0xBA12222222228d8Ba445958a75a0704d566BF2C8")
TAKER = Address("0x00000000000000000000000000000000000Be401")
POOL_ID = Address("0x" + "5a" * 32)
PIN = "0x" + "ab" * 32
NOW = 1_000
WEIGHTED = weighted_pool(recorded("weighted")[0])
WEIGHTED = replace(WEIGHTED, ref=replace(WEIGHTED.ref, address=POOL_ID, manager=VAULT))
STABLE = stable_pool(recorded("stable")[0], 2, 0)
LEG: Leg = replace(SELL_UNI, kind=PoolKind.WEIGHTED, amount_in=10**18, amount_out=2_000_001)


def routed(pool, leg=LEG):
    return as_router_leg(leg, pool, taker=TAKER, slippage_bps=Bps(50), deadline=NOW + 60)


def firewall():
    router = Router(venue=BALANCER, name="Vault", address=VAULT, tail_bytes=0, code_hash=PIN)
    book = RouterBook(
        chain_id=1, as_of="", routers={VAULT: router}, settler_registry=None, settler_feature=0
    )
    facts = RouterFacts(code_hash_by_router={VAULT: PIN}, settlers=frozenset())
    return Firewall(book=book, facts=facts, now=NOW)


def test_a_weighted_pools_leg_swaps_in_the_vault_for_no_less_than_its_floor():
    leg = routed(WEIGHTED)
    swap, funds, least, deadline = decode(VAULT_SWAP_TYPES, leg.calldata[4:])

    assert function_signature_to_4byte_selector(f"swap({','.join(VAULT_SWAP_TYPES)})") == VAULT_SWAP
    assert leg.calldata == VAULT_SWAP + encode(VAULT_SWAP_TYPES, (swap, funds, least, deadline))
    assert (VAULT, BALANCER) == (leg.router, leg.venue)
    tokens = (leg.token_in.address.lower(), leg.token_out.address.lower())
    assert (bytes.fromhex(POOL_ID[2:]), 0, *tokens, 10**18, b"") == swap
    assert (TAKER.lower(), False, TAKER.lower(), False) == funds
    assert (1_990_001, NOW + 60) == (least, deadline)
    assert least == leg.min_amount_out


@pytest.mark.parametrize(("zero_for_one", "coins"), [(True, (2, 0)), (False, (0, 2))])
def test_a_stable_pools_leg_exchanges_its_coins(*, zero_for_one, coins):
    leg = routed(STABLE, replace(LEG, zero_for_one=zero_for_one))

    assert function_signature_to_4byte_selector(f"exchange({','.join(EXCHANGE_TYPES)})") == EXCHANGE
    assert leg.calldata[:4] == EXCHANGE
    assert (*coins, 10**18, 1_990_001) == decode(EXCHANGE_TYPES, leg.calldata[4:])
    assert STABLE.ref.address == leg.router


def test_the_firewall_lets_a_swap_in_the_vault_pass():
    assert firewall().objection_to_leg(routed(WEIGHTED), taker=TAKER) is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((0, 1), 1, "its amount is not the input"),
        ((0, 2), VAULT, f"it sells {VAULT}"),
        ((0, 3), VAULT, f"it buys {VAULT}"),
        ((0, 4), 5, "it sells 5"),
        ((0, 5), b"\x01", "it hands on data"),
        ((1, 0), VAULT, f"it takes from {VAULT}"),
        ((1, 1), True, "it uses balances inside the Vault"),
        ((1, 2), VAULT, f"it pays {VAULT}"),
        ((1, 3), True, "it uses balances inside the Vault"),
        ((2,), 1_990_000, "it demands 1990000 of the router"),
        ((3,), NOW, "its deadline 1000 is over"),
    ],
)
def test_the_firewall_stops_every_other_swap_in_the_vault(path, value, words):
    leg = routed(WEIGHTED)
    values = [list(one) if isinstance(one, tuple) else one for one in decode(
        VAULT_SWAP_TYPES, leg.calldata[4:]
    )]  # fmt: skip
    node = values
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    bent = replace(leg, calldata=leg.calldata[:4] + encode(VAULT_SWAP_TYPES, values))

    assert words in (firewall().objection_to_leg(bent, taker=TAKER) or "")


def test_only_legs_through_such_pools_become_calls():
    other = replace(LEG, pool=Address("0x" + "99" * 20), kind=PoolKind.V2)
    weighted = replace(LEG, pool=POOL_ID)
    legs = (other, weighted, routed(STABLE))
    found = list(
        called(legs, {POOL_ID: WEIGHTED}, taker=TAKER, slippage_bps=Bps(50), deadline=NOW + 60)
    )

    assert [other, routed(WEIGHTED, weighted), legs[2]] == found
