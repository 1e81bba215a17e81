"""A cycle whose steps do what a test tells them to, so that order and endings can be looked at alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.daemon.run import Cycle
from agent.daemon.schedule import Slot
from agent.domain.happening import Happening
from agent.ports import Clock, Ledger


@dataclass
class ScriptedSteps:
    """Both halves of a cycle; `acts` names what happens in a step, all others just go well."""

    executes: datetime
    acts: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    batches: int = 2
    outdated: list[bool] = field(default_factory=list)
    untimely: list[bool] = field(default_factory=list)
    unapproved: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def begin(self, _: Slot) -> None:
        self._do("begin")

    def propose(self, _: Slot) -> None:
        self._do("propose")

    def executes_at(self, _: Slot) -> datetime:
        return self.executes

    def awaits_approval(self, _: Slot) -> str | None:
        return self.unapproved.pop() if self.unapproved else None

    def is_outdated(self, _: Slot) -> bool:
        return self.outdated.pop() if self.outdated else False

    def is_its_moment(self, _: Slot) -> bool:
        return not self.untimely.pop() if self.untimely else True

    def plan(self, _: Slot) -> None:
        self._do("plan")

    def rehearse(self, _: Slot) -> int:
        self._do("rehearse")
        return self.batches

    def send(self, _: Slot, *, index: int) -> None:
        self._do(f"send-{index}")

    def report(self, _: Slot) -> None:
        self._do("report")

    def _do(self, name: str) -> None:
        self.done.append(name)
        self.acts.get(name, lambda: None)()


def scripted_cycle(
    steps: ScriptedSteps,
    *,
    clock: Clock,
    ledger: Ledger,
    patience: timedelta = timedelta(0),
    told: list[Happening] | None = None,
) -> Cycle:
    """Return a cycle of these steps; what it tells goes to `told`."""
    heard: list[Happening] = [] if told is None else told
    return Cycle(
        clock=clock,
        ledger=ledger,
        deciding=steps,
        executing=steps,
        patience=patience,
        tell=heard.append,
    )


def failing(*errors: BaseException | None) -> Callable[[], None]:
    """Return an act that raises these errors one after the other; None means it goes well."""
    queue = list(errors)

    def act() -> None:
        error = queue.pop(0) if queue else None
        if error is not None:
            raise error

    return act
