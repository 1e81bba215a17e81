"""One schedule from its start to the verdict: the agent lives, is struck, is started again, until it is done."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.settings import load_settings
from anvil.strict.chain import BLOCK_TIME_S
from anvil.strict.fleet import Fleet, strict_fleet
from anvil.strict.history import History
from anvil.torture.ground import Ground, Zygote
from anvil.torture.line import Message, answering
from anvil.torture.oracle import Arrivals, Finding, Scene, Wrong, judged
from anvil.torture.powerloss import lose_power, survive_start
from anvil.torture.schedule import Blow, Schedule, Strike
from anvil.torture.stage import ACCOUNT, SETTINGS_NAME
from anvil.torture.victim import Errand

MOST_LIVES = 12
RESTART_S = 5.0
"""What systemd waits before it starts a service again."""
MOST_BLOCKS = 600
"""Two hours: whatever is not settled by then is stuck."""
FINALITY = 8
HALTED = 6
KILLED = -9


@dataclass(slots=True)
class Result:
    """How a schedule went. `wrong` is empty where the agent held."""

    schedule: Schedule
    wrong: list[Finding]
    lives: int
    struck: int
    ends: tuple[str, ...]
    blocks: int
    took_s: float
    clock_s: float
    passed: Mapping[str, int]
    history: list[str]


@dataclass(slots=True)
class _Case:
    """A schedule under way, as the line and the network see it."""

    schedule: Schedule
    fleet: Fleet
    directory: Path
    clock_s: float
    second: Zygote
    life: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    blow: Blow | None = None
    ends: list[str] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def ledger(self) -> Path:
        return self.directory / "agent.sqlite"

    def answer(self, message: Message) -> Message:
        """Answer the agent over the line."""
        with self.turn:
            if "sleep" in message:
                self.pass_time(float(message["sleep"]))
                return {}
            if "now" in message:
                return {"t": self.clock_s + self.schedule.skew_s}
            if "reached" in message:
                return {"die": self._reach(str(message["reached"]))}
            self.ends.append(
                f"{message['ended']}: {message['reason']}"
                if message["reason"]
                else str(message["ended"])
            )
            self._note("ended", how=self.ends[-1])
            return {}

    def find(self, kind: Wrong, what: str) -> None:
        self.wrong.append(Finding(kind=kind, what=what))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and make the blocks that fall due."""
        self.clock_s += seconds
        chain = self.fleet.world.chain
        while chain.timestamp + BLOCK_TIME_S <= self.clock_s:
            self.fleet.mine()

    @property
    def is_stuck(self) -> bool:
        return self.fleet.world.chain.made > MOST_BLOCKS

    def _reach(self, point: str) -> bool:
        if self.is_stuck:
            return True
        self.hits[point] += 1
        self.passed[point] += 1
        self._note(point)
        for strike in self.schedule.strikes:
            if (strike.life, strike.point, strike.hit) == (self.life, point, self.hits[point]):
                return self._strike(strike)
        return False

    def _strike(self, strike: Strike) -> bool:
        self.struck += 1
        self.blow = strike.blow
        self._note("struck", by=strike.blow)
        if strike.blow is Blow.SECOND_INSTANCE:
            self._try_second()
            return False
        return True

    def _try_second(self) -> None:
        """Start a second agent on the same files: it must end at once, without having done anything."""
        ends: list[str] = []

        def answer(message: Message) -> Message:
            if "ended" in message:
                ends.append(str(message["ended"]))
            return {"t": self.clock_s, "die": False}

        with answering(self.directory / "second", answer):
            code = self.second.run(
                {
                    **_errand(self, self.directory / SETTINGS_NAME, is_powered=False),
                    "line": str(self.directory / "second"),
                }
            )
        self._note("a second instance ended", code=code, how=ends)
        if (code, ends) != (HALTED, ["LedgerError"]):
            self.find(Wrong.DOUBLE, f"a second instance was let in: {code} {ends}")

    def _note(self, what: str, **facts: Any) -> None:  # noqa: ANN401 - facts
        height = self.fleet.world.chain.height
        self.fleet.history.note(f"agent {self.life}: {what}", height=height, **facts)


