"""How a proposal and a plan look on a terminal: what can be held, what is traded, what it costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from agent.cli.tables import filled, heading, plain_table
from agent.cli.words import bps, dollars, moment, percent, signed_percent, whole_amount
from agent.domain.coverage import Coverage
from agent.domain.order import Order, SkippedOrder
from agent.domain.plan import CostPreview, OrderCost, Plan, Proposal
from agent.domain.portfolio import Basket
from agent.domain.regime import Stance
from agent.domain.signal import Ranking, RegimeSignal

SHOWN_ORDERS = 20
SHOWN_LEFT_OUT = 6
GAS_CAP = 2**24
FIGURE = re.compile(r"\d[\d,.]*")


def signals_line(ranking: Ranking, regime: RegimeSignal, stance: Stance) -> RenderableType:
    return Group(
        heading("Signals"),
        Text(
            f"regime {regime.regime} with probability {regime.probability}, issued "
            f"{moment(regime.issued_at)} by {regime.source}"
        ),
        Text(
            f"ranking of {len(ranking.coins)} coins, issued {moment(ranking.issued_at)} by "
            f"{ranking.source}"
        ),
        Text(f"stance {stance.regime} since {moment(stance.since)}: {stance.why}"),
    )


def basket_view(basket: Basket) -> RenderableType:
    """Return what can be held and what can't, the largest gaps with their reasons."""
    held = len(basket.targets)
    parts: list[RenderableType] = [heading("What can be held")]
    if basket.left_out:
        parts.append(
            f"{held} coins are wanted; of the top ranks' market cap {percent(basket.covered_ppm)} can "
            f"be held; {len(basket.left_out)} coins are left out:"
        )
        largest = sorted(basket.left_out, key=lambda coin: -coin.share_ppm)[:SHOWN_LEFT_OUT]
        rows = [(str(c.rank), c.symbol, percent(c.share_ppm), c.reason) for c in largest]
        parts.append(filled(plain_table(">rank", "coin", ">share", "~why not"), rows))
        rest = basket.left_out[SHOWN_LEFT_OUT:]
        if rest:
            parts.append(Text(f"and {len(rest)} smaller ones", style="dim"))
    else:
        parts.append(f"{held} tokens are wanted")
    parts.extend(Text(f"note: {note}") for note in basket.notes)
    return Group(*parts)


def coverage_lines(found: Coverage) -> tuple[str, ...]:
    """Return the coverage in two lines; none for a portfolio that is out of the index."""
    if not found.coins:
        return ()
    return (
        (
            f"coverage: {percent(found.native_ppm)} native, {percent(found.wrapped_ppm)} wrapped, "
            f"{percent(found.missing_ppm)} not at all;"
        ),
        (
            f"{percent(found.redistributed_ppm)} redistributed; "
            f"implied tracking error {percent(found.tracking_error_ppm)} a year"
        ),
    )


def proposal_view(proposal: Proposal, *, proposal_id: str) -> RenderableType:
    """Return what is proposed, in short; the plan made of it has the details."""
    cost = proposal.cost
    return Group(
        basket_view(proposal.basket),
        *coverage_lines(proposal.coverage),
        heading("Proposal"),
        f"{len(proposal.orders)} orders of {dollars(cost.notional_usd)} in all, for a portfolio of "
        f"{dollars(cost.portfolio_usd)}, at block {proposal.block.number}",
        f"executes at {moment(proposal.executes_at)}, expected to cost {dollars(cost.total_usd)} "
        f"({bps(cost.total_bps)}), at most {dollars(proposal.bounds.max_cost_usd)}",
        Text(f"proposal {proposal_id}", style="dim"),
    )


def plan_view(plan: Plan, *, plan_id: str, all_orders: bool = False) -> RenderableType:
    """Return what will be traded, in which batches, and what it costs."""
    if not plan.batches:
        return Group(
            heading("Plan"),
            "nothing is traded" + (": what drifted is left alone" if plan.skipped else ""),
            _skipped_view(plan.skipped),
            Text(f"plan {plan_id}", style="bold"),
        )
    shown = len(plan.orders) if all_orders else SHOWN_ORDERS
    return Group(
        heading(f"Plan at block {plan.block.number}"),
        _orders_table(plan, shown),
        _skipped_view(plan.skipped),
        heading("Batches"),
        _batches_table(plan),
        heading("Cost"),
        _cost_table(plan.cost),
        Text(f"plan {plan_id}", style="bold"),
    )


