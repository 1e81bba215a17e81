"""Orders of a basket: into which hubs, what hubs pay each other, buys cut to what is sure."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.order import Side
from agent.domain.units import Ppm
from agent.planning.planner import plan
from tests import worlds
from tests.worlds import (
    ETH_USD,
    USDC,
    USDT,
    WETH,
    coin_price,
    coin_token,
    outcome,
    v2_pool,
    v3_pool,
    with_policy,
    with_pools,
    world,
)

COIN = coin_token(3)
ONE = Decimal(1)


def planned(inputs):
    return plan(inputs, proposal_id="")


def order(made, order_id):
    return next(o for o in made.orders if o.id == order_id)


def selling(*coin_pools, usd=100_000, **policy):
    """Return a world in which a coin that is not wanted is sold, through these pools and the hubs'."""
    others = [
        s for s in worlds.pools(5, deeper=10) if COIN.address not in {s.ref.token0, s.ref.token1}
    ]
    inputs = with_pools(world(coins=5, usd_by_token={COIN: usd}), [*others, *coin_pools])
    held = {c: h for c, h in inputs.token_map.held_by_coin.items() if c != "coin-003"}
    unwanted = replace(
        inputs.token_map, held_by_coin=held | {"zombie": inputs.token_map.held_by_coin["coin-003"]}
    )
    return with_policy(replace(inputs, token_map=unwanted), **policy)


def weth_pool(number=900, depth_usd=5_000_000, **changes):
    return v3_pool(number, COIN, coin_price(3), WETH, ETH_USD, depth_usd=depth_usd, **changes)


def usdc_pool(number=910, depth_usd=5_000_000, **changes):
    return v3_pool(number, COIN, coin_price(3), USDC, ONE, depth_usd=depth_usd, **changes)


def outs(made, coin_id):
    """Return how much of a coin is sold into each hub, in dollars."""
    return {o.token_out: o.notional_usd for o in made.orders if o.coin_id == coin_id}


def test_a_coin_is_sold_into_every_hub_whose_pools_are_worth_it():
    found = outs(planned(selling(weth_pool(), usdc_pool(depth_usd=2_500_000))), "zombie")

    assert found[WETH] > found[USDC] > 20_000
    assert sum(found.values()) == pytest.approx(Decimal(100_000), abs=Decimal("0.02"))


def test_a_hub_whose_pools_pay_too_little_gets_nothing():
    dear = usdc_pool(fee_pips=10_000)

    assert set(outs(planned(selling(weth_pool(), dear, usd=10_000)), "zombie")) == {WETH}


def test_quotes_of_the_other_hub_are_kept_with_the_reason():
    lost = usdc_pool(fee_pips=10_000)
    made = planned(selling(weth_pool(), lost, usd=10_000))

    (quote,) = [q for q in made.quotes if q.venue == lost.ref.address]
    assert quote.order_id == "sell:zombie:USDC"
    assert quote.verdict == "the order brings more through WETH"
    assert quote.taken_amount_in == 0 < quote.amount_out


def test_quotes_of_taken_pools_say_how_much_they_took():
    first, second = weth_pool(900), weth_pool(901, depth_usd=2_500_000)
    made = planned(selling(first, second))
    sale = order(made, "sell:zombie:WETH")

    taken = {q.venue: q.taken_amount_in for q in made.quotes if q.order_id == sale.id}
    assert sum(taken.values()) == sale.amount_in
    assert taken[first.ref.address] > taken[second.ref.address] > 0


def test_a_pool_that_is_not_worth_its_gas_is_left_out():
    main, tiny = weth_pool(), v2_pool(901, COIN, coin_price(3), WETH, ETH_USD, depth_usd=2_000)
    inputs = selling(main, tiny, usd=2_000)
    block = replace(inputs.position.block, base_fee_per_gas=200 * 10**9)
    made = planned(replace(inputs, position=replace(inputs.position, block=block)))

    (quote,) = [q for q in made.quotes if q.venue == tiny.ref.address]
    assert quote.taken_amount_in == 0


def test_what_one_hub_lacks_others_pay():
    inputs = world(coins=5, usd_by_token={USDC: 60_000, USDT: 40_000})
    made = planned(inputs)
    into_ether = sum(o.notional_usd for o in made.orders if o.token_out == WETH)
    held = outcome(inputs, made).position.portfolio

    assert into_ether > 50_000
    assert held.amount(USDC.address) < 1_500 * 10**6
    assert held.amount(USDT.address) < 1_500 * 10**6


