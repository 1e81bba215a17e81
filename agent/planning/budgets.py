"""What of the wants fits into the budgets of the week and the year; the rest is carried over.

Worst drift first: what did not fit this week has drifted further by the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agent.domain.memory import Memory
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ONE_HUNDRED_PERCENT_PPM
from agent.planning.money import ZERO, amount_of, cents
from agent.planning.order_costs import CostEstimator
from agent.planning.pricing import Market
from agent.planning.rebalance import Want, Wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What may still be turned over and paid, in dollars; None is no bound."""

    turnover_usd: Decimal | None
    cost_usd: Decimal | None

    @property
    def is_unbounded(self) -> bool:
        return self.turnover_usd is None and self.cost_usd is None

    def share(self, usd: Decimal, cost_usd: Decimal) -> Decimal:
        """Return how much of an order fits, at most one."""
        shares = [Decimal(1)]
        for left, asked in ((self.turnover_usd, usd), (self.cost_usd, cost_usd)):
            if left is not None and asked > left:
                shares.append(max(ZERO, left) / asked)
        return min(shares)

    def less(self, usd: Decimal, cost_usd: Decimal) -> Left:
        return Left(
            turnover_usd=None if self.turnover_usd is None else self.turnover_usd - usd,
            cost_usd=None if self.cost_usd is None else self.cost_usd - cost_usd,
        )

    def __str__(self) -> str:
        bounds = ((self.turnover_usd, "of turnover"), (self.cost_usd, "of cost"))
        return " and ".join(
            f"{cents(max(ZERO, b))} USD {what}" for b, what in bounds if b is not None
        )


def left(policy: Policy, memory: Memory, total_usd: Decimal) -> Left:
    """Return what the budgets leave for a portfolio of `total_usd`: the tighter of week and year."""
    rules = policy.budget

    def least(*bounds: tuple[int | None, int, Decimal]) -> Decimal | None:
        found = [
            total_usd * most / whole - spent for most, whole, spent in bounds if most is not None
        ]
        return min(found, default=None)

    ppm, bps = ONE_HUNDRED_PERCENT_PPM, ONE_HUNDRED_PERCENT_BPS
    return Left(
        turnover_usd=least(
            (rules.week_turnover_ppm, ppm, memory.week.turnover_usd),
            (rules.year_turnover_ppm, ppm, memory.year.turnover_usd),
        ),
        cost_usd=least(
            (rules.week_cost_bps, bps, memory.week.cost_usd),
            (rules.year_cost_bps, bps, memory.year.cost_usd),
        ),
    )


def is_switch(sold_usd: Decimal, bought_usd: Decimal, total_usd: Decimal) -> bool:
    """Tell whether a rebalance goes in or out of the index rather than about within it."""
    return abs(bought_usd - sold_usd) * 2 > total_usd


def within_budget(  # noqa: PLR0913 - all that it depends on, by keyword
    wants: Wants,
    budget: Left,
    *,
    total_usd: Decimal,
    market: Market,
    policy: Policy,
    estimator: CostEstimator,
) -> Wants:
    """Return the wants that fit, worst drift first; the first that does not is cut to what does.

    A switch into the index is not bound, no more than one out of it.
    """
    bought = sum((w.notional_usd for w in wants.buys), start=ZERO) + sum(
        (aim.more_usd for aim in wants.aims), start=ZERO
    )
    sold = sum((w.notional_usd for w in wants.sells), start=ZERO)
    if budget.is_unbounded or is_switch(sold, bought, total_usd):
        return wants
    kept, reasons = _fitted((*wants.sells, *wants.buys), budget, market, policy, estimator)
    return replace(
        wants,
        sells=tuple(kept[w.stand.token] for w in wants.sells if w.stand.token in kept),
        buys=tuple(kept[w.stand.token] for w in wants.buys if w.stand.token in kept),
        reason_by_token={**wants.reason_by_token, **reasons},
    )


def _fitted(
    wants: Sequence[Want], budget: Left, market: Market, policy: Policy, estimator: CostEstimator
) -> tuple[Mapping[Token, Want], Mapping[Token, str]]:
    kept: dict[Token, Want] = {}
    reasons: dict[Token, str] = {}
    for want in sorted(
        wants, key=lambda w: (-abs(w.stand.drift_ppm), w.stand.rank, w.stand.coin_id)
    ):
        token, usd = want.stand.token, want.notional_usd
        estimate = estimator.estimate(token, usd, is_sell=want.stand.is_sell)
        cost_usd = ZERO if estimate is None else estimate.total_usd
        share = budget.share(usd, cost_usd)
        if share < 1 and usd * share < max(policy.min_notional_usd, Decimal(1)):
            reasons[token] = f"carried over: of {cents(usd)} USD nothing fits, {budget} are left"
            continue
        kept[token] = want if share == 1 else _cut(want, share, market)
        budget = budget.less(usd * share, cost_usd * share)
    return kept, reasons


def _cut(want: Want, share: Decimal, market: Market) -> Want:
    usd = want.notional_usd * share
    amount = min(
        want.amount,
        amount_of(usd, want.stand.token, market.price_by_token[want.stand.token.address]),
    )
    return replace(want, notional_usd=usd, amount=amount)