def ran(ground: Ground, schedule: Schedule, *, is_cut: bool = False) -> Result:
    """Run a schedule and judge it; `is_cut` ends it, unjudged, when the agent first dies."""
    began = time.monotonic()
    site = ground.sites[schedule.start]
    site.reset()
    directory = ground.workplace / "case"
    shutil.rmtree(directory, ignore_errors=True)
    arrivals = Arrivals(ledger=directory / "agent.sqlite")
    since = int(site.stage.node.head()["number"], 16) + 1
    with strict_fleet(
        site.stage.node.url,
        dialects=(schedule.dialect,),
        script=schedule.rules,
        finality=FINALITY,
        on_arrival=arrivals.note,
    ) as fleet:
        settings = site.deploy(directory, rpc_url=fleet.url)
        case = _Case(
            schedule=schedule,
            fleet=fleet,
            directory=directory,
            clock_s=site.clock_s,
            second=ground.zygotes[1],
        )
        is_done = _lives(ground, case, settings, most=1 if is_cut else MOST_LIVES)
        scene = Scene(
            node=site.stage.node,
            vault=site.stage.vault,
            account=ACCOUNT,
            since=since,
            directory=directory,
            max_fee_wei=load_settings(settings).policy.policy().max_fee_per_gas_wei,
        )
        case.wrong += [] if is_cut else judged(scene, arrivals, is_done=is_done)
        blocks = fleet.world.chain.height - since
    return Result(
        schedule=schedule,
        wrong=case.wrong,
        lives=case.life + 1,
        struck=case.struck,
        ends=tuple(case.ends),
        blocks=blocks,
        took_s=time.monotonic() - began,
        clock_s=case.clock_s,
        passed=dict(case.passed),
        history=_told(schedule, fleet.history),
    )


def _lives(ground: Ground, case: _Case, settings: Path, *, most: int) -> bool:
    """Let the agent live until it is done or needs a human; return whether its cycle went well."""
    is_powered = any(strike.blow is Blow.POWER_LOSS for strike in case.schedule.strikes)
    for life in range(most):
        case.life, case.blow, case.hits = life, None, Counter()
        if is_powered:
            survive_start(case.ledger)
        with answering(case.directory / "line", case.answer):
            code = ground.zygotes[0].run(_errand(case, settings, is_powered=is_powered))
        if code == 0:
            return True
        _note_end(case, code)
        if case.is_stuck:
            case.find(Wrong.STUCK, f"{MOST_BLOCKS} blocks have passed")
            return False
        if code == HALTED:
            case.find(Wrong.HUMAN, " ".join(case.ends[-1:]))
            return False
        case.pass_time(RESTART_S)
    case.find(Wrong.STUCK, f"it is not done after {most} lives: {case.ends[-1:]}")
    return False


def _errand(case: _Case, settings: Path, *, is_powered: bool) -> dict[str, Any]:
    errand = Errand(
        settings=str(settings),
        line=str(case.directory / "line"),
        seed=case.schedule.seed + case.life,
        bug=case.schedule.bug,
        is_power_watched=is_powered,
    )
    return errand.document() | {"words": str(case.directory / "words")}


def _note_end(case: _Case, code: int) -> None:
    height = case.fleet.world.chain.height
    case.fleet.history.note(f"agent {case.life} is dead", height=height, code=code)
    if code == KILLED and case.blow is Blow.POWER_LOSS:
        lost = lose_power(case.ledger)
        case.fleet.history.note("power lost", height=height, files=lost)


def _told(schedule: Schedule, history: History) -> list[str]:
    return [*schedule.lines(), *history.lines()]
