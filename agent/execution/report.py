"""The report that ends a cycle: planned against realised, in dollars at the plan's prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from agent.domain.fill import BatchOutcome, CycleReport, Fill
from agent.domain.plan import Plan
from agent.domain.portfolio import Portfolio, PriceBook
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, whole_tokens

CENT = Decimal("0.01")
WEI_DECIMALS = 18


def cycle_report(
    plan: Plan,
    *,
    plan_id: str,
    outcomes: Sequence[BatchOutcome],
    after: Portfolio,
    native: Address,
) -> CycleReport:
    """Return the report of a cycle; `native` is the wrapped native token, whose price gas is paid at."""
    prices = plan.price_by_token
    fills = [fill for outcome in outcomes for fill in outcome.fills]
    gas_wei = sum(outcome.gas_used * outcome.effective_gas_price for outcome in outcomes)
    return CycleReport(
        cycle_id=plan.cycle_id,
        plan_id=plan_id,
        outcomes=tuple(outcomes),
        planned_cost_usd=plan.cost.total_usd,
        realised_gas_usd=_cents((whole_tokens(gas_wei, WEI_DECIMALS) * prices[native].usd,)),
        realised_slippage_usd=_cents(_missed_usd(fill, prices) for fill in fills),
        traded_usd=_cents(_usd(fill.token_in, fill.amount_in, prices) for fill in fills),
        max_drift_after_ppm=max_drift_ppm(plan, after),
    )


def max_drift_ppm(plan: Plan, portfolio: Portfolio) -> int:
    """Return the furthest that a token's share of the portfolio is from its weight in the basket.

    What has no price in the plan is left out; what is held and not wanted has weight 0.
    """
    value_by_token = {
        holding.token.address: _usd(holding.token, holding.amount, plan.price_by_token)
        for holding in portfolio.holdings
        if holding.token.address in plan.price_by_token
    }
    weight_by_token = {
        target.held_as.token.address: target.weight_ppm for target in plan.basket.targets
    }
    total = sum(value_by_token.values(), Decimal(0))
    if not total:
        return 0
    return max(
        abs(round(value_by_token.get(token, Decimal(0)) / total * ONE_HUNDRED_PERCENT_PPM) - weight)
        for token in value_by_token.keys() | weight_by_token.keys()
        for weight in (weight_by_token.get(token, 0),)
    )


def _missed_usd(fill: Fill, prices: PriceBook) -> Decimal:
    """Return what was planned and did not come out; negative where more did."""
    return _usd(fill.token_out, fill.planned_amount_out - fill.amount_out, prices)


def _usd(token: Token, amount: int, prices: PriceBook) -> Decimal:
    return whole_tokens(amount, token.decimals) * prices[token.address].usd


def _cents(parts: Iterable[Decimal]) -> Decimal:
    return sum(parts, Decimal(0)).quantize(CENT)
