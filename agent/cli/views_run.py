"""How a cycle under way looks on a terminal: each happening as it comes, the report at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from agent.cli.tables import filled, heading, plain_table
from agent.cli.views_aggregators import filled_lines, offered_view
from agent.cli.views_plan import plan_view, proposal_view, signals_line
from agent.cli.words import dollars, gwei, percent, short, signed_dollars, whole_amount
from agent.domain.bodies import NoncesAdopted, Rehearsed
from agent.domain.fill import BatchOutcome, CycleReport, Fill
from agent.domain.happening import (
    FeeHeld,
    Happening,
    NonceTaken,
    Planned,
    Proposed,
    Resumed,
    SignalsAccepted,
)
from agent.domain.plan import Plan
from agent.domain.record import Checkpoint
from agent.domain.units import whole_tokens

SHOWN_FILLS = 32


UNDER_WAY: Mapping[type, str] = {
    Resumed: "going on where it was left",
    SignalsAccepted: "reading the chain, proposing",
    Proposed: "waiting for the proposal's time, then planning",
    Planned: "rehearsing",
    Rehearsed: "sending",
    BatchOutcome: "rehearsing and sending",
    CycleReport: "sealing the log",
}
"""What follows on each happening."""


class Story:
    """Turns happenings into what is printed; it remembers the plan that later ones refer to.

    `under_way` says what is being done until the next happening.
    """

    def __init__(self) -> None:
        self.under_way = "reading the signals"
        self._plan: Plan | None = None
        self._views: Mapping[type, Callable[[Any], RenderableType]] = {
            Resumed: lambda it: Text(f"cycle {it.cycle_id} was under way and goes on"),
            SignalsAccepted: lambda it: signals_line(it.ranking, it.regime, it.stance),
            Proposed: lambda it: proposal_view(it.proposal, proposal_id=it.proposal_id),
            Planned: self._planned,
            Rehearsed: _rehearsed_line,
            BatchOutcome: _outcome_line,
            CycleReport: self._report,
            NoncesAdopted: _adopted_line,
            NonceTaken: _taken_line,
            FeeHeld: _held_line,
            Checkpoint: _checkpoint_line,
        }

    def told(self, happening: Happening) -> RenderableType | None:
        """Return what to print of a happening; None where nothing is to be added."""
        self.under_way = UNDER_WAY.get(type(happening), "ending")
        view = self._views.get(type(happening))
        return None if view is None else view(happening)

    def _planned(self, planned: Planned) -> RenderableType:
        self._plan = planned.plan
        return Group(
            plan_view(planned.plan, plan_id=planned.plan_id),
            offered_view(planned.inputs.offered, planned.plan),
            heading("Rehearsed, signed, sent"),
        )

    def _report(self, report: CycleReport) -> RenderableType:
        parts: list[RenderableType] = [heading("Planned and realised")]
        fills = [fill for outcome in report.outcomes for fill in outcome.fills]
        if self._plan is not None and fills:
            parts.append(_fills_table(self._plan, fills))
            parts.extend(map(Text, filled_lines(self._plan, fills)))
        parts.append(_totals(report))
        return Group(*parts)


def _rehearsed_line(rehearsed: Rehearsed) -> RenderableType:
    index = int(rehearsed.intent_id.rpartition("-")[2])
    return Text(
        f"rehearsed  batch {index + 1} by {rehearsed.simulator} on block "
        f"{rehearsed.block.number}: {rehearsed.gas_used:,} gas, "
        f"{len(rehearsed.deltas)} balances as planned"
    )


def _adopted_line(adopted: NoncesAdopted) -> RenderableType:
    return Text(
        f"alarm      nonces {adopted.first_nonce} to {adopted.next_nonce - 1} of {adopted.account} were used "
        "by somebody else: find out who has the key"
    )


def _taken_line(taken: NonceTaken) -> RenderableType:
    return Text(
        f"alarm      nonce {taken.nonce} of {taken.account} was used by somebody else: the batch that held "
        "it is dropped, what is left is planned anew; find out who has the key"
    )


def _held_line(held: FeeHeld) -> RenderableType:
    return Text(
        f"held       gas costs {gwei(held.asked)}, policy.max_fee_per_gas_gwei is {gwei(held.ceiling)}: "
        "nothing is signed until it costs less"
    )


def _outcome_line(outcome: BatchOutcome) -> RenderableType:
    return Text(
        f"sent       batch {outcome.batch_index + 1} mined in block {outcome.block_number}: "
        f"{outcome.gas_used:,} gas at {gwei(outcome.effective_gas_price)}, "
        f"{len(outcome.fills)} fills, {short(outcome.tx_hash, length=18)}..."
    )


def _fills_table(plan: Plan, fills: list[Fill]) -> RenderableType:
    def worth(fill: Fill) -> Decimal:
        price = plan.price_by_token.get(fill.token_in.address)
        amount = whole_tokens(fill.amount_in, fill.token_in.decimals)
        return Decimal(0) if price is None else amount * price.usd

    largest = sorted(fills, key=worth, reverse=True)
    in_order = sorted(largest[:SHOWN_FILLS], key=lambda fill: (fill.batch_index, fill.leg_index))
    rows = [(*_fill_row(fill), dollars(worth(fill))) for fill in in_order]
    headings = (">leg", "order", ">sold", ">planned", ">realised", ">bps worse", ">worth")
    table = filled(plain_table(*headings), rows)
    if rest := largest[SHOWN_FILLS:]:
        worst = max(fill.realised_slippage_bps for fill in rest)
        words = ("", f"{len(rest)} smaller legs", "", "", "worst of them", str(worst))
        filled(table, ((*words, dollars(sum(map(worth, rest), Decimal(0)))),))
    return table


def _fill_row(fill: Fill) -> tuple[str, ...]:
    out = fill.token_out
    return (
        f"{fill.batch_index + 1}.{fill.leg_index + 1}",
        fill.order_id[:24],
        f"{whole_amount(fill.amount_in, fill.token_in.decimals)} {fill.token_in.symbol}",
        f"{whole_amount(fill.planned_amount_out, out.decimals)} {out.symbol}",
        whole_amount(fill.amount_out, out.decimals),
        str(fill.realised_slippage_bps),
    )


def _totals(report: CycleReport) -> RenderableType:
    gas = sum(outcome.gas_used for outcome in report.outcomes)
    forecast = sum(outcome.gas_forecast for outcome in report.outcomes)
    rows = (
        ("traded", dollars(report.traded_usd), f"in {len(report.outcomes)} transactions"),
        (
            "gas",
            dollars(report.realised_gas_usd, places=2),
            f"{gas:,} used, {forecast:,} forecast",
        ),
        (
            "against the plan",
            signed_dollars(-report.realised_slippage_usd, places=2),
            "on all legs",
        ),
        ("largest drift left", percent(report.max_drift_after_ppm), "of the portfolio"),
    )
    return filled(plain_table("", ">", "~"), rows)


def _checkpoint_line(checkpoint: Checkpoint) -> RenderableType:
    return Text(
        f"log        {checkpoint.size} records sealed, head {short(checkpoint.head)}..., complete to "
        f"block {checkpoint.block_number}, nonce {checkpoint.next_nonce}"
    )
