"""How the log looks on a terminal: a table a cycle, what to look at, and what was proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from agent.cli.tables import filled, plain_table
from agent.cli.words import bps, dollars, moment, percent, short, signed_dollars
from agent.domain.bodies import SignedOff
from agent.domain.record import Checkpoint, Record
from agent.log.verify import Verdict
from agent.log.views import BatchView, CycleView, PlanView, ReportView

if TYPE_CHECKING:
    from agent.log.replay import Replay

NOT_YET = "-"


def cycle_view(cycle: CycleView, remarks: Sequence[str]) -> RenderableType:
    """Return one cycle: what was planned, signed, mined and realised, and what is unusual."""
    parts: list[RenderableType] = [_title(cycle)]
    if cycle.plan is not None:
        parts.append(Text(_plan_line(cycle.plan)))
    if cycle.batches:
        headings = (
            *("batch", "planned", "signed, nonce", "mined, block"),
            *(">realised", ">bps", ">gas", ">forecast"),
        )
        parts.append(filled(plain_table(*headings), _batch_rows(cycle)))
    if cycle.report is not None:
        parts.append(Text(_report_line(cycle.report)))
    parts.extend(Text(f"unusual: {remark}", style="yellow") for remark in remarks)
    parts.append(Text(_next_step(cycle), style="dim"))
    return Group(*parts)


def review_view(cycle: CycleView, remarks: Sequence[str]) -> RenderableType:
    nothing = () if remarks else (Text("nothing unusual", style="green"),)
    return Group(cycle_view(cycle, remarks), *nothing)


def _title(cycle: CycleView) -> Text:
    by = f", signed off by {', '.join(cycle.signed_off_by)}" if cycle.signed_off_by else ""
    regime = f", {cycle.plan.regime}" if cycle.plan is not None else ""
    words = f"\n{cycle.cycle_id}: {cycle.stage}{regime}, begun {moment(cycle.began_at)}{by}"
    return Text(words, style="bold")


def _plan_line(plan: PlanView) -> str:
    return (
        f"plan {short(plan.plan_id)}: {count_of(plan.orders, 'order')} of {dollars(plan.notional_usd)}, "
        f"expected to cost {dollars(plan.cost_usd, places=2)} ({bps(plan.cost_bps)}); "
        f"{len(plan.skipped)} left alone"
    )


def count_of(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _report_line(report: ReportView) -> str:
    return (
        f"realised: {dollars(report.traded_usd)} traded, gas {dollars(report.gas_usd, places=2)}, "
        f"against the plan {signed_dollars(-report.slippage_usd, places=2)}; "
        f"largest drift left {percent(report.max_drift_after_ppm)}"
    )


def _batch_rows(cycle: CycleView) -> Iterator[tuple[str, ...]]:
    for batch in cycle.batches:
        yield (
            str(batch.index + 1),
            f"{count_of(batch.legs, 'leg')}, {dollars(batch.sold_usd)}",
            _signed_cell(batch),
            _mined_cell(batch),
            *_realised_cells(batch),
            *_gas_cells(batch),
        )


def _signed_cell(batch: BatchView) -> str:
    signed = batch.signed
    if signed is None:
        return NOT_YET
    times = f" ({signed.attempts} times)" if signed.attempts > 1 else ""
    return f"{short(signed.tx_hash)}, {signed.nonce}{times}"


def _mined_cell(batch: BatchView) -> str:
    mined = batch.mined
    if mined is None:
        return NOT_YET if batch.signed is None else batch.state
    verdict = "" if mined.is_success else ", reverted"
    return f"{mined.delay_s} s later, {mined.block_number}{verdict}"


def _realised_cells(batch: BatchView) -> tuple[str, str]:
    """Return what came out above or below the plan, in dollars and bps."""
    if batch.realised is None:
        return NOT_YET, NOT_YET
    realised = batch.realised
    return signed_dollars(-realised.slippage_usd, places=2), f"{-realised.slippage_bps:+}"


def _gas_cells(batch: BatchView) -> tuple[str, str]:
    used = NOT_YET if batch.mined is None else f"{batch.mined.gas_used:,}"
    return used, f"{batch.gas_forecast:,}"


def _next_step(cycle: CycleView) -> str:
    if cycle.is_reviewed:
        return "next: nothing; it is signed off"
    return (
        f"next: agent log sign-off {cycle.cycle_id} --head {short(cycle.head)} "
        "--by NAME --note TEXT"
    )


def signed_off_view(cycle_id: str, body: SignedOff, record: Record) -> RenderableType:
    return Group(
        Text(f"{cycle_id} signed off by {body.by} at head {short(body.head)}, record {record.seq}"),
        Text("next: agent log review, or agent log export FILE for the auditor", style="dim"),
    )


def exported_view(out: Path, closing: Checkpoint) -> RenderableType:
    return Group(
        Text(
            f"{closing.size} records to {out}, complete to block {closing.block_number}, "
            f"closed {moment_of(closing.at)}"
        ),
        Text(f"next: agent log verify {out} --key CHECKPOINT.pub", style="dim"),
    )


def moment_of(text: str) -> str:
    """Return a time of the log as people read it."""
    return f"{text[:16].replace('T', ' ')} UTC"


def verdict_view(verdict: Verdict) -> RenderableType:
    """Return what was proved, and how to prove more."""
    return Group(
        Text(f"the log is {verdict.sentence}", style="bold green"),
        filled(plain_table("", "~"), _verdict_rows(verdict)),
        Text(_more_proof(verdict), style="dim"),
    )


def _verdict_rows(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "log", verdict.origin
    counts = count_of(verdict.cycles, "cycle"), count_of(verdict.checkpoints, "checkpoint")
    yield "records", f"{verdict.records} in {', '.join(counts)}, head {short(verdict.head)}"
    yield (
        "signed",
        f"{count_of(verdict.signed, 'transaction')} of {verdict.account} on chain {verdict.chain_id}",
    )
    yield "nonces", _nonces(verdict)
    yield "landed", f"{verdict.landed} of {count_of(verdict.intents, 'intent')}"
    if verdict.open_intents:
        yield (
            "not final",
            f"{count_of(len(verdict.open_intents), 'intent')}, as the log has it so far",
        )
    yield (
        "closed",
        f"{moment_of(verdict.closed_at)}, block {verdict.block_number} {short(verdict.block_hash)}",
    )
    yield (
        "chain",
        "confirms blocks, events and nonces" if verdict.is_chain_checked else "was not asked",
    )


def _nonces(verdict: Verdict) -> str:
    if verdict.first_nonce == verdict.next_nonce:
        return f"none used; the next is {verdict.next_nonce}"
    words = f"{verdict.first_nonce} to {verdict.next_nonce - 1}, "
    if verdict.external_nonces:
        used = ", ".join(map(str, verdict.external_nonces))
        return f"{words}each accounted for; used by somebody else: {used}"
    return f"{words}each with its signed record"


def _more_proof(verdict: Verdict) -> str:
    if verdict.is_chain_checked:
        return "next: keep this export; its last line shows later that nothing was rolled back (--after)"
    return "next: add --rpc URL to ask the chain, --after FILE to compare with an earlier export"


def replay_view(replayed: Replay) -> RenderableType:
    return Group(
        Text(f"{replayed.cycle_id}: computed anew, the plan is the same", style="bold green"),
        Text(f"plan {replayed.plan_id}"),
        Text(
            f"{count_of(replayed.orders, 'order')}, batches: {replayed.batches}; other "
            f"splits would bring the basket no more than {max(replayed.gap_bps, Decimal(0))} bps"
        ),
    )
