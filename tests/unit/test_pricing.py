"""Prices: hubs by feed, coins by their deepest pool, doubts where sources contradict each other."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.portfolio import Holding, Price
from agent.errors import FeedUnusableError
from agent.planning.pricing import NO_LIQUIDITY, NO_POOL, UNREAD, market, virtual_reserve
from tests import worlds
from tests.worlds import (
    BOOK,
    DAI,
    ETH_USD,
    NOW,
    USDC,
    USDT,
    WBTC,
    WETH,
    coin_price,
    coin_token,
    v2_pool,
    v3_pool,
    with_holdings,
    with_policy,
    with_pools,
    world,
)

ONE = Decimal(1)
COIN = coin_token(3)


def with_feeds(inputs, **changes):
    """Return the inputs with the native feed's answer changed."""
    feeds = tuple(
        replace(f, **changes) if f.feed == BOOK.native_usd_feed else f
        for f in inputs.position.feeds
    )
    return replace(inputs, position=replace(inputs.position, feeds=feeds))


def without_feed(inputs, feed):
    feeds = tuple(f for f in inputs.position.feeds if f.feed != feed)
    return replace(inputs, position=replace(inputs.position, feeds=feeds))


def with_price(inputs, coin_id, price_usd):
    coins = tuple(
        replace(c, price_usd=price_usd) if c.coin_id == coin_id else c for c in inputs.ranking.coins
    )
    return replace(inputs, ranking=replace(inputs.ranking, coins=coins))


def test_a_world_at_peace_has_a_price_for_everything_and_no_doubt():
    found = market(world(coins=20))

    assert (found.obstacle_by_token, found.doubt_by_token) == ({}, {})
    for coin, token in worlds.tokens_by_coin(20).items():
        expected = worlds.prices_by_coin(20)[coin]
        assert abs(found.price_by_token[token.address].usd / expected - 1) < Decimal("1e-9")


def test_hubs_are_priced_by_their_feeds():
    inputs = world(coins=5)
    position = replace(inputs.position, feeds=worlds.feeds({"tether": Decimal("0.9971")}))
    found = market(replace(inputs, position=position))

    assert found.price_by_token[USDT.address].usd == Decimal("0.9971")
    assert found.price_by_token[WETH.address] == Price(
        usd=ETH_USD, source=f"feed {BOOK.native_usd_feed}"
    )


def test_a_stablecoin_that_is_no_hub_is_priced_by_its_feed_too():
    inputs = world(coins=5)
    position = replace(inputs.position, feeds=worlds.feeds({"dai": Decimal("0.97")}))

    assert market(replace(inputs, position=position)).price_by_token[DAI.address].usd == (
        Decimal("0.97")
    )


def test_a_depegged_hub_moves_the_coins_that_trade_against_it():
    pool = v2_pool(10, COIN, coin_price(3), USDT, ONE, depth_usd=1_000_000)
    inputs = with_pools(world(coins=3), [pool, *worlds.hub_pools()])
    inputs = with_policy(inputs, max_price_deviation_bps=2_000)
    position = replace(inputs.position, feeds=worlds.feeds({"tether": Decimal("0.9")}))

    price = market(replace(inputs, position=position)).price_by_token[COIN.address]

    assert abs(price.usd / coin_price(3) - Decimal("0.9")) < Decimal("1e-6")
    assert price.source == f"pool {pool.ref.address} in USDT"


def test_the_deepest_pool_decides_whatever_its_protocol_or_hub():
    shallow = v3_pool(10, COIN, coin_price(3), WETH, ETH_USD, depth_usd=100_000)
    deep = v2_pool(11, COIN, coin_price(3) * Decimal("1.01"), USDC, ONE, depth_usd=200_000)

    found = market(with_pools(world(coins=3), [shallow, deep, *worlds.hub_pools()]))

    assert found.price_by_token[COIN.address].source == f"pool {deep.ref.address} in USDC"


def test_of_equally_deep_pools_the_lower_address_decides():
    pools = [v2_pool(n, COIN, coin_price(3), USDC, ONE, depth_usd=100_000) for n in (12, 11)]

    found = market(with_pools(world(coins=3), [*pools, *worlds.hub_pools()]))

    assert found.price_by_token[COIN.address].source == f"pool {pools[1].ref.address} in USDC"


def test_a_coin_without_pool_has_an_obstacle():
    found = market(with_pools(world(coins=4), worlds.hub_pools()))

    assert found.obstacle_by_token == {
        token.address: NO_POOL for token in (WBTC, COIN, coin_token(4))
    }


