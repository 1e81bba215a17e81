"""Named troubles of the nodes, and schedules that pair every one of them with every point to die at."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from anvil.strict.faults import (
    BaseFee,
    Censor,
    Drop,
    Evict,
    Fault,
    Garble,
    Lag,
    Late,
    Lost,
    Missing,
    Refuse,
    RefuseButKeep,
    Reorg,
    Split,
    Stale,
    Stall,
    Status,
    Twice,
    Unshared,
)
from anvil.strict.script import SEND, Rule, When
from anvil.torture.schedule import HEAD_READ, RECEIPT, Schedule, Start, Strike, healing

ENDPOINTS = 2
"""With fewer, an endpoint that lags or splits would be the chain itself."""

NONCE_READ = "eth_getTransactionCount"


def _send(fault: Fault) -> tuple[Rule, ...]:
    return (Rule(when=When(method=SEND, times=2), do=fault),)


def _read(method: str, fault: Fault) -> tuple[Rule, ...]:
    return (Rule(when=When(method=method, call=2, times=3), do=fault),)


TROUBLES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "send dropped": _send(Drop()),
        "send refused and kept": _send(RefuseButKeep()),
        "send doubled": _send(Twice()),
        "send late": _send(Late(blocks=2)),
        "send unshared": _send(Unshared()),
        "send refused": _send(Refuse()),
        "send lost": _send(Lost(has_effect=False)),
        "answer to a send lost": _send(Lost()),
        "send stalled": _send(Stall()),
        "limited": _read(HEAD_READ, Status(code=429)),
        "out of order": _read(RECEIPT, Status(code=503)),
        "garbled": _read(NONCE_READ, Garble()),
        "stale head": _read(HEAD_READ, Stale(blocks=3)),
        "stale nonce": _read(NONCE_READ, Stale(blocks=2)),
        "receipt missing": _read(RECEIPT, Missing()),
        "reorganised": (Rule(when=When(block=3), do=Reorg(depth=2)),),
        "reorganised and dropped": (Rule(when=When(block=2), do=Reorg(depth=2, repool=False)),),
        "evicted": (Rule(when=When(method=RECEIPT, call=1), do=Evict()),),
        "lagging": (Rule(when=When(block=1), do=Lag(endpoint=1, blocks=3)),),
        "split": (Rule(when=When(block=2), do=Split(endpoint=1, depth=1)),),
        "dear": (Rule(when=When(block=1), do=BaseFee(gwei=12)),),
        "censored": (Rule(when=When(method=RECEIPT, call=1), do=Censor(blocks=5)),),
    }
)
"""Each befalls an agent early enough to meet it; none lasts."""

Pair = tuple[str, str]
"""A point and a trouble."""


def pairs_of(schedule: Schedule) -> set[Pair]:
    """Return the pairs that a schedule brings together."""
    names = {name for name, rules in TROUBLES.items() if set(rules) <= set(schedule.rules)}
    return set(product((strike.point for strike in schedule.strikes), names))


def pairwise(points: Sequence[str], start: Start) -> list[Schedule]:
    """Return schedules that pair every point with every trouble: two of each in one, points in two lives.

    A greedy cover: of some random candidates the one that adds most pairs is taken, until none is missing.
    """
    rng = random.Random(len(points))  # noqa: S311 - schedules, not secrets
    missing = set(product(points, TROUBLES))
    schedules: list[Schedule] = []
    while missing:
        seed = len(schedules)
        candidates = (_candidate(rng, seed, points, start, missing) for _ in range(12))
        best = max(candidates, key=lambda candidate: len(pairs_of(candidate) & missing))
        missing -= pairs_of(best)
        schedules.append(best)
    return schedules


def _candidate(
    rng: random.Random, seed: int, points: Sequence[str], start: Start, missing: set[Pair]
) -> Schedule:
    """Return a schedule with one of the missing pairs, and whatever comes with it."""
    point, trouble = rng.choice(sorted(missing))
    other = rng.choice([name for name in TROUBLES if name != trouble])
    return Schedule(
        seed=seed,
        start=start,
        strikes=tuple(
            Strike(life=life, point=at, hit=1)
            for life, at in enumerate((point, rng.choice(points)))
        ),
        rules=(*TROUBLES[trouble], *TROUBLES[other], *healing(ENDPOINTS)),
        dialects=("geth",) * ENDPOINTS,
    )


def once_each(points: Sequence[str], start: Start) -> Iterator[Schedule]:
    """Yield a schedule for each point, which kills once at its first hit."""
    for point in points:
        yield Schedule(seed=0, start=start, strikes=(Strike(life=0, point=point, hit=1),))
