"""The token map that ships, and what a broken one is refused for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.address import is_checksum_address

from agent.adapters.rankings import parse_ranking
from agent.adapters.token_map import (
    TokenMapFile,
    bundled_token_map,
    load_token_map,
    read_token_map,
)
from agent.domain.token import CannotHold, Form, HeldAs, TokenMap
from agent.domain.units import Address
from agent.errors import DataFileError
from tests.adapters.bodies import SAMPLES

WBTC = Address("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599")
CBBTC = Address("0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf")
WETH = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
WTAO = Address("0x77E06c9eCCf2E797fd462A92B6D7642EF85b0A44")


@pytest.fixture(scope="module")
def shipped() -> TokenMap:
    return load_token_map(bundled_token_map(1), chain_id=1)


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    return json.loads(bundled_token_map(1).raw)


def held(shipped: TokenMap, coin_id: str) -> HeldAs:
    found = shipped.lookup(coin_id)
    assert isinstance(found, HeldAs)
    return found


@pytest.mark.parametrize(
    ("coin_id", "address", "decimals", "form"),
    [
        ("bitcoin", WBTC, 8, Form.WRAPPED),
        ("ethereum", WETH, 18, Form.WRAPPED),
        ("bittensor", WTAO, 9, Form.WRAPPED),
        ("chainlink", "0x514910771AF9Ca656af840dff83E8264EcF986CA", 18, Form.NATIVE),
        ("gala", "0xd1d2Eb1B1e90B638588728b4130137D262C87cae", 8, Form.NATIVE),
        ("telcoin", "0x467Bccd9d29f223BcE8043b84E8C8B282827790F", 2, Form.NATIVE),
    ],
)
def test_a_coin_is_held_as_its_token(shipped, coin_id, address, decimals, form):
    found = held(shipped, coin_id)

    assert (1, address, decimals) == (
        found.token.chain_id,
        found.token.address,
        found.token.decimals,
    )
    assert form is found.form
    assert (form is Form.WRAPPED) == bool(found.wrapped_by)


@pytest.mark.parametrize(
    ("coin_id", "words"),
    [
        ("ripple", "another chain"),
        ("solana", "bridge"),
        ("binancecoin", "pre-2020"),
        ("tether", "stablecoin"),
        ("euro-coin", "follows the euro"),
        ("pax-gold", "gold"),
        ("ousg", "permissioned"),
        ("staked-ether", "of ethereum"),
        ("wrapped-bitcoin", "of bitcoin"),
        ("maker", "migrating to SKY"),
        ("floki", "fee on transfers"),
        ("ampleforth", "by themselves"),
        ("leo-token", "exchange"),
        ("cmc:NOT", "not in the token map"),
        ("jupiter-exchange-solana", "another chain"),
    ],
)
def test_a_coin_that_cannot_be_held_says_why(shipped, coin_id, words):
    found = shipped.lookup(coin_id)

    assert isinstance(found, CannotHold)
    assert words in found.reason


def test_the_sample_ranking_can_fill_an_index_of_a_hundred(shipped):
    ranking = parse_ranking((SAMPLES / "ranking.json").read_bytes(), source="sample")
    members = [coin for coin in ranking.coins if coin.coin_id in shipped.held_by_coin]

    assert 110 <= len(members)
    assert 20 == sum(coin.rank <= 100 for coin in members)
    assert all(coin.price_usd is not None for coin in members)


def test_every_coin_of_the_sample_ranking_is_known(shipped):
    ranking = parse_ranking((SAMPLES / "ranking.json").read_bytes(), source="sample")

    known = shipped.held_by_coin.keys() | shipped.reason_by_coin.keys()
    assert set() == {coin.coin_id for coin in ranking.coins} - known


def test_every_address_is_checksummed_and_stands_once(shipped):
    tokens = [h.token for h in shipped.held_by_coin.values()]
    tokens += [s.token for s in shipped.stablecoin_by_coin.values()]

    assert all(is_checksum_address(token.address) for token in tokens)
    assert all(is_checksum_address(feed) for feed in shipped.usd_feed_by_coin.values())
    assert len(tokens) == len({token.address for token in tokens}) > 150


def test_every_entry_names_two_lists_that_exist(tree):
    entries = [*tree["coins"].values(), *tree["stablecoins"].values()]
    entries += [other for coin in tree["coins"].values() for other in coin.get("alternatives", [])]

    for entry in entries:
        assert 2 <= len(set(entry["sources"]))
        assert set(entry["sources"]) <= tree["sources"].keys()


def test_a_dollar_has_an_issuer_and_is_no_index_member(shipped):
    assert {"tether", "usd-coin", "dai", "usds", "paypal-usd"} <= shipped.stablecoin_by_coin.keys()
    assert all(stablecoin.issuer for stablecoin in shipped.stablecoin_by_coin.values())
    assert not shipped.stablecoin_by_coin.keys() & shipped.held_by_coin.keys()


def test_the_majors_have_a_dollar_feed(shipped):
    feeds = shipped.usd_feed_by_coin

    assert "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419" == feeds["ethereum"]
    assert "0xF4030086522a5bEEa4988F8cA5B36dbC97BeE88c" == feeds["bitcoin"]
    assert len(feeds) == len(set(feeds.values()))


def test_an_alternative_form_can_be_chosen_by_address():
    chosen = load_token_map(bundled_token_map(1), chain_id=1, address_by_coin={"bitcoin": CBBTC})

    assert ("cbBTC", "Coinbase") == (
        held(chosen, "bitcoin").token.symbol,
        held(chosen, "bitcoin").wrapped_by,
    )


@pytest.mark.parametrize("coin_id", ["bitcoin", "ripple"])
def test_an_alternative_that_the_map_does_not_name_is_refused(coin_id):
    with pytest.raises(DataFileError, match=f"coins.{coin_id} = '{WETH}': choose"):
        load_token_map(bundled_token_map(1), chain_id=1, address_by_coin={coin_id: WETH})


def test_a_chain_without_a_map_is_refused():
    with pytest.raises(DataFileError, match="chain_id = 10: no token map"):
        bundled_token_map(10)


def test_a_map_can_be_read_from_a_path_of_the_operator(tmp_path):
    path = tmp_path / "tokens.json"
    path.write_bytes(bundled_token_map(1).raw)

    assert 1 == load_token_map(read_token_map(path), chain_id=1).chain_id
    with pytest.raises(DataFileError, match="No such file"):
        read_token_map(tmp_path / "none.json")


def lower_case(tree: dict[str, Any]) -> None:
    tree["coins"]["uniswap"]["token"]["address"] = tree["coins"]["uniswap"]["token"][
        "address"
    ].lower()


def same_token_twice(tree: dict[str, Any]) -> None:
    tree["coins"]["aave"]["token"] = tree["coins"]["uniswap"]["token"]


def held_and_not(tree: dict[str, Any]) -> None:
    tree["cannot_hold"]["aave"] = {"class": "coin", "reason": "thin"}


def stablecoin_as_member(tree: dict[str, Any]) -> None:
    del tree["cannot_hold"]["dai"]


def unknown_reason(tree: dict[str, Any]) -> None:
    tree["cannot_hold"]["ripple"]["reason"] = "whim"


def nameless_wrapper(tree: dict[str, Any]) -> None:
    del tree["coins"]["bitcoin"]["wrapped_by"]


def other_chain(tree: dict[str, Any]) -> None:
    tree["chain_id"] = 10


def missing_decimals(tree: dict[str, Any]) -> None:
    del tree["coins"]["uniswap"]["token"]["decimals"]


def euro_feed(tree: dict[str, Any]) -> None:
    tree["usd_feeds"]["ethereum"]["pair"] = "ETH / EUR"


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lower_case, "coins.uniswap.token.address"),
        (same_token_twice, "token.address"),
        (held_and_not, "cannot_hold.aave"),
        (stablecoin_as_member, "stablecoins.dai"),
        (unknown_reason, "cannot_hold.ripple.reason"),
        (nameless_wrapper, "coins.bitcoin.wrapped_by"),
        (other_chain, "chain_id"),
        (missing_decimals, "coins.uniswap.token.decimals"),
        (euro_feed, "usd_feeds.ethereum.pair"),
    ],
)
def test_a_broken_map_is_refused_by_field(spoil: Callable[[dict[str, Any]], None], field: str):
    tree = json.loads(bundled_token_map(1).raw)
    spoil(tree)

    with pytest.raises(DataFileError) as caught:
        load_token_map(TokenMapFile(path="map", raw=json.dumps(tree).encode()), chain_id=1)

    assert field == caught.value.field
