"""The stable pools' venue against contracts that answer as Curve's do, and as ones of other formulas do."""

from dataclasses import replace

import pytest

from agent.adapters.venue_stable import StableVenue
from agent.domain.pool import PoolKind
from agent.domain.quote import QuoteRequest
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import RpcUnavailableError
from agent.planning.swapping import swap_exact_in
from tests.adapters.nodes import rpc_of
from tests.adapters.views import BLOCK, Views, word
from tests.pools import pool_ref
from tests.recorded import recorded, stable_pool

COINS = tuple(Address(f"0x{digit * 40}") for digit in "1234")


def quoted(pool, amount_in):
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    return swap.amount_out if isinstance(swap, SwapResult) else None


def ref_of(record, one=0, two=1):
    return replace(
        pool_ref(PoolKind.STABLE, fee_pips=0),
        token0=COINS[one],
        token1=COINS[two],
        fee_pips=record["fee"] // 10_000,
    )


def contracts(record, ref):
    """Return what a pool and its coins answer."""
    count = len(record["balances"])
    precise = {"A_precise()": word(record["amplification"])} if record["a_precision"] > 1 else {}
    answers = precise | {
        "coins(uint256)": lambda n: word(int(COINS[n], 16)) if n < count else None,
        "balances(uint256)": lambda n: word(int(record["balances"][n])) if n < count else None,
        "A()": word(record["amplification"] // record["a_precision"]),
        "fee()": word(record["fee"]),
        "admin_fee()": word(record["admin_fee"]),
        "future_A_time()": word(BLOCK.timestamp),
        "get_dy(int128,int128,uint256)": lambda i, j, dx: word(
            quoted(stable_pool(record, i, j), dx)
        ),
    }
    table = {(ref.address, name): answer for name, answer in answers.items()}
    return table | {
        (COINS[n], "decimals()"): word(decimals) for n, decimals in enumerate(record["decimals"])
    }


def fetched(views, record, ref):
    left_out = []
    venue = StableVenue(
        rpc_of(views.node), unread=lambda pool, why: left_out.append((pool, why)), quoted=quoted
    )
    tokens = [
        Token(chain_id=1, address=coin, symbol="", decimals=digits)
        for coin, digits in zip(COINS, [*record["decimals"], 18, 18], strict=False)
    ]
    requests = [
        QuoteRequest(order_id="", token_in=one, token_out=two, amounts_in=(1,))
        for one in tokens
        for two in tokens
        if one.address != two.address
    ]
    return venue.fetch_liquidity(requests=requests, pools=[ref], block=BLOCK), left_out


@pytest.mark.parametrize("record", recorded("stable"), ids=lambda one: one["name"])
def test_recorded_pools_are_read_as_they_are(record):
    last = len(record["balances"]) - 1
    ref = ref_of(record, last, 0)
    views = Views(contracts(record, ref))
    (pool,), left_out = fetched(views, record, ref)

    assert replace(stable_pool(record, last, 0), ref=ref) == pool
    assert [] == left_out
    assert views.calls == 2


THREE = recorded("stable")[0]
REF = ref_of(THREE)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"get_dy(int128,int128,uint256)": word(5)}, "it quotes 5 for a swap, its formula says 9"),
        ({"get_dy(int128,int128,uint256)": None}, "it quotes None for a swap"),
        ({"future_A_time()": word(BLOCK.timestamp + 1)}, "its amplification changes until 6"),
        ({"fee()": None}, "it does not answer as a plain stable pool"),
        ({"balances(uint256)": None}, "it does not answer as a plain stable pool"),
        ({"coins(uint256)": lambda n: word(9) if n < 3 else None}, "its coins are 0x0000"),
    ],
)
def test_pools_that_are_others_than_they_seem_are_left_out(odd, why):
    table = contracts(THREE, REF) | {(REF.address, name): one for name, one in odd.items()}
    states, left_out = fetched(Views(table), THREE, REF)

    assert () == states
    assert [REF] == [ref for ref, _ in left_out]
    assert left_out[0][1].startswith(why)


def test_a_coin_without_decimals_is_told():
    table = contracts(THREE, REF) | {(COINS[2], "decimals()"): None}
    states, left_out = fetched(Views(table), THREE, REF)

    assert () == states
    assert [(REF, "a coin of it does not say its decimals")] == left_out


def test_a_quote_may_be_a_unit_off_as_the_first_pools_is():
    def dy(i, j, dx):
        return word(quoted(stable_pool(THREE, i, j), dx) + 1)

    table = contracts(THREE, REF) | {(REF.address, "get_dy(int128,int128,uint256)"): dy}

    assert [] == fetched(Views(table), THREE, REF)[1]


def test_other_kinds_of_pools_are_not_asked():
    views = Views({})

    assert ((), []) == fetched(views, THREE, replace(REF, kind=PoolKind.V2))
    assert views.calls == 0


def test_ping_asks_the_node():
    views = Views({})
    venue = StableVenue(rpc_of(views.node), unread=lambda *_: None, quoted=quoted)
    venue.ping()
    views.node.table.clear()

    with pytest.raises(RpcUnavailableError):
        venue.ping()
