"""Between cycles: the regime is read, and a switch of the stance that nobody acted on starts a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import observe
from agent.daemon.accepting import Accepting
from agent.daemon.schedule import Slot
from agent.daemon.standing import body_of
from agent.domain.bodies import PlanMade
from agent.domain.record import Record, RecordKind
from agent.domain.regime import RegimeState
from agent.domain.signal import Regime
from agent.errors import RetryableError, SignalError

LOOK_EVERY = timedelta(seconds=15)
"""How soon a command of the operator is noticed."""


@dataclass(kw_only=True)
class Watching:
    """Says which cycle a switch of the stance makes due. `every` is how often the regime is read."""

    accepting: Accepting
    portfolio: str
    every: timedelta
    _looked_at: datetime | None = field(default=None, init=False)
    _read_at: datetime | None = field(default=None, init=False)
    _carried_out: datetime | None = field(default=None, init=False)
    _failure: str = field(default="", init=False)

    def __call__(self, now: datetime) -> Slot | None:
        """Return the cycle that a switch calls for, None if there is none or it is not time to look."""
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return None
        self._looked_at = now
        if self.every and (self._read_at is None or now - self._read_at >= self.every):
            self._read_at = now
            self._read()
        state = self.accepting.book.state()
        if not _is_switch(state) or self._is_carried_out(state):
            return None
        return switch_slot(self.portfolio, state)

    def _read(self) -> None:
        try:
            self.accepting.read_regime()
        except (SignalError, RetryableError) as error:
            # One line as long as it stays the same failure: this is looked at every few minutes.
            if type(error).__name__ != self._failure:
                observe.step_retried(step="watch", reason=str(error))
            self._failure = type(error).__name__
        else:
            self._failure = ""

    def _is_carried_out(self, state: RegimeState) -> bool:
        """Return whether a cycle since the switch was planned under the stance and went to its end."""
        assert state.since is not None, "a switch has its time"  # noqa: S101
        if self._carried_out == state.since:
            return True
        ledger = self.accepting.ledger
        reports = ledger.records(kinds=(RecordKind.REPORT,))
        cycles = {r.cycle_id for r in reports if _time_of(r) >= state.since}
        plans = [r for c in cycles for r in ledger.records(cycle_id=c, kinds=(RecordKind.PLAN,))]
        if any(_regime_of(r) is state.stance for r in plans if _time_of(r) >= state.since):
            self._carried_out = state.since
        return self._carried_out == state.since


def switch_slot(portfolio: str, state: RegimeState) -> Slot:
    """Return the slot of a switch: its cycle has the same id however often it is looked for."""
    assert state.since is not None, "a switch has its time"  # noqa: S101
    way = "out" if state.stance is Regime.BEARISH else "in"
    return Slot(
        cycle_id=f"{portfolio}-{state.since:%Y-%m-%dT%H%M%SZ}-{way}",
        scheduled_at=state.since,
        is_exit=state.stance is Regime.BEARISH,
    )


def _is_switch(state: RegimeState) -> bool:
    """Return whether the stance calls for a cycle of its own; being in from the start does not."""
    return state.stance is Regime.BEARISH or state.since in state.reentries


def _regime_of(record: Record) -> Regime | None:
    made = body_of(record)
    return made.plan.regime if isinstance(made, PlanMade) else None


def _time_of(record: Record) -> datetime:
    return datetime.fromisoformat(record.at)
