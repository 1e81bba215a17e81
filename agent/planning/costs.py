"""What a plan is expected to cost: gas, venue fees and price impact, per order, in all, and in a year."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from agent.domain.order import Batch, BatchLeg, Order
from agent.domain.plan import CostPreview, OrderCost
from agent.domain.portfolio import PriceBook
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ONE_HUNDRED_PERCENT_PIPS, whole_tokens
from agent.planning.gas import GasPrice
from agent.planning.money import CENT, ZERO, cents, usd_of

WEEKS_PER_YEAR = 52
NATIVE_DECIMALS = 18


def cost_preview(
    orders: Sequence[Order],
    planned: Sequence[Batch],
    *,
    gas_price: GasPrice,
    portfolio_usd: Decimal,
    cash: Collection[Token],
) -> CostPreview:
    """Return the expected cost of all orders at the plan's prices, and 52 times that.

    Gas is the forecast at base fee and tip; a batch's own gas is shared out by that of its legs.
    `cash` are the stable hubs.
    """
    gas_usd = _gas_usd_by_order(planned, gas_price)
    legs = _legs_by_order(planned)
    costs = tuple(
        _order_cost(order, legs[order.id], gas_usd[order.id], gas_price.price_by_token)
        for order in orders
    )
    total = sum((cost.total_usd for cost in costs), start=ZERO)
    notional = sum((cost.notional_usd for cost in costs), start=ZERO)
    return CostPreview(
        orders=costs,
        portfolio_usd=cents(portfolio_usd),
        notional_usd=notional,
        turnover_usd=turnover_usd(planned, gas_price.price_by_token, cash),
        gas_usd=sum((cost.gas_usd for cost in costs), start=ZERO),
        venue_fee_usd=sum((cost.venue_fee_usd for cost in costs), start=ZERO),
        price_impact_usd=sum((cost.price_impact_usd for cost in costs), start=ZERO),
        total_usd=total,
        total_bps=bps(total, notional),
        year_usd=total * WEEKS_PER_YEAR,
        year_bps=bps(total * WEEKS_PER_YEAR, portfolio_usd),
    )


def turnover_usd(
    planned: Iterable[Batch], price_by_token: PriceBook, cash: Collection[Token]
) -> Decimal:
    """Return the net changes of all tokens but `cash`, whatever their signs, in dollars."""
    change: dict[Token, int] = {}
    for leg in (leg for batch in planned for leg in batch.legs):
        change[leg.token_in] = change.get(leg.token_in, 0) - leg.amount_in
        change[leg.token_out] = change.get(leg.token_out, 0) + leg.amount_out
    moved = (
        usd_of(abs(amount), token, price_by_token[token.address])
        for token, amount in change.items()
        if token not in cash
    )
    return cents(sum(moved, start=ZERO))


def _order_cost(
    order: Order, legs: Sequence[BatchLeg], gas_usd: Decimal, price_by_token: PriceBook
) -> OrderCost:
    price = price_by_token[order.token_out.address]
    fee_usd = cents(sum((usd_of(1, order.token_out, price) * fee_out(leg) for leg in legs), ZERO))
    lost = sum(leg.mid_amount_out - leg.amount_out for leg in legs)
    # A pool rounds against us by less than a base unit, our own mid price too: never below nothing.
    impact_usd = max(cents(ZERO), cents(usd_of(lost, order.token_out, price)) - fee_usd)
    total_usd = cents(gas_usd) + fee_usd + impact_usd
    return OrderCost(
        order_id=order.id,
        notional_usd=order.notional_usd,
        gas_usd=cents(gas_usd),
        venue_fee_usd=fee_usd,
        price_impact_usd=impact_usd,
        total_usd=total_usd,
        total_bps=bps(total_usd, order.notional_usd),
    )


def fee_out(leg: BatchLeg) -> Decimal:
    """Return the pool's fee in base units of the output, at its price before the order."""
    return Decimal(leg.mid_amount_out) * leg.fee_pips / ONE_HUNDRED_PERCENT_PIPS


def price_impact_bps(legs: Sequence[BatchLeg]) -> Decimal:
    """Return what an order loses to the depth of its pools, fees apart, of what their prices promise."""
    promised = sum((leg.mid_amount_out - fee_out(leg) for leg in legs), start=ZERO)
    return bps(promised - sum(leg.amount_out for leg in legs), promised)


def bps(part: Decimal, whole: Decimal) -> Decimal:
    """Return part / whole in bps with two decimals; 0 of nothing."""
    return (part * ONE_HUNDRED_PERCENT_BPS / whole).quantize(CENT) if whole else ZERO.quantize(CENT)


def _legs_by_order(planned: Iterable[Batch]) -> dict[str, list[BatchLeg]]:
    legs: dict[str, list[BatchLeg]] = {}
    for batch in planned:
        for leg in batch.legs:
            legs.setdefault(leg.order_id, []).append(leg)
    return legs


def _gas_usd_by_order(planned: Iterable[Batch], gas_price: GasPrice) -> dict[str, Decimal]:
    native = gas_price.price_by_token[gas_price.native.address]
    costs: dict[str, Decimal] = {}
    for batch in planned:
        wei = batch.gas_forecast * gas_price.wei_per_gas
        batch_usd = whole_tokens(wei, NATIVE_DECIMALS) * native.usd
        leg_gas = sum(leg.gas for leg in batch.legs)
        for leg in batch.legs:
            share = batch_usd * leg.gas / leg_gas
            costs[leg.order_id] = costs.get(leg.order_id, ZERO) + share
    return costs