def _orders_table(plan: Plan, shown: int) -> RenderableType:
    cost_by_order = {cost.order_id: cost for cost in plan.cost.orders}
    pools = Counter(leg.order_id for batch in plan.batches for leg in batch.legs)
    largest = sorted(plan.orders, key=lambda order: -order.notional_usd)
    shown_ids = {order.id for order in largest[:shown]}
    headings = ("order", "coin", ">amount", "into", ">worth", ">drift", ">pools", ">cost", ">bps")
    table = filled(
        plain_table(*headings),
        (_order_row(o, cost_by_order[o.id], pools[o.id]) for o in plan.orders if o.id in shown_ids),
    )
    rest = largest[shown:]
    if rest:
        cost = sum((cost_by_order[order.id].total_usd for order in rest), Decimal(0))
        worth = sum((order.notional_usd for order in rest), Decimal(0))
        words = (
            f"{len(rest)} smaller",
            "",
            "",
            "",
            dollars(worth),
            "",
            "",
            dollars(cost, places=2),
        )
        filled(table, ((*words, ""),))
    return table


def _order_row(order: Order, cost: OrderCost, pools: int) -> tuple[str, ...]:
    return (
        str(order.side),
        order.coin_id[:20],
        f"{whole_amount(order.amount_in, order.token_in.decimals)} {order.token_in.symbol}",
        order.token_out.symbol,
        dollars(order.notional_usd),
        signed_percent(order.drift_ppm) if order.drift_ppm else "",
        str(pools),
        dollars(cost.total_usd, places=2),
        str(round(cost.total_bps, 1)),
    )


def _skipped_view(skipped: Iterable[SkippedOrder]) -> RenderableType:
    by_kind: dict[str, list[SkippedOrder]] = {}
    for order in skipped:
        by_kind.setdefault(FIGURE.sub("...", order.reason), []).append(order)
    return Group(
        *(
            Text(f"left alone  {_coins(orders)}: {_reason(kind, orders)}", style="dim")
            for kind, orders in sorted(by_kind.items(), key=lambda pair: -len(pair[1]))
        )
    )


def _reason(kind: str, orders: list[SkippedOrder]) -> str:
    """Return the reason itself where all have the same, without its figures where those differ."""
    reasons = {order.reason for order in orders}
    return reasons.pop() if len(reasons) == 1 else kind


def _coins(orders: list[SkippedOrder]) -> str:
    named = ", ".join(order.symbol for order in orders[:SHOWN_LEFT_OUT])
    more = len(orders) - SHOWN_LEFT_OUT
    return f"{named} and {more} more" if more > 0 else named


def _batches_table(plan: Plan) -> RenderableType:
    rows = (
        (
            str(batch.index + 1),
            str(len(batch.legs)),
            str(len(batch.floors)),
            f"{batch.gas_forecast:,}",
            percent(batch.gas_limit * 1_000_000 // GAS_CAP, places=0),
            str(batch.sequence),
        )
        for batch in plan.batches
    )
    headings = (">batch", ">swaps", ">floors", ">gas forecast", ">limit / cap", ">sequence")
    return filled(plain_table(*headings), rows)


def _cost_table(cost: CostPreview) -> RenderableType:
    parts = (
        ("gas", cost.gas_usd),
        ("venue fees", cost.venue_fee_usd),
        ("price impact", cost.price_impact_usd),
    )
    rows = [(name, dollars(usd, places=2), "") for name, usd in parts]
    rows.append(
        (
            "in all",
            dollars(cost.total_usd, places=2),
            f"{bps(cost.total_bps)} of {dollars(cost.notional_usd)} traded",
        )
    )
    rows.append(
        (
            "a year of such weeks",
            dollars(cost.year_usd),
            f"{bps(cost.year_bps)} of {dollars(cost.portfolio_usd)} held",
        )
    )
    return filled(plain_table("", ">", "~"), rows)
