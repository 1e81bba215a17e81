"""Tokens and feeds answer as mainnet's do, quirks included."""

import json
from decimal import Decimal

import pytest

from anvil import addresses as at
from anvil.abi import ZERO, call_data
from anvil.assets import TOKEN_MAP
from anvil.calls import read, transact
from anvil.fund import balance, fund
from anvil.rpc import NodeError

ANNA = "0x00000000000000000000000000000000000A44a1"
BEN = "0x00000000000000000000000000000000000BE401"
MANA = "0x0F5D2fB29fb7d3CFeE444a200298f468908cC942"


@pytest.fixture
def chain(fork):
    for account in (ANNA, BEN, at.TWIN_ADMIN):
        fund(fork.rpc, ZERO, account, 10**19)
    return fork


def send(chain, token, signature, *arguments, sender=ANNA):
    return transact(chain, sender, token, call_data(signature, *arguments))


def test_everything_that_can_be_held_is_there(twin):
    tokens = json.loads(TOKEN_MAP.read_text())
    wanted = {coin["token"]["address"] for coin in tokens["coins"].values()}
    wanted |= {coin["token"]["address"] for coin in tokens["stablecoins"].values()}

    assert len(wanted) >= 120
    assert set() == wanted - {token["address"] for token in twin["tokens"]}


def test_tokens_name_themselves_as_the_token_map_does(fork, twin):
    answers = [
        (
            read(fork, token["address"], "symbol()", returns="string"),
            read(fork, token["address"], "decimals()", returns="uint8"),
        )
        for token in twin["tokens"]
    ]

    assert [(t["symbol"], t["decimals"]) for t in twin["tokens"]] == answers


def test_supply_covers_what_pools_hold(fork, twin):
    for token in twin["tokens"]:
        holders = {
            pool["address"]
            for pool in twin["pools"]
            if token["address"] in (pool["token0"], pool["token1"])
        }
        held = sum(balance(fork.rpc, token["address"], holder) for holder in holders)

        assert 0 < held <= read(fork, token["address"], "totalSupply()", returns="uint256")


def test_transfers_move_balances_and_allowances_shrink(chain):
    fund(chain.rpc, at.DAI, ANNA, 100)
    send(chain, at.DAI, "approve(address,uint256)", BEN, 70)
    send(chain, at.DAI, "transferFrom(address,address,uint256)", ANNA, BEN, 30, sender=BEN)
    left = read(chain, at.DAI, "allowance(address,address)", ANNA, BEN, returns="uint256")

    assert (70, 30, 40) == (balance(chain.rpc, at.DAI, ANNA), balance(chain.rpc, at.DAI, BEN), left)


def test_transfers_beyond_the_balance_revert(chain):
    fund(chain.rpc, at.DAI, ANNA, 100)

    with pytest.raises(NodeError, match="revert"):
        send(chain, at.DAI, "transfer(address,uint256)", BEN, 101)


@pytest.mark.parametrize(
    ("token", "returned"), [(at.USDT, "0x"), (at.DAI, "0x" + "0" * 63 + "1")], ids=["USDT", "DAI"]
)
def test_usdt_returns_nothing_where_others_return_true(chain, token, returned):
    fund(chain.rpc, token, ANNA, 1)
    call = {"from": ANNA, "to": token, "data": call_data("transfer(address,uint256)", BEN, 1)}

    assert returned == chain.rpc("eth_call", call, "latest")


def test_usdt_allowance_goes_through_zero(chain):
    send(chain, at.USDT, "approve(address,uint256)", BEN, 1)

    with pytest.raises(NodeError, match="revert"):
        send(chain, at.USDT, "approve(address,uint256)", BEN, 2)
    send(chain, at.USDT, "approve(address,uint256)", BEN, 0)
    send(chain, at.USDT, "approve(address,uint256)", BEN, 2)


def test_usdt_can_charge_a_fee(chain):
    fund(chain.rpc, at.USDT, ANNA, 10_000_000)
    send(chain, at.USDT, "setParams(uint256,uint256)", 10, 1, sender=at.TWIN_ADMIN)
    send(chain, at.USDT, "transfer(address,uint256)", BEN, 10_000_000)

    assert 9_990_000 == balance(chain.rpc, at.USDT, BEN)


