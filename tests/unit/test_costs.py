"""Costs: gas, fees and impact add up to what the plan loses."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.order import Batch, Order, Side
from agent.domain.portfolio import Price
from agent.domain.units import Ppm
from agent.planning.costs import bps, cost_preview, price_impact_bps, turnover_usd
from agent.planning.gas import GasPrice
from agent.planning.planner import plan
from tests.unit.test_batching import leg
from tests.worlds import USDC, USDT, WETH, coin_token, with_policy, world

COIN = coin_token(3)
PRICES = {
    WETH.address: Price(usd=Decimal(3000), source="test"),
    USDC.address: Price(usd=Decimal(1), source="test"),
    USDT.address: Price(usd=Decimal(1), source="test"),
    COIN.address: Price(usd=Decimal(10), source="test"),
}
GAS = GasPrice(wei_per_gas=2 * 10**9, native=WETH, price_by_token=PRICES)
USD = 10**6
CASH = (USDC, USDT)


def batch(*legs, gas_forecast=1_000_000):
    return Batch(
        index=0, sequence=1, legs=legs, floors=(), gas_forecast=gas_forecast, gas_limit=gas_forecast
    )


def order(order_id, token_in, token_out, notional_usd):
    return Order(
        id=order_id,
        side=Side.SELL,
        coin_id="coin-003",
        token_in=token_in,
        token_out=token_out,
        amount_in=1,
        notional_usd=Decimal(notional_usd),
        drift_ppm=Ppm(0),
    )


SALE = replace(
    leg(1, COIN, USDC, amount_in=100 * 10**18, amount_out=990 * USD),
    mid_amount_out=1_000 * USD,
    order_id="sell:coin-003",
)


def test_one_order_costs_gas_fee_and_impact():
    preview = cost_preview(
        [order("sell:coin-003", COIN, USDC, "1000.00")],
        [batch(SALE)],
        gas_price=GAS,
        portfolio_usd=Decimal(50_000),
        cash=CASH,
    )

    (cost,) = preview.orders
    assert cost.gas_usd == Decimal("6.00")  # 1,000,000 gas at 2 gwei and 3,000 USD
    assert cost.venue_fee_usd == Decimal("3.00")  # 0.3 % of 1,000 USD
    assert cost.price_impact_usd == Decimal("7.00")  # the rest of the ten dollars lost
    assert (cost.total_usd, cost.total_bps) == (Decimal("16.00"), Decimal("160.00"))
    assert (preview.year_usd, preview.year_bps) == (Decimal("832.00"), Decimal("166.40"))


def test_a_batchs_gas_is_shared_by_that_of_its_legs():
    other = replace(SALE, order_id="sell:b", gas=3 * SALE.gas)
    preview = cost_preview(
        [order("sell:coin-003", COIN, USDC, 1_000), order("sell:b", COIN, USDC, 1_000)],
        [batch(SALE, other)],
        gas_price=GAS,
        portfolio_usd=Decimal(50_000),
        cash=CASH,
    )

    assert [Decimal("1.50"), Decimal("4.50")] == [cost.gas_usd for cost in preview.orders]
    assert preview.gas_usd == Decimal("6.00")


def test_no_orders_cost_nothing():
    preview = cost_preview([], [], gas_price=GAS, portfolio_usd=Decimal(0), cash=CASH)

    assert (preview.total_usd, preview.total_bps, preview.year_bps) == (0, 0, 0)


def test_price_impact_is_measured_beside_the_fee():
    # 1,000 promised, 3 fee: 997; 990 come.
    assert price_impact_bps([SALE]) == bps(Decimal(7), Decimal(997)) == Decimal("70.21")


def test_what_a_pool_rounds_away_is_no_negative_impact():
    exact = replace(SALE, amount_out=999, mid_amount_out=999, fee_pips=1)
    preview = cost_preview(
        [order("sell:coin-003", COIN, USDC, "0.01")],
        [batch(exact)],
        gas_price=GAS,
        portfolio_usd=Decimal(1),
        cash=CASH,
    )

    assert preview.price_impact_usd == 0


@pytest.mark.parametrize(
    ("legs", "turnover"),
    [
        # Sold for cash: counted once.
        ([SALE], "1000.00"),
        # Sold for ether: that is bought too.
        ([leg(1, COIN, WETH, 100 * 10**18, 10**18 // 3)], "2000.00"),
        # Through ether into cash: ether nets out.
        (
            [
                leg(1, COIN, WETH, 100 * 10**18, 10**18 // 3),
                leg(2, WETH, USDC, 10**18 // 3, 1_000 * USD),
            ],
            "1000.00",
        ),
        # Cash into cash: no turnover.
        ([leg(1, USDC, USDT, USD, USD)], "0.00"),
    ],
)
def test_turnover_is_what_leaves_and_enters_beside_cash(legs, turnover):
    assert Decimal(turnover) == turnover_usd([batch(*legs)], PRICES, CASH)


@settings(max_examples=15)
@given(st.integers(min_value=1_000, max_value=1_000_000))
def test_costs_of_orders_add_up_and_explain_what_is_lost(usd):
    inputs = with_policy(
        world(coins=12, usd_by_token={coin_token(4): usd}), min_notional_usd=Decimal(20)
    )
    made = plan(inputs, proposal_id="")
    cost = made.cost

    assert cost.total_usd == cost.gas_usd + cost.venue_fee_usd + cost.price_impact_usd
    assert cost.total_usd == sum(one.total_usd for one in cost.orders)
    assert cost.notional_usd == sum(one.notional_usd for one in made.orders)
    assert all(one.price_impact_usd >= 0 for one in cost.orders)
    legs = [g for b in made.batches for g in b.legs]
    lost = sum(
        (
            worth(made, g.token_in, g.amount_in) - worth(made, g.token_out, g.amount_out)
            for g in legs
        ),
        start=Decimal(0),
    )
    # The world's pools stand at its prices, so fee and impact are all there is to lose.
    explained = cost.venue_fee_usd + cost.price_impact_usd
    assert abs(lost - explained) <= Decimal("0.01") * len(made.orders)


def worth(made, token, amount):
    return Decimal(amount).scaleb(-token.decimals) * made.price_by_token[token.address].usd
