"""The service: starts the cycle that is due, catches up a missed one, and stops at any point cleanly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import observe
from agent.daemon.schedule import Schedule, Slot
from agent.daemon.standing import wants_review
from agent.domain.happening import Ending, Listener, Resumed, StepEnd
from agent.errors import AgentError, LedgerUnusableError, RetryableError
from agent.ports import Clock, Supervisor
from agent.workflow.engine import Engine

TICK_S = 5.0
PUNCTUAL = timedelta(minutes=5)
TRY_AGAIN_EVERY = timedelta(minutes=10)
"""How long after a switch that did not go well it is tried again: an exit is not given up."""

SETTLE_EVERY = timedelta(minutes=1)


@dataclass(kw_only=True)
class Service:
    """Cycles on their slots, one at a time. `settle` moves what was mined on to its final state.

    `watch` looks at the regime, and names the cycle that a switch calls for outside the schedule; `look`
    is for the circuit breakers, between cycles.
    `rests` says why the cycle of a slot is not to begin now, "" where it may.
    """

    engine: Engine
    schedule: Schedule
    clock: Clock
    supervisor: Supervisor
    settle: Callable[[], object]
    tell: Listener
    watch: Callable[[datetime], Slot | None] = lambda _: None
    look: Callable[[datetime], None] = lambda _: None
    rests: Callable[[Slot], str] = lambda _: ""
    _tried_at: datetime | None = field(default=None, init=False)
    _settled_at: datetime | None = field(default=None, init=False)
    _halted: str = field(default="", init=False)

    def run_forever(self) -> None:
        """Run until asked to stop, which raises StopRequestedError once all is left in good order.

        Raises:
            LedgerUnusableError: the database fails, so nothing can be recorded, and nothing is done.
        """
        with self.engine:
            since = self.engine.since(self.clock.now())
            self.supervisor.ready()
            try:
                while True:
                    self.supervisor.heartbeat()
                    self.engine.check()
                    self.supervisor.status(self.tick(since=since))
                    self.clock.sleep(min(TICK_S, self.supervisor.heartbeat_s or TICK_S))
            finally:
                self.supervisor.stopping()

    def run_once(self) -> tuple[Slot, StepEnd, bool]:
        """Run the cycle of the latest slot, unless it went well before, and finish what was under way.

        Returns the slot, how its cycle ended, and whether that is news.
        """
        slot = self.schedule.latest(self.clock.now())
        with self.engine:
            for workflow_id in self.engine.under_way():
                cycle_id = workflow_id.partition("/")[0]
                self.tell(Resumed(cycle_id=cycle_id))
                end = self.engine.wait(workflow_id)
                if cycle_id == slot.cycle_id:
                    return slot, end, True
            last = self.engine.last_end(slot.cycle_id)
            if last is not None and last.ending is Ending.DONE:
                return slot, last, False
            return slot, self.engine.wait(self.engine.start(slot)), True

    def tick(self, *, since: datetime) -> str:
        """Start what is due, and return in one line what the service is at."""
        now = self.clock.now()
        switch = self.watch(now)
        under_way = self.engine.under_way()
        if under_way:
            return f"cycle {under_way[0]} is under way"
        for slot in self._due(switch, now, since=since):
            if not self.rests(slot):
                self._start(slot, now)
                return f"cycle {slot.cycle_id} begins"
        self._settle_now_and_then(now)
        self._look(now)
        if self._halted:
            return f"halted: {self._halted}"
        upcoming = self.schedule.upcoming(now)
        if resting := self.rests(upcoming):
            return resting
        return f"next cycle {upcoming.cycle_id} begins {upcoming.scheduled_at - self.schedule.notice:%Y-%m-%d %H:%M} UTC"

    def _due(self, switch: Slot | None, now: datetime, *, since: datetime) -> Iterator[Slot]:
        """Yield the slots whose cycles are due, the more urgent first."""
        if switch is not None and not self.rests(switch) and self._is_to_begin(switch, now):
            yield switch
        slot = self.schedule.due(now, since=since, has_begun=lambda c: self.engine.attempts(c) > 0)
        if slot is not None:
            yield slot

    def _is_to_begin(self, switch: Slot, now: datetime) -> bool:
        """Return whether a switch is to be tried now: at once, and again a while after it failed."""
        if self.engine.attempts(switch.cycle_id) == 0:
            self._tried_at = now
            return True
        if self._tried_at is not None and now - self._tried_at < TRY_AGAIN_EVERY:
            return False
        self._tried_at = now
        last = self.engine.last_end(switch.cycle_id)
        return last is None or (last.ending is not Ending.DONE and not wants_review(last.error))

    def _start(self, slot: Slot, now: datetime) -> None:
        if now - slot.scheduled_at > PUNCTUAL:
            observe.cycle_caught_up(cycle_id=slot.cycle_id, missed_at=slot.scheduled_at)
        self.engine.start(slot)

    def _look(self, now: datetime) -> None:
        try:
            self.look(now)
        except RetryableError as error:
            observe.step_retried(step="look", reason=str(error))

    def _settle_now_and_then(self, now: datetime) -> None:
        if self._settled_at is not None and now - self._settled_at < SETTLE_EVERY:
            return
        self._settled_at = now
        try:
            self.settle()
        except RetryableError as error:
            observe.step_retried(step="settle", reason=str(error))
        except LedgerUnusableError:
            raise
        except AgentError as error:
            # Nothing is signed while it stands; the next cycle would halt on it, too.
            self._halted = str(error)
            observe.settling_halted(error=type(error).__name__, reason=self._halted)
        else:
            self._halted = ""
