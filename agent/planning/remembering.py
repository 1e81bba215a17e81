"""From what the log says of earlier cycles to what the next plan must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from agent.domain.fill import CycleReport
from agent.domain.memory import Memory, Spent
from agent.domain.order import Side
from agent.domain.plan import Plan, Proposal
from agent.domain.signal import Regime
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, Ppm
from agent.planning.budgets import is_switch
from agent.planning.money import ZERO, cents, reckoned
from agent.planning.splits import coins_of

DAY_S = 86_400
WEEK_S, YEAR_S = 7 * DAY_S, 365 * DAY_S
SECONDS_PER_YEAR = Decimal(31557600)

LOOKBACK_S = 26 * WEEK_S
"""How far back prices count for a volatility."""

LEAST_RETURNS = 8
"""A volatility off fewer returns says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCycle:
    """A cycle that was carried out: what was planned, and what came of it."""

    plan: Plan
    report: CycleReport


@reckoned
def remembered(past: Sequence[PastCycle], proposals: Iterable[Proposal], *, now: int) -> Memory:
    """Return what the log of earlier cycles, oldest first, says at `now` (Unix seconds)."""
    traded = [cycle for cycle in past if cycle.plan.batches]
    return Memory(
        volatility_ppm_by_token=volatilities(proposals, now=now),
        rebalanced_at=max((cycle.plan.block.timestamp for cycle in traded), default=None),
        sold_at_by_coin={
            order.coin_id: cycle.plan.block.timestamp
            for cycle in traded
            for order in cycle.plan.orders
            if order.side is Side.SELL
        },
        week=_spent(traded, since=now - WEEK_S + DAY_S // 2),
        year=_spent(traded, since=now - YEAR_S + DAY_S // 2),
    )


def _spent(past: Iterable[PastCycle], *, since: int) -> Spent:
    """Return what rebalances within the index turned over and cost; half a day early counts as in time."""
    counted = [c for c in past if c.plan.block.timestamp > since and not _is_switch(c.plan)]
    return Spent(
        turnover_usd=sum((c.plan.cost.turnover_usd for c in counted), start=ZERO),
        cost_usd=sum((realised_cost_usd(c) for c in counted), start=ZERO),
    )


def _is_switch(plan: Plan) -> bool:
    # Where one coin buys another straight, the one order is a sale and a buy: it leads nowhere.
    one_way = [order for order in plan.orders if len(coins_of(order)) == 1]
    sold, bought = (
        sum((order.notional_usd for order in one_way if order.side is side), start=ZERO)
        for side in (Side.SELL, Side.BUY)
    )
    return plan.regime is Regime.BEARISH or is_switch(sold, bought, plan.cost.portfolio_usd)


@reckoned
def projected(year: Spent, *, first: int | None, now: int) -> Spent:
    """Return what a year at the present rate turns over and costs, off what was spent since `first`.

    `first` is the time of the first report (Unix seconds), a week ago at the latest.
    """
    since = now if first is None else first
    elapsed = Decimal(min(YEAR_S, max(WEEK_S, now - since)))
    return Spent(
        turnover_usd=cents(year.turnover_usd * YEAR_S / elapsed),
        cost_usd=cents(year.cost_usd * YEAR_S / elapsed),
    )


def realised_cost_usd(cycle: PastCycle) -> Decimal:
    """Return what a cycle cost: fees and impact as planned, slippage against that, and gas as paid."""
    planned = cycle.plan.cost
    paid = planned.venue_fee_usd + planned.price_impact_usd
    return cents(paid + cycle.report.realised_slippage_usd + cycle.report.realised_gas_usd)


@reckoned
def volatilities(proposals: Iterable[Proposal], *, now: int) -> Mapping[Address, Ppm]:
    """Return each token's volatility a year off the prices of earlier proposals, in ppm.

    The root of the squared log returns' sum over the time that they span, so that readings need not
    be evenly spaced. A token with fewer than `LEAST_RETURNS` returns is left out.
    """
    prices: dict[Address, dict[int, Decimal]] = {}
    for proposal in proposals:
        at = proposal.block.timestamp
        if now - LOOKBACK_S <= at <= now:
            for token, price in proposal.price_by_token.items():
                if price.usd > 0:
                    prices.setdefault(token, {})[at] = price.usd
    found = {token: _volatility_ppm(by_time) for token, by_time in sorted(prices.items())}
    return {token: volatility for token, volatility in found.items() if volatility}


def _volatility_ppm(usd_by_time: Mapping[int, Decimal]) -> Ppm | None:
    times = sorted(usd_by_time)
    if len(times) <= LEAST_RETURNS:
        return None
    squares = sum(
        ((usd_by_time[b] / usd_by_time[a]).ln() ** 2 for a, b in pairwise(times)), start=ZERO
    )
    a_year = squares * SECONDS_PER_YEAR / (times[-1] - times[0])
    return Ppm(int(a_year.sqrt() * ONE_HUNDRED_PERCENT_PPM)) or None