@pytest.mark.parametrize(
    ("token", "freeze"),
    [(at.USDC, "blacklist(address)"), (at.USDT, "addBlackList(address)")],
    ids=["USDC", "USDT"],
)
def test_frozen_accounts_cannot_send(chain, token, freeze):
    fund(chain.rpc, token, ANNA, 10)
    send(chain, token, freeze, ANNA, sender=at.TWIN_ADMIN)

    with pytest.raises(NodeError, match="revert"):
        send(chain, token, "transfer(address,uint256)", BEN, 1)


@pytest.mark.parametrize("token", [at.USDC, at.USDT, MANA], ids=["USDC", "USDT", "MANA"])
def test_paused_tokens_do_not_move_until_unpaused(chain, token):
    fund(chain.rpc, token, ANNA, 10)
    send(chain, token, "pause()", sender=at.TWIN_ADMIN)

    with pytest.raises(NodeError, match="revert"):
        send(chain, token, "transfer(address,uint256)", BEN, 1)
    send(chain, token, "unpause()", sender=at.TWIN_ADMIN)
    send(chain, token, "transfer(address,uint256)", BEN, 1)

    assert 1 == balance(chain.rpc, token, BEN)


def test_paxg_keeps_two_basis_points_of_a_transfer(chain):
    fund(chain.rpc, at.PAXG, ANNA, 10**18)
    send(chain, at.PAXG, "transfer(address,uint256)", BEN, 10**18)

    assert 10**18 - 2 * 10**14 == balance(chain.rpc, at.PAXG, BEN)


@pytest.mark.parametrize("token", [at.USDC, at.USDT, MANA, at.PAXG])
def test_strangers_administer_nothing(chain, token):
    name = "setFeeRate(uint256)" if token == at.PAXG else "pause()"

    with pytest.raises(NodeError, match="revert"):
        send(chain, token, name, *([1] if token == at.PAXG else []), sender=BEN)


def test_weth_is_backed_by_ether(fork):
    assert fork.rpc("eth_getBalance", at.WETH, "latest") == hex(
        read(fork, at.WETH, "totalSupply()", returns="uint256")
    )


def test_feeds_answer_the_listed_prices(fork, twin):
    answers = [
        (
            read(fork, feed["address"], "description()", returns="string"),
            read(fork, feed["address"], "decimals()", returns="uint8"),
            read(fork, feed["address"], "latestAnswer()", returns="int256"),
        )
        for feed in twin["feeds"]
    ]
    expected = [
        (f["pair"], f["decimals"], int(Decimal(f["price"]).scaleb(f["decimals"])))
        for f in twin["feeds"]
    ]

    assert expected == answers


def test_main_assets_have_feeds(twin):
    pairs = {feed["pair"] for feed in twin["feeds"]}

    assert {"ETH / USD", "BTC / USD", "USDC / USD", "USDT / USD", "DAI / USD"} <= pairs


def test_feeds_stay_fresh_when_the_clock_is_moved(fork):
    feed = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"
    now = int(fork.head()["timestamp"], 16) + 13 * 3600
    fork.rpc("evm_setNextBlockTimestamp", now)
    fork.rpc("evm_mine")
    round_id, answer, _, updated_at, answered_in = read(
        fork, feed, "latestRoundData()", returns="uint80,int256,uint256,uint256,uint80"
    )

    assert 0 <= now - updated_at < 3600
    assert (1, round_id) == (round_id >> 64, answered_in)
    assert answer > 0


def test_stopped_feeds_grow_stale(chain):
    feed = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"
    send(chain, feed, "stop()", sender=at.TWIN_ADMIN)
    stopped = int(chain.head()["timestamp"], 16)
    chain.rpc("evm_setNextBlockTimestamp", stopped + 7200)
    chain.rpc("evm_mine")
    rounds = "uint80,int256,uint256,uint256,uint80"

    assert read(chain, feed, "latestRoundData()", returns=rounds)[3] <= stopped