def test_a_hub_that_has_enough_converts_nothing():
    inputs = world(coins=5, usd_by_token={WETH: 100_000})
    made = planned(inputs)

    assert not any(o.token_out == WETH for o in made.orders)


def test_a_pair_of_hubs_trades_in_one_direction_at_most():
    made = planned(world(coins=60, usd_by_token={WETH: 200_000, USDC: 200_000, USDT: 100_000}))
    pairs = [frozenset({o.token_in, o.token_out}) for o in made.orders if o.side is Side.CONVERT]

    assert len(set(pairs)) == len(pairs)


def test_a_coin_may_be_bought_straight_with_another():
    other = coin_token(4)
    straight = v3_pool(
        950, COIN, coin_price(3), other, coin_price(4), depth_usd=20_000_000, fee_pips=500
    )
    inputs = selling(weth_pool(), straight)
    made = planned(inputs)

    direct = order(made, "sell:zombie:=coin-004")
    assert (direct.token_in, direct.token_out) == (COIN, other)
    assert direct.notional_usd > 1_000
    assert planned(outcome(inputs, made)).orders == ()


def test_ether_beyond_its_band_goes_to_the_stable_hub_and_stays_within_it_otherwise():
    weight = weight_of("ethereum", world(coins=5))
    too_much = weight * 115 // 100  # of a portfolio of a million; the band is 10 % of the target
    a_little = weight * 107 // 100

    # The excess makes the portfolio larger, and with it the target.
    excess = Decimal(too_much) * 15 / 115 * (1_000_000 - weight) / 1_000_000
    assert converted(too_much) == pytest.approx(excess, rel=Decimal("0.001"))
    assert converted(a_little) == 0


def converted(ether_usd):
    """Return the dollars of ether sold from a portfolio in which everything else is at its target."""
    inputs = world(coins=5)
    others = {
        held.token: weight_of(coin, inputs) for coin, held in inputs.token_map.held_by_coin.items()
    }
    position = replace(
        inputs.position, portfolio=worlds.portfolio({**others, WETH: ether_usd}, coins=5)
    )
    made = planned(replace(inputs, position=position))
    return sum(order.notional_usd for order in made.orders if order.token_in == WETH)


def weight_of(coin, inputs):
    targets = planned(inputs).basket.targets
    return next(target.weight_ppm for target in targets if target.held_as.coin_id == coin)


def test_without_a_pool_between_hubs_the_buys_do_without():
    states = [
        s
        for s in worlds.pools(5)
        if s.ref.address not in {p.ref.address for p in worlds.hub_pools()}
    ]
    inputs = with_pools(world(coins=5, usd_by_token={USDC: 100_000}), states)
    made = planned(inputs)

    assert {o.token_in for o in made.orders} <= {USDC}
    assert {s.reason for s in made.skipped if s.side is Side.BUY} == {
        "no pools lead from what is held to what is wanted"
    }


def test_short_cash_is_shared_and_the_smallest_buys_give_way():
    # A coin in doubt cannot be sold, so that there is cash for a few percent of the buys only.
    inputs = world(coins=12, usd_by_token={coin_token(4): 100_000, USDC: 3_000})
    coins = tuple(
        replace(c, price_usd=c.price_usd * 2) if c.coin_id == "coin-004" else c
        for c in inputs.ranking.coins
    )
    made = planned(replace(inputs, ranking=replace(inputs.ranking, coins=coins)))
    bought = sum(o.notional_usd for o in made.orders if o.side is Side.BUY)
    unpaid = {
        s.coin_id
        for s in made.skipped
        if s.reason == "too little cash for it after what comes first"
    }

    assert 1_000 < bought <= 3_000
    assert unpaid
    assert min(o.notional_usd for o in made.orders) >= Decimal(49)
    assert outcome(inputs, made)


def test_later_batches_spend_what_the_floors_of_earlier_ones_guarantee():
    inputs = with_policy(
        world(coins=60), batch_gas_share_ppm=Ppm(30_000), drift_band_ppm=Ppm(100),
        min_notional_usd=Decimal(20),
    )  # fmt: skip
    made = planned(inputs)
    balance = {h.token.address: h.amount for h in inputs.position.portfolio.holdings}

    assert len(made.batches) > 3
    for batch in made.batches:
        for floor in batch.floors:
            balance[floor.token] = balance.get(floor.token, 0) + floor.min_delta
            assert balance[floor.token] >= 0
