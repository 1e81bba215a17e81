"""What people see of the log: cycles and batches as values, ready for a table or for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Stage(StrEnum):
    """How far a cycle has come."""

    REFUSED = "signals refused"
    SIGNALS = "signals taken"
    PROPOSED = "proposed"
    PLANNED = "planned"
    UNDER_WAY = "under way"
    HALTED = "halted"
    IDLE = "nothing due"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedView:
    """A drift that a plan left alone."""

    symbol: str
    side: str
    notional_usd: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedView:
    """What was signed for a batch; `tx_hash` is the one that was mined, or the last that was signed."""

    nonce: int
    attempts: int
    tx_hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedView:
    """How a batch landed. `delay_s` counts from the first signature to when the block was seen."""

    block_number: int
    at: datetime
    delay_s: int
    is_success: bool
    gas_used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedView:
    """What a batch brought against its plan: less by `slippage_usd`, in bps of what it sold."""

    slippage_usd: Decimal
    slippage_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """One batch from plan to result; None where it has not come that far.

    `sold_usd` is what its legs sell, at the plan's prices.
    """

    index: int
    legs: int
    sold_usd: Decimal
    gas_forecast: int
    state: str
    signed: SignedView | None
    mined: MinedView | None
    realised: RealisedView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a cycle meant to do, in short."""

    plan_id: str
    regime: str
    orders: int
    notional_usd: Decimal
    cost_usd: Decimal
    cost_bps: Decimal
    skipped: tuple[SkippedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """What a cycle came to."""

    traded_usd: Decimal
    gas_usd: Decimal
    slippage_usd: Decimal
    max_drift_after_ppm: int

    @property
    def cost_usd(self) -> Decimal:
        return self.gas_usd + self.slippage_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleView:
    """One cycle. `head` is the hash of the last record that a review is about.

    Sign-offs are not, nor is the news that what was mined became final. `is_reviewed` says whether
    somebody signed off all that there is to review.
    """

    cycle_id: str
    began_at: datetime
    stage: Stage
    plan: PlanView | None
    batches: tuple[BatchView, ...]
    report: ReportView | None
    refusals: tuple[str, ...]
    halts: tuple[str, ...]
    head: str
    signed_off_by: tuple[str, ...]
    is_reviewed: bool
