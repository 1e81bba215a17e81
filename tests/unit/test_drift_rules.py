"""When a drift is traded and how far: no-trade regions, the benefit gate, rests, trims, budgets, reserve."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.memory import NOTHING_REMEMBERED, Memory, Spent
from agent.domain.order import Side
from agent.domain.rules import BandRule, BudgetRules, DriftRules, TradeTo
from agent.domain.signal import Regime
from agent.domain.units import Bps, Ppm
from agent.planning.planner import plan
from tests.worlds import NOW, USDC, WBTC, WETH, coin_token, outcome, pools, with_policy, world

COINS = 6
DEEP = pools(COINS, deeper=50)
DAY = 86_400
NO_BUDGET = BudgetRules()
HELD = {WBTC: 600_000, WETH: 250_000, coin_token(3): 60_000, coin_token(4): 50_000, USDC: 1_000}
TIGHT = {"drift_band_ppm": Ppm(500), "drift_band_of_target_ppm": Ppm(20_000), "top_n": COINS}


def planned(
    *, held=HELD, memory=NOTHING_REMEMBERED, budget=NO_BUDGET, regime=Regime.BULLISH, **drift
):
    inputs = world(coins=COINS, usd_by_token=held, states=DEEP, regime=regime)
    inputs = with_policy(inputs, **TIGHT, drift=DriftRules(**drift), budget=budget)
    inputs = replace(inputs, memory=memory)
    return inputs, plan(inputs, proposal_id="p")


def worth(made):
    """Return dollars by side and coin, over all hubs; a coin bought with another counts on both sides."""
    found = {}
    for order in made.orders:
        if order.side is Side.CONVERT:
            continue
        _, coin, against = order.id.split(":")
        names = [f"{order.side}:{coin}"]
        if against.startswith("="):
            names.append(f"buy:{against[1:]}")
        for name in names:
            found[name] = found.get(name, 0) + order.notional_usd
    return found


def skipped(made):
    return {skip.coin_id: skip.reason for skip in made.skipped}


def test_drifts_trade_to_the_edge_of_their_bands_where_the_policy_says_so():
    _, to_target = planned()
    _, to_edge = planned(trade_to=TradeTo.EDGE)

    full, less = worth(to_target)["sell:coin-004"], worth(to_edge)["sell:coin-004"]
    assert 0 < less < full


def test_costs_in_proportion_trade_to_the_edge_and_a_fixed_cost_to_the_target():
    rules = {"band_rule": BandRule.NO_TRADE, "trade_to": TradeTo.COST, "risk_aversion": Decimal(20)}
    _, cheap_gas = planned(**rules)
    inputs, _ = planned(**rules)
    position = inputs.position
    dear = replace(
        inputs,
        position=replace(position, block=replace(position.block, base_fee_per_gas=200 * 10**9)),
    )
    dear_gas = plan(dear, proposal_id="p")
    _, full = planned()

    assert worth(cheap_gas)["sell:coin-004"] < worth(full)["sell:coin-004"]
    assert worth(dear_gas)["sell:coin-004"] == worth(full)["sell:coin-004"]


def test_the_no_trade_region_grows_with_volatility():
    rules = {"band_rule": BandRule.NO_TRADE, "trade_to": TradeTo.EDGE, "risk_aversion": Decimal(20)}
    wild = Memory(volatility_ppm_by_token={coin_token(4).address: Ppm(1_600_000)})
    _, calm_plan = planned(**rules)
    _, wild_plan = planned(memory=wild, **rules)

    assert worth(wild_plan)["sell:coin-004"] < worth(calm_plan)["sell:coin-004"]


def test_an_order_that_costs_more_than_it_is_worth_is_skipped_with_both_numbers():
    _, made = planned(risk_aversion=Decimal("0.001"), mandate_bps=Bps(10_000))

    assert "sell:coin-004" not in worth(made)
    assert skipped(made)["coin-004"].startswith("not worth its cost: closing it is worth ")
    assert "USD and costs" in skipped(made)["coin-004"]


def test_the_mandate_pays_for_a_coin_that_enters_where_the_drift_alone_does_not():
    _, without = planned(risk_aversion=Decimal("0.001"), mandate_bps=Bps(0))
    _, with_it = planned(risk_aversion=Decimal("0.001"), mandate_bps=Bps(10_000))

    entry = "buy:coin-005"
    assert entry not in worth(without)
    assert entry in worth(with_it)


def test_an_entry_inside_its_band_is_bought_where_constituents_are_traded():
    wide = {**TIGHT, "drift_band_ppm": Ppm(200_000)}
    held = {WBTC: 700_000, WETH: 195_000, coin_token(3): 87_000, coin_token(4): 49_000}
    inputs = world(coins=COINS, usd_by_token=held, states=DEEP)

    left = plan(with_policy(inputs, **wide), proposal_id="p")
    taken = plan(
        with_policy(inputs, **wide, drift=DriftRules(trades_constituents=True)), proposal_id="p"
    )

    assert worth(left) == {}
    assert "buy:coin-005" in worth(taken)


@pytest.mark.parametrize(("probability", "rests"), [("0.6", False), ("0.9", True)])
def test_drifts_rest_while_the_market_trends(probability, rests):
    inputs, _ = planned()
    inputs = with_policy(
        inputs, drift=DriftRules(trend_probability=Decimal("0.8"), trend_rest_days=28)
    )
    inputs = replace(
        inputs,
        regime=replace(inputs.regime, probability=Decimal(probability)),
        memory=Memory(rebalanced_at=NOW - 7 * DAY),
    )

    made = plan(inputs, proposal_id="p")

    assert ("sell:coin-004" not in worth(made)) is rests
    assert ("drifts rest 28 days" in skipped(made).get("coin-004", "")) is rests


def test_a_strong_runner_is_trimmed_in_steps():
    rules = {"runner_ppm": Ppm(100_000), "trim_ppm": Ppm(250_000)}
    _, full = planned()
    _, first = planned(**rules)
    _, resting = planned(memory=Memory(sold_at_by_coin={"coin-004": NOW - 2 * DAY}), **rules)
    _, next_step = planned(memory=Memory(sold_at_by_coin={"coin-004": NOW - 7 * DAY}), **rules)

    sale = "sell:coin-004"
    assert abs(worth(first)[sale] - worth(full)[sale] / 4) < 1
    assert sale not in worth(resting)
    assert "the last sale was 2.0 days ago" in skipped(resting)["coin-004"]
    assert worth(first)[sale] == worth(next_step)[sale]


def test_what_a_budget_does_not_hold_is_carried_over_worst_drift_first():
    free, _ = planned()
    unbounded = worth(plan(free, proposal_id="p"))
    _, made = planned(budget=BudgetRules(week_turnover_ppm=Ppm(60_000)))

    taken = worth(made)
    worst = max(unbounded, key=unbounded.__getitem__)
    assert worst in taken
    assert taken.keys() < unbounded.keys()
    assert sum(taken.values()) <= 60_000 * Decimal("1.05")
    assert any(reason.startswith("carried over: ") for reason in skipped(made).values())


def test_what_was_spent_this_week_counts_and_a_year_binds_too():
    spent = Memory(
        week=Spent(turnover_usd=Decimal(60_000)), year=Spent(turnover_usd=Decimal(60_000))
    )
    for budget in (
        BudgetRules(week_turnover_ppm=Ppm(60_000)),
        BudgetRules(year_turnover_ppm=Ppm(60_000)),
        BudgetRules(week_cost_bps=Bps(0)),
    ):
        _, made = planned(budget=budget, memory=spent)

        assert worth(made) == {}


@pytest.mark.parametrize("regime", list(Regime))
def test_no_budget_binds_a_switch(regime):
    is_out = regime is Regime.BEARISH
    held = {WBTC: 500_000, coin_token(3): 100_000} if is_out else {USDC: 1_000_000}
    free, _ = planned(held=held, regime=regime)
    _, bound = planned(held=held, regime=regime, budget=BudgetRules(week_turnover_ppm=Ppm(0)))

    assert worth(plan(free, proposal_id="p")) == worth(bound) != {}


def test_a_cash_reserve_is_raised_from_what_is_overweight_and_kept():
    inputs, made = planned(cash_reserve_usd=Decimal(50_000))

    after = outcome(inputs, made)
    cash = after.position.portfolio.amount(USDC.address)
    assert 49_500 * 10**6 < cash < 52_000 * 10**6
    assert not plan(after, proposal_id="p").orders


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.builds(
        DriftRules,
        band_rule=st.sampled_from(BandRule),
        trade_to=st.sampled_from(TradeTo),
        trades_constituents=st.booleans(),
        risk_aversion=st.sampled_from([Decimal(0), Decimal(1), Decimal(10)]),
        trend_band_ppm=st.sampled_from([Ppm(500_000), Ppm(2_000_000)]),
    ),
    st.lists(st.integers(0, 100_000), min_size=COINS, max_size=COINS),
)
def test_a_second_rebalance_right_after_does_nothing_whatever_the_rules(rules, usd):
    tokens = (WBTC, WETH, *(coin_token(n) for n in range(3, COINS + 1)))
    held = {USDC: 50_000, **dict(zip(tokens, usd, strict=True))}
    inputs = world(coins=COINS, usd_by_token=held, states=DEEP)
    inputs = with_policy(inputs, **TIGHT, drift=rules, min_notional_usd=Decimal(200))
    after = outcome(inputs, plan(inputs, proposal_id="p"))

    assert [o.id for o in plan(after, proposal_id="p").orders] == []


def test_what_was_just_trimmed_is_not_trimmed_again_nor_pays_for_others():
    inputs, made = planned(runner_ppm=Ppm(100_000), trim_ppm=Ppm(250_000))
    sold = {order.coin_id: NOW for order in made.orders if order.side is Side.SELL}

    again = plan(
        replace(outcome(inputs, made), memory=Memory(sold_at_by_coin=sold)), proposal_id="p"
    )

    assert "sell:coin-004" not in worth(again)
