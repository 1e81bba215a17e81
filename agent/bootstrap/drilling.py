"""The rehearsal of a panic exit: the whole portfolio to stablecoins on a fork, timed and priced."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from agent.bootstrap.dry_run import dry_service
from agent.domain.fill import CycleReport
from agent.domain.happening import Happening, Listener, Planned, StepEnd
from agent.domain.order import SkippedOrder
from agent.domain.plan import Plan
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.settings import Settings

DRILLER = "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """How a panic exit went; money in dollars, gas and blocks as on the fork.

    `seconds` is how long the agent took from the command to its report, with blocks that come at once:
    on a chain each batch waits for its block besides. `cost_usd` is fees and impact as planned, and
    slippage and gas as realised. `left` is what could not be sold, with the reason.
    """

    cycle_id: str
    end: StepEnd
    seconds: float
    batches: int
    blocks: int
    gas_used: int
    portfolio_usd: Decimal
    sold_usd: Decimal
    cost_usd: Decimal
    left: tuple[SkippedOrder, ...]

    @property
    def cost_bps(self) -> Decimal:
        """Return the cost in bps of the portfolio."""
        return self.cost_usd * 10_000 / self.portfolio_usd if self.portfolio_usd else Decimal(0)


class _Witness:
    """Keeps the last plan and report of a run, and passes everything on."""

    def __init__(self, tell: Listener) -> None:
        self.plan: Plan | None = None
        self.report: CycleReport | None = None
        self._tell = tell

    def __call__(self, happening: Happening) -> None:
        if isinstance(happening, Planned):
            self.plan = happening.plan
        elif isinstance(happening, CycleReport):
            self.report = happening
        self._tell(happening)


def drill_flatten(
    settings: Settings, *, fork_url: str, out: Path, stop: threading.Event, tell: Listener
) -> Drill:
    """Carry out a panic exit on the fork and return how long it took and what it cost.

    Raises:
        NodeUnfitError: the address is not an Anvil fork's. SettingsError: `out` holds something.
    """
    witness = _Witness(tell)

    def command(at: datetime) -> RegimeCommanded:
        return RegimeCommanded(
            stance=Regime.BEARISH,
            by=DRILLER,
            reason="a rehearsal of the panic exit",
            at=at,
            max_reentries=settings.regime.max_reentries,
        )

    with dry_service(
        settings, fork_url=fork_url, out=out, stop=stop, tell=witness, command=command
    ) as service:
        begun = time.monotonic()
        slot, end, _ = service.run_once()
        seconds = time.monotonic() - begun
    return _drill(slot.cycle_id, end, witness, seconds)


def _drill(cycle_id: str, end: StepEnd, seen: _Witness, seconds: float) -> Drill:
    plan, report = seen.plan, seen.report
    outcomes = report.outcomes if report is not None else ()
    cost = Decimal(0)
    if plan is not None and report is not None:
        fees = plan.cost.venue_fee_usd + plan.cost.price_impact_usd
        cost = fees + report.realised_slippage_usd + report.realised_gas_usd
    blocks = [outcome.block_number for outcome in outcomes]
    return Drill(
        cycle_id=cycle_id,
        end=end,
        seconds=seconds,
        batches=len(outcomes),
        blocks=max(blocks) - min(blocks) + 1 if blocks else 0,
        gas_used=sum(outcome.gas_used for outcome in outcomes),
        portfolio_usd=Decimal(0) if plan is None else plan.cost.portfolio_usd,
        sold_usd=Decimal(0) if report is None else report.traded_usd,
        cost_usd=cost,
        left=() if plan is None else plan.skipped,
    )
