"""Baskets traded at once: never worse than order by order, and at ease with odd pools and sizes."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.order import Side
from agent.domain.pool import Tick
from agent.domain.token import Form, HeldAs
from agent.domain.units import Bps, Ppm
from agent.planning.optimum.basket import solve_basket
from agent.planning.planner import plan
from agent.planning.tick_math import sqrt_ratio_at_tick
from tests import worlds
from tests.baskets import gained_usd, gas, order_by_order, sale, seeded
from tests.worlds import (
    ETH_USD,
    USDC,
    USDT,
    WETH,
    coin_price,
    coin_token,
    outcome,
    token,
    v3_pool,
    with_policy,
    with_pools,
    world,
)

COIN = coin_token(3)
ONE = Decimal(1)
COINS = 8


def planned(inputs):
    return plan(inputs, proposal_id="")


def legs_of(made):
    return [leg for batch in made.batches for leg in batch.legs]


def trading(*pools, coin=COIN, price=None, usd=20_000, **policy):
    """Return a world of few coins in which one that is not wanted is held, with these pools of its own."""
    others = [
        s
        for s in worlds.pools(COINS, deeper=10)
        if COIN.address not in {s.ref.token0, s.ref.token1}
    ]
    inputs = with_pools(world(coins=COINS, usd_by_token={USDC: 1_000}), [*others, *pools])
    held = {c: h for c, h in inputs.token_map.held_by_coin.items() if c != "coin-003"}
    held["zombie"] = HeldAs(coin_id="zombie", token=coin, form=Form.NATIVE)
    holding = worlds.Holding(
        token=coin, amount=int((Decimal(usd) / (price or coin_price(3))).scaleb(coin.decimals))
    )
    position = inputs.position
    inputs = replace(
        inputs,
        token_map=replace(inputs.token_map, held_by_coin=held),
        position=replace(
            position,
            portfolio=replace(position.portfolio, holdings=(*position.portfolio.holdings, holding)),
        ),
    )
    return with_policy(
        inputs, drift_band_ppm=Ppm(100), **{"min_notional_usd": Decimal(1), **policy}
    )


def weth_pool(number=900, **changes):
    return v3_pool(
        number, COIN, coin_price(3), WETH, ETH_USD, **{"depth_usd": 5_000_000, **changes}
    )


# -- Value


@pytest.mark.parametrize("gwei", [1, 20])
@pytest.mark.parametrize("seed", range(5))
def test_a_basket_at_once_gains_at_least_what_it_gains_order_by_order(seed, gwei):
    basket = seeded(
        seed,
        coins=14,
        total_usd=300_000,
        slippage_bps=Bps(0),
        gas=gas(gwei),
        max_loss_bps=Bps(9_999),
    )
    found = solve_basket(basket)

    assert found.unplaced == ()
    for currency in (WETH, USDC):
        alone = tuple(order_by_order(basket, currency.address))
        assert gained_usd(basket, found.legs) >= gained_usd(basket, alone)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([*worlds.tokens_by_coin(COINS).values(), USDC, USDT]),
        st.integers(min_value=0, max_value=300_000),
        max_size=6,
    ),
    st.sampled_from(worlds.Regime),
)
def test_each_pool_is_used_once_at_most_and_hubs_trade_one_way(held, regime):
    made = planned(world(coins=COINS, usd_by_token=held, regime=regime))
    pools = Counter(leg.pool for leg in legs_of(made))
    ways = {(o.token_in, o.token_out) for o in made.orders if o.side is Side.CONVERT}

    assert max(pools.values(), default=1) == 1
    assert not any((out, into) in ways for into, out in ways)


def test_needs_that_oppose_each_other_in_a_hub_pool_cancel():
    """Sell one coin for USDC and one for WETH; buy one with WETH and one with USDC, all of one size."""
    only = {3: (USDC, ONE), 4: (WETH, ETH_USD), 5: (WETH, ETH_USD), 6: (USDC, ONE)}
    coins = {n: (coin_token(n), coin_price(n)) for n in only}
    pools = [v3_pool(900 + n, *coins[n], *hub, depth_usd=20_000_000) for n, hub in only.items()]
    given = seeded(0, coins=4)
    basket = replace(
        given,
        sales=tuple(sale(coins[n][0], 50_000, coins[n][1]) for n in (3, 4)),
        purchases=tuple(
            replace(given.purchases[0], token=coins[n][0].address, budget_usd=Decimal(50_000))
            for n in (5, 6)
        ),
        pools=(*pools, *worlds.hub_pools()),
        usd_by_token={
            **given.usd_by_token,
            **{coin.address: price.scaleb(-coin.decimals) for coin, price in coins.values()},
        },
    )
    found = solve_basket(basket)

    assert {leg.purpose for leg in found.legs} == {Side.SELL, Side.BUY}
    assert found.unplaced == ()


# -- Odd pools and sizes


def at_a_tick(pool):
    """Return the pool with its price exactly on its initialised tick next below."""
    below = max(tick.index for tick in pool.ticks if tick.index <= pool.tick)
    liquidity = sum(tick.liquidity_net for tick in pool.ticks if tick.index <= below)
    return replace(pool, tick=below, sqrt_price_x96=sqrt_ratio_at_tick(below), liquidity=liquidity)


def with_a_gap(pool):
    """Return the pool with its liquidity in two stretches below and above the price, none between them."""
    spacing, centre = pool.ref.tick_spacing, pool.tick // pool.ref.tick_spacing
    near, far = pool.liquidity, 3 * pool.liquidity
    ends = [(-40, far), (-6, -far), (-2, near), (2, -near), (6, far), (40, -far)]
    return replace(
        pool,
        liquidity=near,
        ticks=tuple(
            Tick(index=(centre + place) * spacing, liquidity_net=net) for place, net in ends
        ),
    )


@pytest.mark.parametrize("bend", [at_a_tick, with_a_gap])
@pytest.mark.parametrize("usd", [50, 20_000])
def test_odd_pools_are_planned_to_the_base_unit(bend, usd):
    inputs = trading(
        bend(weth_pool(fee_pips=500, positions=100)), usd=usd, max_slippage_bps=Bps(500)
    )
    made = planned(inputs)

    assert {o.coin_id for o in made.orders} >= {"zombie"}
    after = outcome(inputs, made)
    assert after.position.portfolio.amount(COIN.address) == 0


def test_a_pool_that_was_drained_is_told_apart_from_one_that_lost():
    drained = replace(weth_pool(901), liquidity=0, ticks=())
    made = planned(trading(weth_pool(), drained))

    (quote,) = [q for q in made.quotes if q.venue == drained.ref.address]
    assert (quote.taken_amount_in, quote.amount_out) == (0, 0)
    assert quote.verdict.startswith("has no liquidity at its price")


@pytest.mark.parametrize("amount_usd", [Decimal("1e-14"), Decimal("0.10")])
def test_an_order_that_brings_less_than_its_gas_is_left_alone(amount_usd):
    made = planned(trading(weth_pool(), usd=amount_usd, min_notional_usd=Decimal(0)))
    reasons = {skip.coin_id: skip.reason for skip in made.skipped}

    assert "zombie" in reasons
    assert "zombie" not in {o.coin_id for o in made.orders}


def test_an_order_beyond_all_liquidity_is_left_alone_and_the_rest_is_traded():
    made = planned(trading(weth_pool(depth_usd=20_000, positions=1), usd=5_000_000))
    reasons = {skip.coin_id: skip.reason for skip in made.skipped}

    assert "too great a loss" in reasons["zombie"]
    assert {o.side for o in made.orders} >= {Side.BUY}


@pytest.mark.parametrize("decimals", [0, 30])
def test_tokens_of_any_decimals_are_traded(decimals):
    coin, price = token(7_000 + decimals, f"D{decimals}", decimals), Decimal("0.05")
    pool = v3_pool(950, coin, price, WETH, ETH_USD, depth_usd=5_000_000)
    inputs = trading(pool, coin=coin, price=price)
    made = planned(inputs)

    assert [o.amount_in for o in made.orders if o.coin_id == "zombie"] == [
        inputs.position.portfolio.amount(coin.address)
    ]
    assert outcome(inputs, made)


# -- Where there is no way, or none that floats can find


def test_money_that_can_come_to_no_stable_hub_is_left_where_it_is():
    inputs = trading(weth_pool(depth_usd=50_000_000), usd=20_000)
    hub_pairs = {pool.ref.address for pool in worlds.hub_pools()}
    only_ether = [
        s
        for s in inputs.pools
        if s.ref.address not in hub_pairs and WETH.address in {s.ref.token0, s.ref.token1}
    ]
    made = planned(replace(with_pools(inputs, only_ether), policy=inputs.policy))

    assert {o.token_out for o in made.orders if o.coin_id == "zombie"} <= {WETH}
    assert outcome(inputs, made)


def test_a_hub_that_more_is_wanted_of_is_told_of_once():
    inputs = world(coins=5, usd_by_token={coin_token(4): 100_000})
    states = [s for s in inputs.pools if WETH.address not in {s.ref.token0, s.ref.token1}]
    made = planned(with_pools(inputs, states))
    told = Counter((skip.side, skip.coin_id) for skip in made.skipped)

    assert max(told.values(), default=1) == 1


def test_pools_between_coins_are_done_without_where_floats_cannot_price_them():
    given = seeded(3, coins=6, max_loss_bps=Bps(9_999))
    sold, bought = given.sales[0].token, given.purchases[0].token
    ends = {t.address: t for t in worlds.tokens_by_coin(6).values()}
    hopeless = worlds.v2_pool(
        990, ends[sold], Decimal("1e-12"), ends[bought], Decimal("1e12"), depth_usd=10**9
    )
    found = solve_basket(replace(given, pools=(*given.pools, hopeless)))

    assert {leg.token_in for leg in found.legs} >= {one.token for one in given.sales[1:]}
