"""The two long notices: what a coming cycle means to do and how to stop it, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from agent.domain.bodies import ProposalMade
from agent.domain.fill import CycleReport
from agent.domain.order import Order
from agent.domain.plan import Proposal

SHOWN_ORDERS = 40
SHOWN_SKIPPED = 10
PPM_PER_PERCENT = 10_000


def proposal_words(made: ProposalMade, *, is_waiting: bool) -> tuple[str, str]:
    """Return title and body; `is_waiting` where nothing happens without an approval."""
    proposal = made.proposal
    when = f"{proposal.executes_at:%a %Y-%m-%d %H:%M} UTC"
    if not proposal.orders:
        return f"nothing to trade at {when}", "\n".join(_coverage(proposal))
    title = f"{len(proposal.orders)} orders of {dollars(proposal.cost.notional_usd)} at {when}"
    lines = [
        f"proposal {made.proposal_id}",
        f"{proposal.regime}, portfolio {dollars(proposal.cost.portfolio_usd)}",
        *_cost(proposal),
        *_coverage(proposal),
        "",
        *map(_order, sorted(proposal.orders, key=lambda o: -o.notional_usd)[:SHOWN_ORDERS]),
        *_rest(len(proposal.orders), SHOWN_ORDERS, "orders"),
        *_skipped(proposal),
        "",
        *_stopping(made.proposal_id, is_waiting=is_waiting),
    ]
    return title, "\n".join(lines)


def _cost(proposal: Proposal) -> Iterator[str]:
    cost, bounds = proposal.cost, proposal.bounds
    yield (
        f"expected cost {dollars(cost.total_usd)} ({cost.total_bps} bps of what is traded): gas "
        f"{dollars(cost.gas_usd)}, venue fees {dollars(cost.venue_fee_usd)}, price impact "
        f"{dollars(cost.price_impact_usd)}; a year of such weeks {cost.year_bps} bps of the portfolio"
    )
    yield (
        f"bounds: turnover {dollars(bounds.max_turnover_usd)}, cost {dollars(bounds.max_cost_usd)}, a "
        f"price may move {bounds.max_price_move_bps} bps; beyond them there is a new proposal"
    )


def _coverage(proposal: Proposal) -> Iterator[str]:
    basket = proposal.basket
    wanted = f"{len(basket.targets)} coins wanted"
    if basket.covered_ppm:
        wanted += f", {percent(basket.covered_ppm)} of the index's market cap can be held"
    yield f"{wanted}; {len(basket.left_out)} left out"
    yield from (f"note: {note}" for note in basket.notes)


def _order(order: Order) -> str:
    drift = f", drift {percent(order.drift_ppm)}" if order.drift_ppm else ""
    return (
        f"{order.side} {order.coin_id} {dollars(order.notional_usd)}: {order.token_in.symbol} to "
        f"{order.token_out.symbol}{drift}"
    )


def _skipped(proposal: Proposal) -> Iterator[str]:
    if proposal.skipped:
        yield f"left alone: {len(proposal.skipped)} drifts (agent explain says why)"
        for skip in proposal.skipped[:SHOWN_SKIPPED]:
            yield f"  {skip.side} {skip.symbol} {dollars(skip.notional_usd)}: {skip.reason}"


def _rest(count: int, shown: int, what: str) -> Iterator[str]:
    if count > shown:
        yield f"and {count - shown} smaller {what}"


def _stopping(proposal_id: str, *, is_waiting: bool) -> Iterator[str]:
    short = proposal_id[:12]
    if is_waiting:
        yield f"nothing happens without: agent approve {short} --by NAME"
    yield f"to stop it: agent reject {short} --by NAME --reason WHY"
    yield "to stop everything: agent pause --by NAME --reason WHY"


def report_words(report: CycleReport) -> tuple[str, str]:
    """Return title and body of planned against realised."""
    fees = report.planned_cost_usd
    gas = sum(outcome.gas_used for outcome in report.outcomes)
    forecast = sum(outcome.gas_forecast for outcome in report.outcomes)
    lines = [
        f"plan {report.plan_id}",
        f"planned cost {dollars(fees)}; against the plan {signed(-report.realised_slippage_usd)}",
        f"gas {dollars(report.realised_gas_usd)}: {gas:,} used, {forecast:,} forecast",
        f"largest drift left {percent(report.max_drift_after_ppm)} of the portfolio",
        *(
            f"batch {o.batch_index + 1} in block {o.block_number}: {len(o.fills)} fills, {o.tx_hash}"
            for o in report.outcomes
        ),
    ]
    if not report.outcomes:
        return "nothing was traded", "\n".join(lines[3:4])
    title = f"{dollars(report.traded_usd)} traded in {len(report.outcomes)} transactions"
    return title, "\n".join(lines)


def dollars(usd: Decimal) -> str:
    return f"${usd:,.2f}" if usd < 1_000 else f"${usd:,.0f}"  # noqa: PLR2004 - cents matter below it


def signed(usd: Decimal) -> str:
    return f"{'-' if usd < 0 else '+'}${abs(usd):,.2f}"


def percent(ppm: int) -> str:
    return f"{Decimal(ppm) / PPM_PER_PERCENT:.2f} %"
