"""What happens to one agent: when it is killed, what the nodes do, what else uses its account or its files."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from anvil.strict.chance import random_rules
from anvil.strict.dialects import DIALECTS
from anvil.strict.faults import BaseFee, Lag, Share, Split
from anvil.strict.script import Rule, When

HORIZON_BLOCKS = 40
"""How long nodes misbehave; afterwards all is as it should be."""

STEADY_GWEI = 1


class Blow(StrEnum):
    """What befalls an agent that reaches a point."""

    KILL = "kill"
    POWER_LOSS = "power_loss"
    SECOND_INSTANCE = "second_instance"


class Start(StrEnum):
    """Where a schedule begins: with an empty ledger, or with a plan that an agent recorded before it was killed."""

    FRESH = "fresh"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """In the `life`-th life, from 0, when `point` is reached for the `hit`-th time."""

    life: int
    point: str
    hit: int
    blow: Blow = Blow.KILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One experiment; equal schedules go equally. `skew_s` is how wrong the agent's clock is."""

    seed: int
    start: Start
    strikes: tuple[Strike, ...] = ()
    rules: tuple[Rule, ...] = ()
    dialect: str = "geth"
    skew_s: int = 0
    bug: str = ""

    def lines(self) -> list[str]:
        """Return it for a person to read."""
        head = f"seed {self.seed}: {self.start} start, {self.dialect}, clock {self.skew_s:+} s"
        strikes = [f"  life {s.life}: {s.blow} at {s.point} #{s.hit}" for s in self.strikes]
        return [head, *strikes, *(f"  {rule.when} -> {rule.do}" for rule in self.rules)]


Points = Mapping[str, int]
"""How often each point is reached in an undisturbed run."""


def drawn(seed: int, points_by_start: Mapping[Start, Points]) -> Schedule:
    """Return the schedule that a seed draws from the points there are."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    start = Start.FRESH if rng.random() < 0.1 else Start.PLANNED  # noqa: PLR2004 - seldom: it is slow
    points = points_by_start[start]
    strikes = tuple(_strike(rng, life, points) for life in range(rng.choice((0, 1, 1, 2, 2, 3))))
    rules: tuple[Rule, ...] = ()
    if rng.random() < 0.8 or not strikes:  # noqa: PLR2004 - mostly
        count = rng.randint(1, 5)
        rules = tuple(random_rules(rng.getrandbits(32), count=count, horizon=12))
    return Schedule(
        seed=seed,
        start=start,
        strikes=strikes,
        rules=(*rules, *healing()),
        dialect=rng.choice(sorted(set(DIALECTS) - {"relay"})),
        skew_s=rng.choice((0, 0, 0, -90, 90)),
    )


def _strike(rng: random.Random, life: int, points: Points) -> Strike:
    point = rng.choice(sorted(points))
    hit = rng.randint(1, points[point])
    blow = rng.choices(tuple(Blow), weights=(8, 2, 1))[0]
    return Strike(life=life, point=point, hit=hit, blow=blow)


def healing(endpoints: int = 1) -> tuple[Rule, ...]:
    """Return the rules that end every lasting trouble."""
    when = When(block=HORIZON_BLOCKS)
    return (
        *(Rule(when=when, do=Lag(endpoint=i, blocks=0)) for i in range(endpoints)),
        *(Rule(when=when, do=Split(endpoint=i, depth=0)) for i in range(endpoints)),
        Rule(when=when, do=BaseFee(gwei=STEADY_GWEI)),
        Rule(when=when, do=Share()),
    )


def once_each(points: Points, start: Start, *, seed: int = 0) -> list[Schedule]:
    """Return a schedule for each point, which kills once at its first hit."""
    return [
        Schedule(seed=seed, start=start, strikes=(Strike(life=0, point=point, hit=1),))
        for point in sorted(points)
    ]


def pairwise(
    points: Sequence[str], troubles: Mapping[str, Sequence[Rule]], start: Start
) -> list[Schedule]:
    """Return a schedule for each pair of a point and a trouble of the nodes."""
    return [
        Schedule(
            seed=0,
            start=start,
            strikes=(Strike(life=0, point=point, hit=1),),
            rules=(*troubles[trouble], *healing()),
        )
        for point in points
        for trouble in sorted(troubles)
    ]
