"""What is asked of venues: every coin that may trade, against every hub it has a pool with."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.policy import Universe
from agent.domain.signal import Regime
from agent.errors import FeedUnusableError
from agent.planning.asking import SPARES
from agent.planning.ladder import rungs
from agent.planning.planner import plan, quote_requests
from tests import worlds
from tests.worlds import (
    USDC,
    USDT,
    WBTC,
    WETH,
    coin_price,
    coin_token,
    v3_pool,
    with_policy,
    world,
)


def asked(inputs):
    """Return the requests made before any pool is read."""
    return quote_requests(replace(inputs, pools=()))


def pairs(inputs):
    return {frozenset((r.token_in, r.token_out)) for r in asked(inputs)}


def test_everything_that_a_plan_considers_was_asked_about():
    inputs = world(coins=30, usd_by_token={USDC: 500_000, coin_token(29): 1_000})
    made = plan(inputs, proposal_id="")
    tokens = {s.ref.address: {s.ref.token0, s.ref.token1} for s in inputs.pools}
    asked_for = [{t.address for t in pair} for pair in pairs(inputs)]

    assert len(made.quotes) > 50
    for quote in made.quotes:
        assert tokens[quote.venue] in asked_for


def test_hubs_are_asked_about_in_pairs():
    hub_pairs = {frozenset(pair) for pair in ((WETH, USDC), (WETH, USDT), (USDC, USDT))}

    assert hub_pairs <= pairs(world(coins=5))


def test_only_hubs_with_a_pool_are_asked_about():
    # In these worlds only every fifth coin trades against USDT.
    requests = pairs(world(coins=12))

    assert frozenset((coin_token(5), USDT)) in requests
    assert frozenset((coin_token(4), USDT)) not in requests


def test_a_coin_to_sell_is_asked_about_against_a_coin_to_buy_where_they_have_a_pool():
    straight = v3_pool(
        990, WBTC, Decimal(90_000), coin_token(4), coin_price(4), depth_usd=10_000_000
    )
    states = (*worlds.pools(12), straight)
    sells = world(coins=12, usd_by_token={WBTC: 100_000}, states=states)
    neither = world(coins=12, usd_by_token={USDC: 100_000}, states=states)

    assert frozenset((WBTC, coin_token(4))) in pairs(sells)
    assert frozenset((WBTC, coin_token(4))) not in pairs(neither)


def test_sizes_follow_the_drift_at_the_rankings_prices():
    inputs = world(coins=5, usd_by_token={WBTC: 100_000})
    sale = next(r for r in asked(inputs) if (r.token_in, r.token_out) == (WBTC, WETH))
    bought = next(r for r in asked(inputs) if (r.token_in, r.token_out) == (WETH, coin_token(3)))
    weight = {t.held_as.coin_id: t.weight_ppm for t in plan(inputs, proposal_id="").basket.targets}

    excess = Decimal(100_000) * (1_000_000 - weight["bitcoin"]) / 1_000_000 / 90_000
    missing = Decimal(100_000) * weight["coin-003"] / 1_000_000 / 3_000
    assert abs(Decimal(sale.amounts_in[-1]).scaleb(-8) - excess) < Decimal("0.0001")
    assert abs(Decimal(bought.amounts_in[-1]).scaleb(-18) - missing) < Decimal("0.0001")


def test_what_is_not_wanted_is_asked_about_in_full_even_without_a_price():
    inputs = world(coins=12, usd_by_token={coin_token(12): 5_000, USDC: 5_000})
    coins = tuple(c for c in inputs.ranking.coins if c.coin_id != "coin-012")
    inputs = replace(inputs, ranking=replace(inputs.ranking, coins=coins))

    request = next(r for r in asked(inputs) if r.token_in == coin_token(12))

    assert request.order_id == "sell:coin-012"
    assert request.amounts_in[-1] == inputs.position.portfolio.amount(coin_token(12).address)


def test_bearish_asks_about_what_is_held():
    inputs = world(coins=12, regime=Regime.BEARISH, usd_by_token={coin_token(5): 5_000})
    coins = {token for pair in pairs(inputs) for token in pair} - set(worlds.BOOK.hubs)

    assert coins == {coin_token(5)}


def test_a_filled_universe_asks_about_spares():
    inputs = with_policy(world(coins=60), universe=Universe.FILL, top_n=20)
    inputs = replace(
        inputs, position=replace(inputs.position, portfolio=worlds.portfolio({USDC: 1_000}))
    )
    coins = {token for pair in pairs(inputs) for token in pair} - {USDC, USDT}

    assert len(coins) == 20 + SPARES


def test_an_empty_portfolio_is_asked_about_at_the_least_order():
    inputs = world(coins=5, usd_by_token={})
    request = next(r for r in asked(inputs) if r.token_out == coin_token(3))

    assert request.amounts_in[-1] in {50 * 10**18 // 3_000, 50 * 10**6}


def test_a_missing_feed_is_refused_before_anything_is_asked():
    inputs = world(coins=5)

    with pytest.raises(FeedUnusableError):
        asked(replace(inputs, position=replace(inputs.position, feeds=())))


@given(st.integers(min_value=0, max_value=10**40))
def test_rungs_rise_to_the_order_itself(amount_in):
    sizes = rungs(amount_in)

    assert list(sizes) == sorted(set(sizes))
    assert sizes[-1] == max(1, amount_in)
    assert sizes[0] >= 1


def test_rungs_halve():
    assert rungs(800) == (100, 200, 400, 800)
    assert rungs(3) == (1, 3)
