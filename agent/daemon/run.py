"""The order of a cycle's steps, and what ends a cycle early."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from agent import errors, observe
from agent.daemon.schedule import Slot
from agent.daemon.standing import last_halt
from agent.domain.bodies import Halted
from agent.domain.canonical import canonical_bytes, from_json
from agent.domain.happening import Ending, Listener, StepEnd
from agent.domain.record import RecordKind
from agent.errors import (
    AgentError,
    HaltError,
    InDoubtError,
    NonceTakenError,
    PlanOutOfBoundsError,
    ProposalNotApprovedError,
    RetryableError,
    RouteUnfitError,
    SkipCycleError,
    UnexpectedError,
)
from agent.ports import Clock, Ledger

MAX_PROPOSALS = 3
"""A market that outgrows so many proposals in a row is left alone until the next slot."""

RETRY_PAUSE_S = 30
LONGEST_WAIT_S = 60
"""Of one uninterrupted wait, so that a clock that was set is noticed."""

APPROVAL_WINDOW = timedelta(hours=24)
"""How long after its time a proposal still waits for approval."""


class Steps(Protocol):
    """Runs a step under a name. What it returned once, it returns for that name ever after."""

    def __call__(self, name: str, act: Callable[[], str]) -> str: ...


class Decides(Protocol):
    """The steps up to a plan; `agent.daemon.deciding` has them."""

    def propose(self, slot: Slot, /) -> None: ...

    def executes_at(self, slot: Slot, /) -> datetime: ...

    def awaits_approval(self, slot: Slot, /) -> str | None: ...

    def is_outdated(self, slot: Slot, /) -> bool: ...

    def is_its_moment(self, slot: Slot, /) -> bool: ...

    def plan(self, slot: Slot, /) -> None: ...


class Executes(Protocol):
    """The steps that move money; `agent.daemon.executing` has them."""

    def begin(self, slot: Slot, /) -> None: ...

    def rehearse(self, slot: Slot, /) -> int: ...

    def send(self, slot: Slot, /, *, index: int) -> None: ...

    def report(self, slot: Slot, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Everything that a cycle is run with. A step out of reach is tried again for `patience` in all."""

    clock: Clock
    ledger: Ledger
    deciding: Decides
    executing: Executes
    patience: timedelta
    tell: Listener


def run_cycle(cycle: Cycle, slot: Slot, steps: Steps) -> StepEnd:
    """Run the cycle of a slot to its end, which is a value however it ends, and recorded.

    Raises:
        StopRequestedError: asked to stop; the same call goes on from there.
    """
    with observe.cycle(slot.cycle_id):
        end = _Run(cycle, slot, steps).to_its_end()
        observe.cycle_ended(end)
    cycle.tell(end)
    return end


def at_once(_: str, act: Callable[[], str]) -> str:
    """Run a step without remembering it: the `Steps` of a process that is not resumed."""
    return act()


