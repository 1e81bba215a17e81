"""What is unusual in a cycle, for whoever signs it off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from agent.log.views import BatchView, CycleView, Stage
from agent.planning.rebalance import RESTING

ROUTINE = ("within its drift band", "is below min_notional_usd", RESTING)
"""What the planner says of drifts that it leaves alone every week."""

ENDED = frozenset({Stage.DONE, Stage.IDLE, Stage.HALTED, Stage.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on something is unusual.

    Slippage is realised against planned output; gas in percent above the forecast; the delay from
    signature to block in seconds.
    """

    slippage_bps: Decimal = Decimal(10)
    gas_over_forecast_pct: int = 10
    delay_s: int = 180


USUAL = Thresholds()


def unreviewed(cycles: Iterable[CycleView]) -> tuple[CycleView, ...]:
    """Return the cycles that nobody signed off as they stand."""
    return tuple(cycle for cycle in cycles if not cycle.is_reviewed)


def remarks(cycle: CycleView, thresholds: Thresholds = USUAL) -> tuple[str, ...]:
    """Return what is unusual in a cycle, one line each; none for a cycle as it should be."""
    return (
        *(f"signal refused: {reason}" for reason in cycle.refusals),
        *(f"halted: {reason}" for reason in cycle.halts),
        *_unfinished(cycle),
        *_skipped(cycle),
        *(line for batch in cycle.batches for line in _batch(batch, thresholds)),
    )


def _unfinished(cycle: CycleView) -> Iterator[str]:
    if cycle.stage not in ENDED:
        yield f"not finished: {cycle.stage}"


def _skipped(cycle: CycleView) -> Iterator[str]:
    for skipped in cycle.plan.skipped if cycle.plan is not None else ():
        if not any(words in skipped.reason for words in ROUTINE):
            yield (
                f"skipped: {skipped.side} {skipped.symbol} of {skipped.notional_usd} USD: "
                f"{skipped.reason}"
            )


def _batch(batch: BatchView, thresholds: Thresholds) -> Iterator[str]:
    name = f"batch {batch.index + 1}"
    if batch.signed is not None and batch.signed.attempts > 1:
        yield f"{name}: signed {batch.signed.attempts} times"
    if batch.state in {"external", "cancelled", "final_reverted"}:
        yield f"{name}: {batch.state}"
    mined, realised = batch.mined, batch.realised
    if mined is not None:
        if not mined.is_success and batch.state != "final_reverted":
            yield f"{name}: reverted"
        over = 100 * (mined.gas_used - batch.gas_forecast)
        if over > thresholds.gas_over_forecast_pct * batch.gas_forecast:
            yield f"{name}: gas {mined.gas_used:,}, forecast {batch.gas_forecast:,}"
        if mined.delay_s > thresholds.delay_s:
            yield f"{name}: {mined.delay_s} s from signature to block"
    if realised is not None and realised.slippage_bps > thresholds.slippage_bps:
        yield f"{name}: {realised.slippage_bps} bps less than planned ({realised.slippage_usd} USD)"
