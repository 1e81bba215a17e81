"""One schedule from its start to the verdict: the agent lives, is struck, is started again, until it is done."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.settings import load_settings
from anvil.strict.faults import NAMES
from anvil.strict.fleet import Fleet, strict_fleet
from anvil.torture.case import MOST_BLOCKS, Case
from anvil.torture.ground import Ground, HangError, Site
from anvil.torture.line import answering
from anvil.torture.oracle import Arrivals, Finding, Scene, Wrong, judged
from anvil.torture.powerloss import lose_power, survive_start
from anvil.torture.schedule import HORIZON_BLOCKS, Blow, Schedule, Strike, healing
from anvil.torture.stage import ACCOUNT

MOST_LIVES = 12
RESTART_S = 30.0
"""What systemd waits before it starts a service again: `RestartSec` of deploy/agent.service."""

TRY_AGAIN_S = 600.0
"""When a cycle that was given up for now is run again."""

FINALITY = 6
FOR_HUMANS = frozenset({1, 2, 3, 6})
"""Exit codes after which nothing is started again by itself."""
KILLED = -9


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a schedule went; nothing is `wrong` where the agent held.

    `is_halted`: it stopped and asked for a human. `is_hung`: its process has to be left behind.
    """

    schedule: Schedule
    wrong: tuple[Finding, ...]
    lives: int
    struck: tuple[Strike, ...]
    ends: tuple[str, ...]
    is_halted: bool
    blocks: int
    took_s: float
    clock_s: float
    is_hung: bool
    passed: Mapping[str, int]
    faults: Mapping[str, int]
    acts: Mapping[str, int]
    history: tuple[str, ...]


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
        dialects=schedule.dialects,
        script=schedule.rules,
        finality=FINALITY,
        ports=None,
        on_arrival=arrivals.note,
    ) as fleet:
        settings = site.deploy(directory, endpoints=len(schedule.dialects))
        case = Case(
            schedule=schedule,
            fleet=fleet,
            directory=directory,
            clock_s=site.clock_s,
            second=ground.zygotes[1],
        )
        is_done = _lives(ground, case, settings, most=1 if is_cut else MOST_LIVES)
        if not is_cut:
            scene = _scene(site, case, settings, since=since)
            case.wrong += judged(scene, arrivals, is_done=is_done)
    return _result(case, took_s=time.monotonic() - began, is_done=is_done)


def _scene(site: Site, case: Case, settings: Path, *, since: int) -> Scene:
    return Scene(
        node=site.stage.node,
        vault=site.stage.vault,
        account=ACCOUNT,
        since=since,
        calm_from=since + HORIZON_BLOCKS,
        directory=case.directory,
        max_fee_wei=load_settings(settings).policy.policy().max_fee_per_gas_wei,
        foreign=frozenset(case.foreign),
    )


def _result(case: Case, *, took_s: float, is_done: bool) -> Result:
    schedule, fleet = case.schedule, case.fleet
    if schedule.may_need_human:
        case.wrong = [finding for finding in case.wrong if finding.kind is not Wrong.HUMAN]
    return Result(
        schedule=schedule,
        wrong=tuple(case.wrong),
        lives=case.life + 1,
        struck=tuple(case.struck),
        ends=tuple(case.ends),
        is_halted=not is_done,
        blocks=fleet.world.chain.made,
        took_s=took_s,
        clock_s=case.clock_s,
        is_hung=case.is_hung,
        passed=dict(case.passed),
        faults=_faults(fleet),
        acts=_acts(fleet),
        history=(*schedule.lines(), *fleet.history.lines()),
    )


def _faults(fleet: Fleet) -> Mapping[str, int]:
    """Count what befell calls, by its name."""
    facts = [dict(event.facts) for event in fleet.history]
    return Counter(str(fact["fault"]) for fact in facts if "fault" in fact)


def _acts(fleet: Fleet) -> Mapping[str, int]:
    """Count what befell chain and endpoints, by its name, but not what ended it."""
    ending = {rule.do for rule in healing(len(fleet.world.nodes))}
    told = [dict(event.facts)["do"] for event in fleet.history.named("act")]
    return Counter(NAMES[type(act)] for act in told if act not in ending)


def _lives(ground: Ground, case: Case, settings: Path, *, most: int) -> bool:
    """Let the agent live until it is done or needs a human; return whether its cycle went well."""
    is_powered = any(strike.blow is Blow.POWER_LOSS for strike in case.schedule.strikes)
    for life in range(most):
        case.life, case.blow = life, None
        case.hits.clear()
        if is_powered:
            survive_start(case.ledger)
        line = case.directory / "line"
        try:
            with answering(line, case.answer, case.exchange):
                code = ground.zygotes[0].run(
                    case.errand(settings, line=line, is_powered=is_powered)
                )
        except HangError as error:
            case.find(Wrong.STUCK, str(error))
            case.is_hung = True
            return False
        if code == 0:
            return True
        if not _goes_on(case, code):
            return False
    case.find(Wrong.STUCK, f"it is not done after {most} lives: {case.ends[-1:]}")
    return False


def _goes_on(case: Case, code: int) -> bool:
    """Let happen what follows an end; return whether the agent is started again."""
    case.note("is dead", code=code)
    if code == KILLED and case.blow is Blow.POWER_LOSS:
        case.note("power lost", files=lose_power(case.ledger))
    if case.is_stuck:
        case.find(Wrong.STUCK, f"{MOST_BLOCKS} blocks have passed")
        return False
    if code in FOR_HUMANS:
        case.find(Wrong.HUMAN, " ".join(case.ends[-1:]) or f"exit code {code}")
        return False
    case.pass_time(RESTART_S if code == KILLED else TRY_AGAIN_S)
    return True
