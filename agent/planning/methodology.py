"""The index's methodology in words, from the policy in force: every number in it is the policy's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from agent.domain.policy import Policy, Universe
from agent.domain.rules import BandRule, BudgetRules, TradeTo, Weighting
from agent.domain.units import Bps, Ppm
from agent.planning.bands import penalty
from agent.planning.membership import border

PPM_PER_PERCENT = 10_000
BPS_PER_PERCENT = 100

WEIGHTS = {
    Weighting.CAP: "in proportion to its market cap",
    Weighting.EQUAL: "equally",
    Weighting.VOLATILITY: "in proportion to one over its volatility",
}
TRADED_TO = {
    TradeTo.TARGET: "to its target",
    TradeTo.EDGE: "to the edge of its band",
    TradeTo.COST: "to the edge of its band, or to its target where the fixed cost of an order decides",
}


def methodology(policy: Policy, *, cron: str, notice_hours: int) -> str:
    """Return the methodology as Markdown."""
    sections = (
        ("Members", _members(policy)),
        ("Weights", _weights(policy)),
        ("When a drift is traded", _drifts(policy)),
        ("What it may cost", _budgets(policy)),
        ("When", _times(policy, cron, notice_hours)),
        ("Out of the index", _exit(policy)),
        ("Limits", _limits(policy)),
    )
    parts = ["# Methodology", INTRODUCTION]
    parts += [
        "\n".join((f"## {title}", "", *(f"- {line}" for line in lines)))
        for title, lines in sections
    ]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = (
    "Generated from the policy in force by `agent methodology`; do not edit. This page is that of the "
    "default settings."
)


def _members(policy: Policy) -> Iterator[str]:
    places, rules = border(policy), policy.index
    of = "rank" if policy.universe is Universe.STRICT else "place among the coins that can be held"
    yield f"The index is the coins from {of} {places.first} to {places.last} that can be held and traded."
    if (places.enter, places.leave) != (places.last, places.last):
        yield (
            f"Buffer: a coin that is not held enters at {places.enter} or better, one that is held leaves "
            f"beyond {places.leave}."
        )
    if rules.include:
        yield f"Always in: {', '.join(rules.include)}."
    if rules.exclude:
        yield f"Never in: {', '.join(rules.exclude)}."
    if rules.sectors:
        yield f"Only of the sectors {', '.join(rules.sectors)}."
    yield "A coin held already counts as such from an amount worth an order on."


def _weights(policy: Policy) -> Iterator[str]:
    rules = policy.index
    yield f"A member is weighted {WEIGHTS[rules.weighting]}; weights sum to 1,000,000 ppm."
    if policy.max_coin_weight_ppm is not None:
        yield f"No coin weighs more than {percent(policy.max_coin_weight_ppm)}."
    for coin, cap in sorted(rules.cap_ppm_by_coin.items()):
        yield f"{coin} weighs {percent(cap)} at most."
    for sector, cap in sorted(rules.cap_ppm_by_sector.items()):
        yield f"The sector {sector} weighs {percent(cap)} at most."
    yield "What a cap cuts off goes to the others in proportion."
    if policy.drift.cash_reserve_usd:
        yield f"{policy.drift.cash_reserve_usd:,f} USD are kept in the stable hub."


def _drifts(policy: Policy) -> Iterator[str]:
    rules = policy.drift
    if rules.band_rule is BandRule.FIXED:
        yield (
            f"A coin is left alone within the larger of {percent(policy.drift_band_ppm)} of the portfolio "
            f"and {percent(policy.drift_band_of_target_ppm)} of its own target."
        )
    else:
        yield (
            "A coin is left alone within its no-trade region: the larger of (3 l s^2 / 4 k)^(1/3) and "
            "(6 f s^2 / k)^(1/4), with l its cost in proportion, f the fixed cost of an order, s how its "
            f"weight varies in a year, and k = {penalty(rules).normalize():f}."
        )
    yield f"Beyond it is traded back {TRADED_TO[rules.trade_to]}."
    if rules.trades_constituents:
        yield "A coin that enters is bought inside its band too; one that leaves is sold."
    yield f"An order below {policy.min_notional_usd:,f} USD is skipped."
    yield from _gate(policy)
    yield from _trend(policy)
    if rules.runner_ppm is not None:
        yield (
            f"Of a coin that is {percent(rules.runner_ppm)} of its target above it, {percent(rules.trim_ppm)} "
            f"of what is too much is sold, and the next share {rules.trim_days} days later."
        )
    yield (
        "Cash that nothing needs goes to what is most underweight; cash that is missing comes from what is "
        "most overweight."
    )


def _gate(policy: Policy) -> Iterator[str]:
    rules = policy.drift
    if not rules.risk_aversion:
        return
    yield (
        f"An order is made where closing its drift is worth what it costs: {penalty(rules).normalize():f} x "
        f"drift^2 x portfolio a year, for {rules.benefit_days} days; for a coin that enters or leaves "
        f"{rules.mandate_bps} bps of the order besides. Orders that are not are listed with both numbers."
    )


def _trend(policy: Policy) -> Iterator[str]:
    rules = policy.drift
    if rules.trend_band_ppm != rules.range_band_ppm:
        yield (
            f"At a regime probability of {rules.trend_probability:f} or more bands are "
            f"{percent(rules.trend_band_ppm)} of what is said above, else {percent(rules.range_band_ppm)}."
        )
    if rules.trend_rest_days or rules.range_rest_days:
        yield (
            f"After a rebalance drifts rest {rules.trend_rest_days} days at that probability, else "
            f"{rules.range_rest_days}; entries and exits do not."
        )


def _budgets(policy: Policy) -> Iterator[str]:
    rules = policy.budget
    bounds = (
        (rules.week_turnover_ppm, "7 days", "turned over"),
        (rules.year_turnover_ppm, "365 days", "turned over"),
    )
    costs = ((rules.week_cost_bps, "7 days"), (rules.year_cost_bps, "365 days"))
    for most, days, what in bounds:
        if most is not None:
            yield f"In any {days} {percent(most)} of the portfolio are {what} at most, sells and buys together."
    for cost, days in costs:
        if cost is not None:
            yield f"In any {days} rebalancing costs {percent_of_bps(cost)} of the portfolio at most."
    if rules == BudgetRules():
        yield "No budget binds rebalancing beyond the limits below."
    else:
        yield "What does not fit is carried over, worst drift first. A switch of the regime is not bound."


def _times(policy: Policy, cron: str, notice_hours: int) -> Iterator[str]:
    yield f"Cycles run on `{cron}` (UTC), and are proposed {notice_hours} hours ahead."
    yield (
        "A plan that leaves its proposal's bounds is not carried out: a new proposal follows. A price may "
        f"move {percent_of_bps(policy.max_price_move_bps)} between the two."
    )


def _exit(policy: Policy) -> Iterator[str]:
    weights = sorted(policy.stablecoin_weight_by_coin.items())
    held = ", ".join(f"{coin} {percent(weight)}" for coin, weight in weights)
    yield f"While the stance is bearish everything is in {held}, and nothing is rebalanced."
    yield "The way out is not bound in size, turnover or cost; it does not wait for the schedule."


def _limits(policy: Policy) -> Iterator[str]:
    yield f"An order is worth {policy.max_order_usd:,f} USD at most, a cycle {policy.max_cycle_usd:,f} USD."
    yield f"A cycle turns over {percent(policy.max_turnover_ppm)} of the portfolio at most."
    yield f"A cycle costs {percent_of_bps(policy.max_cost_bps)} of what it trades at most."
    yield f"A batch that would lose {percent_of_bps(policy.max_slippage_bps)} against its plan reverts."
    yield (
        f"A coin whose sources of price are {percent_of_bps(policy.max_price_deviation_bps)} apart is "
        "not traded."
    )


def percent(ppm: Ppm | int) -> str:
    return f"{(Decimal(ppm) / PPM_PER_PERCENT).normalize():f} %"


def percent_of_bps(bps: Bps | int) -> str:
    return f"{(Decimal(bps) / BPS_PER_PERCENT).normalize():f} %"
