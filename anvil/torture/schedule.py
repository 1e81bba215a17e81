"""What happens to one agent: when it is killed, what the nodes do, what else uses its account or its files."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from anvil.strict.chance import random_rules
from anvil.strict.dialects import DIALECTS
from anvil.strict.faults import BaseFee, Forge, Invent, Lag, Share, Split, Stall, WrongChain
from anvil.strict.script import SEND, Rule, When

HORIZON_BLOCKS = 40
"""How long nodes misbehave; afterwards all is as it should be."""

STEADY_GWEI = 1
LIES = (Forge, Invent, WrongChain)
RECEIPT = "eth_getTransactionReceipt"
HEAD_READ = "eth_getBlockByNumber"
READS = (RECEIPT, HEAD_READ, "eth_getTransactionCount")


class Blow(StrEnum):
    """What befalls an agent that reaches a point; the last two leave it alive."""

    KILL = "kill"
    POWER_LOSS = "power_loss"
    SECOND_INSTANCE = "second_instance"
    FOREIGN_NONCE = "foreign_nonce"


DEADLY = frozenset({Blow.KILL, Blow.POWER_LOSS})


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
    dialects: tuple[str, ...] = ("geth",)
    skew_s: int = 0
    bug: str = ""

    @property
    def may_need_human(self) -> bool:
        """Whether the agent may stop and ask: its key is used by another, or a node lies outright."""
        is_shared = any(strike.blow is Blow.FOREIGN_NONCE for strike in self.strikes)
        return is_shared or any(isinstance(rule.do, LIES) for rule in self.rules)

    def lines(self) -> list[str]:
        """Return it for a person to read."""
        nodes = " + ".join(self.dialects)
        head = f"seed {self.seed}: {self.start} start, {nodes}, clock {self.skew_s:+} s"
        strikes = [f"  life {s.life}: {s.blow} at {s.point} #{s.hit}" for s in self.strikes]
        return [head, *strikes, *(f"  {rule.when} -> {rule.do}" for rule in self.rules)]


Points = Mapping[str, int]
"""How often each point is reached in an undisturbed run."""


def drawn(seed: int, points_by_start: Mapping[Start, Points]) -> Schedule:
    """Return the schedule that a seed draws from the points there are."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    start = rng.choices((Start.FRESH, Start.PLANNED), weights=(1, 19))[0]  # the first is slow
    points = points_by_start[start]
    strikes = tuple(_strike(rng, life, points) for life in range(rng.choice((0, 1, 1, 2, 2, 3))))
    count = rng.choices((1, 3), weights=(2, 1))[0]
    rules: tuple[Rule, ...] = ()
    if rng.randrange(5) or not strikes:
        wanted = rng.randint(1, 5)
        rules = tuple(random_rules(rng.getrandbits(32), count=wanted, endpoints=count, horizon=12))
    rules += tuple(_rare(rng, count))
    return Schedule(
        seed=seed,
        start=start,
        strikes=strikes,
        rules=(*rules, *healing(count)),
        dialects=tuple(rng.choice(sorted(set(DIALECTS) - {"relay"})) for _ in range(count)),
        skew_s=rng.choice((0, 0, 0, -400, -90, 90, 900)),
    )


def _strike(rng: random.Random, life: int, points: Points) -> Strike:
    point = rng.choice(sorted(points))
    hit = rng.randint(1, points[point])
    blow = rng.choices(tuple(Blow), weights=(32, 8, 3, 1))[0]
    return Strike(life=life, point=point, hit=hit, blow=blow)


def _rare(rng: random.Random, count: int) -> list[Rule]:
    """Return what few schedules have: a node that does not answer in time, or one that lies."""
    rules: list[Rule] = []
    endpoint = rng.randrange(count)
    if not rng.randrange(10):
        when = When(method=rng.choice((SEND, *READS)), call=rng.randint(1, 6), endpoint=endpoint)
        rules.append(Rule(when=when, do=Stall()))
    if not rng.randrange(25):
        method, lie = rng.choice(
            (
                (RECEIPT, Forge(field="blockHash")),
                (RECEIPT, Forge(field="transactionHash")),
                (RECEIPT, Forge(field="from")),
                (RECEIPT, Invent()),
                (HEAD_READ, Forge(field="hash")),
            )
        )
        when = When(method=method, call=rng.randint(1, 8), times=2, endpoint=endpoint)
        rules.append(Rule(when=when, do=lie))
    return rules


def healing(endpoints: int = 1) -> tuple[Rule, ...]:
    """Return the rules that end every lasting trouble."""
    when = When(block=HORIZON_BLOCKS)
    return (
        *(Rule(when=when, do=Lag(endpoint=i, blocks=0)) for i in range(endpoints)),
        *(Rule(when=when, do=Split(endpoint=i, depth=0)) for i in range(endpoints)),
        Rule(when=when, do=BaseFee(gwei=STEADY_GWEI)),
        Rule(when=when, do=Share()),
    )