@pytest.mark.parametrize(
    "dry",
    [
        replace(
            v2_pool(10, COIN, coin_price(3), WETH, ETH_USD, depth_usd=1_000), reserve0=0, reserve1=0
        ),
        replace(v3_pool(10, COIN, coin_price(3), WETH, ETH_USD, depth_usd=1_000), liquidity=0),
        replace(v3_pool(10, COIN, coin_price(3), WETH, ETH_USD, depth_usd=1_000), sqrt_price_x96=0),
    ],
)
def test_a_pool_without_liquidity_prices_nothing(dry):
    found = market(with_pools(world(coins=3), [dry, *worlds.hub_pools()]))

    assert found.obstacle_by_token[COIN.address] == NO_LIQUIDITY
    assert COIN.address not in found.price_by_token


def test_a_coin_whose_pools_could_not_be_read_says_so():
    inputs = world(coins=5)
    read = [s for s in inputs.pools if COIN.address not in {s.ref.token0, s.ref.token1}]

    found = market(replace(inputs, pools=tuple(read)))

    assert found.obstacle_by_token == {COIN.address: UNREAD}


def test_a_price_far_from_the_rankings_is_in_doubt_and_counts_at_the_lower():
    inputs = with_price(world(coins=5), "coin-003", coin_price(3) / 2)

    found = market(inputs)

    assert found.doubt_by_token.keys() == {COIN.address}
    assert "the ranking says 277.7" in found.doubt_by_token[COIN.address]
    assert "max_price_deviation_bps is 500" in found.doubt_by_token[COIN.address]
    assert found.price_by_token[COIN.address].usd == coin_price(3) / 2


@pytest.mark.parametrize(("deviation_bps", "is_doubted"), [(499, False), (501, True)])
def test_the_deviation_is_of_the_lower_price(deviation_bps, is_doubted):
    price = coin_price(3) * (1 + Decimal(deviation_bps) / 10_000)

    found = market(with_price(world(coins=5), "coin-003", price))

    assert (COIN.address in found.doubt_by_token) == is_doubted


def test_a_hub_in_doubt_keeps_the_price_of_its_feed():
    found = market(with_price(world(coins=5), "ethereum", ETH_USD / 2))

    assert WETH.address in found.doubt_by_token
    assert found.price_by_token[WETH.address].usd == ETH_USD


def test_a_coin_that_the_ranking_does_not_price_is_not_in_doubt():
    found = market(with_price(world(coins=5), "coin-003", None))

    assert COIN.address in found.price_by_token
    assert found.doubt_by_token == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"updated_at": NOW - 90_001}, "90001 s old, max_feed_age_s is 90000"),
        ({"answer": 0}, "its answer is 0"),
        ({"answer": -5}, "its answer is -5"),
    ],
)
def test_nothing_can_be_valued_without_the_native_feed(change, reason):
    with pytest.raises(FeedUnusableError, match=reason) as caught:
        market(with_feeds(world(coins=3), **change))

    assert caught.value.exit_code == 7


def test_a_missing_native_feed_is_named():
    with pytest.raises(FeedUnusableError, match=f"{BOOK.native_usd_feed} of WETH .* no answer"):
        market(without_feed(world(coins=3), BOOK.native_usd_feed))


def test_a_feed_at_the_age_limit_is_used():
    assert market(with_feeds(world(coins=3), updated_at=NOW - 90_000)).price_by_token


def test_the_stable_hub_needs_its_feed():
    inputs = world(coins=3)

    with pytest.raises(FeedUnusableError, match="of USDC"):
        market(without_feed(inputs, inputs.token_map.usd_feed_by_coin["usd-coin"]))


def test_the_stable_hub_needs_a_feed_in_the_token_map():
    inputs = world(coins=3)
    feeds = {c: f for c, f in inputs.token_map.usd_feed_by_coin.items() if c != "usd-coin"}

    with pytest.raises(FeedUnusableError, match="USDC is not usable: not in the token map"):
        market(replace(inputs, token_map=replace(inputs.token_map, usd_feed_by_coin=feeds)))


def test_another_hub_without_feed_is_not_used():
    inputs = world(coins=5)

    found = market(without_feed(inputs, inputs.token_map.usd_feed_by_coin["tether"]))

    assert found.obstacle_by_token[USDT.address] == (
        "its price feed is not usable: it gave no answer"
    )


def test_a_held_token_outside_the_token_map_is_looked_at():
    stranger = coin_token(99)
    inputs = with_holdings(world(coins=5), [Holding(token=stranger, amount=1)])

    assert market(inputs).obstacle_by_token == {stranger.address: NO_POOL}


def test_virtual_reserves_are_those_of_a_pair_that_trades_alike():
    depth = 3_000_000
    pool = v3_pool(10, COIN, coin_price(3), WETH, ETH_USD, depth_usd=depth)
    is_token0 = pool.ref.token0 == WETH.address

    eth = Decimal(virtual_reserve(pool, is_token0=is_token0)) / 10**18
    coins = Decimal(virtual_reserve(pool, is_token0=not is_token0)) / 10**18

    assert abs(eth * ETH_USD / depth - 1) < Decimal("1e-9")
    assert abs(coins * coin_price(3) / depth - 1) < Decimal("1e-9")
