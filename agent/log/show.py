"""Records to cycles at a glance: what was planned, signed, mined and realised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from agent.domain.intent import TxState
from agent.domain.record import BETWEEN_CYCLES, Record, RecordKind
from agent.log.show_batches import batch_views
from agent.log.trees import Tree
from agent.log.views import BatchView, CycleView, PlanView, ReportView, SkippedView, Stage

STAGE_BY_KIND = {
    RecordKind.SIGNAL_REFUSED: Stage.REFUSED,
    RecordKind.SIGNAL_ACCEPTED: Stage.SIGNALS,
    RecordKind.PROPOSAL: Stage.PROPOSED,
    RecordKind.PLAN: Stage.PLANNED,
    RecordKind.INTENT: Stage.UNDER_WAY,
    RecordKind.SIGNED: Stage.UNDER_WAY,
    RecordKind.REPORT: Stage.DONE,
    RecordKind.HALT: Stage.HALTED,
}
"""What the last of these records says of how far a cycle is."""


def cycle_views(records: Iterable[Record]) -> tuple[CycleView, ...]:
    """Return every cycle of the records, in the order in which they began."""
    by_cycle: dict[str, list[Record]] = {}
    for record in records:
        if record.cycle_id == BETWEEN_CYCLES:
            continue
        by_cycle.setdefault(record.cycle_id, []).append(record)
    return tuple(_cycle_view(cycle_id, own) for cycle_id, own in by_cycle.items())


def _cycle_view(cycle_id: str, records: Sequence[Record]) -> CycleView:
    made = _last(records, RecordKind.PLAN)
    reported = _last(records, RecordKind.REPORT)
    batches = () if made is None else tuple(batch_views(made, records))
    offs = [r for r in records if r.kind is RecordKind.SIGN_OFF]
    head = next((r.hash for r in reversed(records) if _is_news(r)), records[0].hash)
    return CycleView(
        cycle_id=cycle_id,
        began_at=datetime.fromisoformat(records[0].at),
        stage=_stage(records, batches),
        plan=None if made is None else _plan_view(made),
        batches=batches,
        report=None if reported is None else _report_view(reported),
        refusals=tuple(_reasons(records, RecordKind.SIGNAL_REFUSED)),
        halts=tuple(_reasons(records, RecordKind.HALT)),
        head=head,
        signed_off_by=tuple(r.body["by"] for r in offs),
        is_reviewed=any(r.body["head"] == head for r in offs),
    )


def _is_news(record: Record) -> bool:
    """Return whether a record is a reason to look at its cycle again.

    That all stayed well is none, nor that a batch which was never signed is given up.
    """
    match record.kind:
        case RecordKind.SIGN_OFF:
            return False
        case RecordKind.OUTCOME:
            state, receipt = record.body["state"], record.body["receipt"]
            is_dropped = state == TxState.CANCELLED and receipt is None
            return state != TxState.FINAL_OK and not is_dropped
        case _:
            return True


def _last(records: Sequence[Record], kind: RecordKind) -> Tree | None:
    return next((_tree(r) for r in reversed(records) if r.kind is kind), None)


def _tree(record: Record) -> Tree:
    return Tree(record.body, where=f"record {record.seq} ({record.kind})")


def _reasons(records: Sequence[Record], kind: RecordKind) -> Iterator[str]:
    return (_tree(r).text("reason") for r in records if r.kind is kind)


def _stage(records: Sequence[Record], batches: Sequence[BatchView]) -> Stage:
    telling = [STAGE_BY_KIND[r.kind] for r in records if r.kind in STAGE_BY_KIND]
    last = telling[-1] if telling else Stage.SIGNALS
    return Stage.IDLE if last is Stage.DONE and not batches else last


def _plan_view(made: Tree) -> PlanView:
    return PlanView(
        plan_id=made.text("plan_id"),
        regime=made.text("plan", "regime"),
        orders=len(made.trees("plan", "orders")),
        notional_usd=Decimal(made.text("plan", "cost", "notional_usd")),
        cost_usd=Decimal(made.text("plan", "cost", "total_usd")),
        cost_bps=Decimal(made.text("plan", "cost", "total_bps")),
        skipped=tuple(map(_skipped_view, made.trees("plan", "skipped"))),
    )


def _skipped_view(tree: Tree) -> SkippedView:
    return SkippedView(
        symbol=tree.text("symbol"),
        side=tree.text("side"),
        notional_usd=Decimal(tree.text("notional_usd")),
        reason=tree.text("reason"),
    )


def _report_view(reported: Tree) -> ReportView:
    return ReportView(
        traded_usd=Decimal(reported.text("report", "traded_usd")),
        gas_usd=Decimal(reported.text("report", "realised_gas_usd")),
        slippage_usd=Decimal(reported.text("report", "realised_slippage_usd")),
        max_drift_after_ppm=reported.number("report", "max_drift_after_ppm"),
    )
