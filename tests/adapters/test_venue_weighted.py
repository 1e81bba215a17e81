"""The weighted pools' venue against a Vault that answers as Balancer's does, and as broken ones do."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from agent.adapters.venue_weighted import WeightedVenue
from agent.domain.pool import PoolKind
from agent.domain.quote import QuoteRequest
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.swapping import swap_exact_in
from tests.adapters.nodes import rpc_of
from tests.adapters.views import BLOCK, Views, word
from tests.pools import pool_ref
from tests.recorded import recorded, weighted_pool

TOKENS = tuple(Address(f"0x{digit * 40}") for digit in "1234")
VAULT = Address("0x" + "ba" * 20)
QUERY = (
    "queryBatchSwap(uint8,(bytes32,uint256,uint256,uint256,bytes)[],"
    "address[],(address,bool,address,bool))"
)


def quoted(pool, amount_in):
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    return swap.amount_out if isinstance(swap, SwapResult) else None


def ref_of(record, one=0, two=1):
    fee_pips = -(-int(record["fee"]) // 10**12)
    return replace(
        pool_ref(PoolKind.WEIGHTED, fee_pips=3000),
        address=Address(record["pool_id"]),
        token0=TOKENS[one],
        token1=TOKENS[two],
        fee_pips=fee_pips,
        manager=VAULT,
    )


def contracts(record, ref):
    """Return what the Vault and a pool answer about the pair of `ref`."""
    address = record["pool_id"][:42]
    places = [TOKENS.index(token) for token in (ref.token0, ref.token1)]
    tokens = list(TOKENS[: len(record["balances"])])
    balances = list(map(int, record["balances"]))

    def deltas(*words):
        amount_in = words[12]
        out = quoted(weighted_pool(record, *places), amount_in)
        return None if out is None else encode(["int256[]"], [[amount_in, -out]])

    table = {
        (VAULT, "getPoolTokens(bytes32)"): encode(
            ["address[]", "uint256[]", "uint256"], [tokens, balances, 7]
        ),
        (VAULT, QUERY): deltas,
        (address, "getNormalizedWeights()"): encode(
            ["uint256[]"], [list(map(int, record["weights"]))]
        ),
        (address, "getSwapFeePercentage()"): word(int(record["fee"])),
        (address, "getPausedState()"): word(0) * 3,
    }
    if record["version"] > 1:
        table[address, "getRateProviders()"] = encode(["address[]"], [[VAULT] * len(tokens)])
    return table


def fetched(views, record, ref, decimals=None):
    left_out = []
    venue = WeightedVenue(
        rpc_of(views.node), unread=lambda pool, why: left_out.append((pool, why)), quoted=quoted
    )
    digits = dict(zip(TOKENS, decimals or record["decimals"], strict=False))
    token_in, token_out = (
        Token(chain_id=1, address=token, symbol="", decimals=digits[token])
        for token in (ref.token1, ref.token0)
    )
    requests = [QuoteRequest(order_id="", token_in=token_in, token_out=token_out, amounts_in=(1,))]
    return venue.fetch_liquidity(requests=requests, pools=[ref], block=BLOCK), left_out


@pytest.mark.parametrize("record", recorded("weighted"), ids=lambda one: "/".join(one["symbols"]))
def test_recorded_pools_are_read_as_they_are(record):
    last = len(record["balances"]) - 1
    ref = ref_of(record, last, 0)
    views = Views(contracts(record, ref))
    (pool,), left_out = fetched(views, record, ref)

    assert replace(weighted_pool(record, last, 0), ref=ref) == pool
    assert [] == left_out
    assert views.calls == 1


PAIR = recorded("weighted")[8]
REF = ref_of(PAIR)
ADDRESS = PAIR["pool_id"][:42]


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({(ADDRESS, "getNormalizedWeights()"): None}, "it does not answer as a weighted pool"),
        ({(VAULT, "getPoolTokens(bytes32)"): None}, "it does not answer as a weighted pool"),
        ({(ADDRESS, "getPausedState()"): word(1) * 3}, "it is paused"),
        ({(VAULT, QUERY): None}, "a simulated swap pays None, its formula "),
        ({(VAULT, QUERY): word(7)}, "a simulated swap pays None, its formula "),
        (
            {(VAULT, QUERY): encode(["int256[]"], [[1, -9]])},
            "a simulated swap pays 9, its formula ",
        ),
        (
            {(VAULT, "getPoolTokens(bytes32)"): encode(["address[]"], [[TOKENS[2], TOKENS[3]]])},
            "the Vault does not keep this pair in it",
        ),
    ],
)
def test_pools_that_are_others_than_they_seem_are_left_out(odd, why):
    states, left_out = fetched(Views(contracts(PAIR, REF) | odd), PAIR, REF)

    assert () == states
    assert [REF] == [ref for ref, _ in left_out]
    assert left_out[0][1].startswith(why)


def test_tokens_of_more_than_eighteen_decimals_are_refused_as_the_pools_do():
    states, left_out = fetched(Views(contracts(PAIR, REF)), PAIR, REF, decimals=[30, 18])

    assert () == states
    assert [
        (REF, f"{TOKENS[0]} has more than 18 decimals, which weighted pools refuse")
    ] == left_out