class _Run:
    """One cycle under way."""

    def __init__(self, cycle: Cycle, slot: Slot, steps: Steps) -> None:
        self._cycle, self._slot, self._steps = cycle, slot, steps

    def to_its_end(self) -> StepEnd:
        end = self._step("begin", self._cycle.executing.begin)
        for number in range(MAX_PROPOSALS):
            if end.ending is not (Ending.OUTGROWN if number else Ending.DONE):
                break
            end = self._decide(number)
            if end.ending is Ending.DONE:
                end = self._execute()
                if end.ending is not Ending.OUTGROWN:
                    break
                # What was being sent is gone: the rest of its plan is dropped, then planned anew.
                begun = self._step("begin", self._cycle.executing.begin)
                end = end if begun.ending is Ending.DONE else begun
        return end

    def _decide(self, number: int) -> StepEnd:
        end = self._step(f"propose-{number}", self._cycle.deciding.propose)
        if end.ending is Ending.DONE:
            self._wait_for_its_time()
            end = self._step(f"clear-{number}", self._wait_until_clear)
        if end.ending is Ending.DONE:
            end = self._step(f"plan-{number}", self._cycle.deciding.plan)
        return end

    def _execute(self) -> StepEnd:
        executing = self._cycle.executing
        end = self._step("rehearse", executing.rehearse)
        for index in range(end.batches):
            end = self._step(f"send-{index}", partial(executing.send, index=index))
            if end.ending is not Ending.DONE:
                break
        return self._step("report", executing.report) if end.ending is Ending.DONE else end

    def _wait_for_its_time(self) -> None:
        # Not a step: the time is in the recorded proposal, so that a restart waits for the rest of it.
        due = self._cycle.deciding.executes_at(self._slot)
        while (left_s := (due - self._cycle.clock.now()).total_seconds()) > 0:
            if self._cycle.deciding.is_outdated(self._slot):
                return
            self._cycle.clock.sleep(min(left_s, LONGEST_WAIT_S))

    def _wait_until_clear(self, slot: Slot) -> None:
        deciding = self._cycle.deciding
        self._wait_for_approval(slot)
        while not deciding.is_outdated(slot) and not deciding.is_its_moment(slot):
            self._cycle.clock.sleep(LONGEST_WAIT_S)
            self._wait_for_approval(slot)  # which may be taken back while the window is open

    def _wait_for_approval(self, slot: Slot) -> None:
        deciding, clock = self._cycle.deciding, self._cycle.clock
        until = deciding.executes_at(slot) + APPROVAL_WINDOW
        while (waiting := deciding.awaits_approval(slot)) is not None:
            if deciding.is_outdated(slot):
                return
            if clock.now() >= until:
                raise ProposalNotApprovedError(cycle_id=slot.cycle_id, proposal_id=waiting)
            clock.sleep(LONGEST_WAIT_S)

    def _step(self, name: str, act: Callable[[Slot], int | None]) -> StepEnd:
        text = self._steps(name, lambda: canonical_bytes(self._guarded(name, act)).decode())
        end: StepEnd = from_json(StepEnd, json.loads(text))
        return end

    def _guarded(self, name: str, act: Callable[[Slot], int | None]) -> StepEnd:
        """Return how the step ended; one that was cut off after recording its end says so again."""
        makes_anew = name == "begin" or name.startswith("propose-")
        recorded = last_halt(self._cycle.ledger, self._slot.cycle_id)
        if recorded is not None and not makes_anew:
            return _end(_error_class(recorded.error), recorded.reason)
        try:
            return StepEnd(ending=Ending.DONE, batches=self._patiently(name, act) or 0)
        except AgentError as error:
            return self._give_up(error)
        except Exception as error:  # noqa: BLE001 - a failure that nobody named is a bug, and halts
            observe.unexpected_error(error)
            return self._give_up(UnexpectedError(where=name, kind=type(error).__name__))

    def _patiently(self, name: str, act: Callable[[Slot], int | None]) -> int | None:
        clock = self._cycle.clock
        until = clock.now() + self._cycle.patience
        while True:
            try:
                return act(self._slot)
            except RetryableError as error:
                # What was sent stays in doubt until the chain tells: only an attended run turns back.
                is_in_doubt = isinstance(error, InDoubtError) and self._cycle.patience
                if clock.now() >= until and not is_in_doubt:
                    raise
                observe.step_retried(step=name, reason=str(error))
            clock.sleep(RETRY_PAUSE_S)

    def _give_up(self, error: AgentError) -> StepEnd:
        ledger, cycle_id = self._cycle.ledger, self._slot.cycle_id
        ended = Halted(error=type(error).__name__, reason=str(error))
        count = len(ledger.records(cycle_id=cycle_id, kinds=(RecordKind.HALT,)))
        ledger.append(ended, cycle_id=cycle_id, key=f"{cycle_id}/{count}")
        return _end(type(error), ended.reason)


def _error_class(name: str) -> type[AgentError]:
    found: type[AgentError] = getattr(errors, name, HaltError)
    return found


def _end(kind: type[AgentError], reason: str) -> StepEnd:
    if issubclass(kind, PlanOutOfBoundsError | NonceTakenError | RouteUnfitError):
        ending = Ending.OUTGROWN
    else:
        ending = Ending.SKIPPED if issubclass(kind, SkipCycleError) else Ending.HALTED
    return StepEnd(ending=ending, error=kind.__name__, reason=reason, exit_code=kind.exit_code)
