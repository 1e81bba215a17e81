"""Schedules that a seed decides: the same seed, the same faults at the same calls and blocks."""

from __future__ import annotations

import random
from collections.abc import Callable

from anvil.strict.faults import (
    Act,
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
    Status,
    Twice,
    Unshared,
)
from anvil.strict.script import SEND, Rule, When

READS = (
    *("eth_getTransactionReceipt", "eth_getTransactionCount", "eth_getBlockByNumber"),
    *("eth_call", "eth_simulateV1"),
)

_WORDS = (
    "internal error",
    "request timed out",
    "header not found",
    "missing trie node",
    "daily request count exceeded, request rate limited",
)

_FAULTS: dict[str, tuple[Callable[[random.Random], Fault], ...]] = {
    "send": (
        lambda _: Drop(),
        lambda rng: RefuseButKeep(text=rng.choice(_WORDS)),
        lambda _: Twice(),
        lambda rng: Late(blocks=rng.randint(1, 4)),
        lambda _: Unshared(),
    ),
    "read": (
        lambda rng: Stale(blocks=rng.randint(1, 6)),
        lambda _: Missing(),
        lambda rng: Refuse(text=rng.choice(_WORDS)),
    ),
    "request": (
        lambda rng: Status(code=rng.choice((429, 500, 502, 503, 504))),
        lambda rng: Lost(has_effect=rng.random() < 0.5),  # noqa: PLR2004 - one way or the other
        lambda _: Garble(),
    ),
}
"""What hits calls in a random schedule; lies and stalls are left to scripts."""

_ACTS: tuple[Callable[[random.Random, int], Act], ...] = (
    lambda rng, _: Reorg(depth=rng.randint(1, 5), repool=rng.random() < 0.7),  # noqa: PLR2004 - mostly
    lambda rng, n: Evict(endpoint=rng.randrange(-1, n)),
    lambda rng, n: Lag(endpoint=rng.randrange(n), blocks=rng.randint(0, 4)),
    lambda rng, n: Split(endpoint=rng.randrange(n), depth=rng.randint(0, 3)),
    lambda rng, _: BaseFee(gwei=rng.choice((1, 5, 40))),
    lambda rng, _: Censor(blocks=rng.randint(1, 4)),
)


def random_rules(seed: int, *, count: int = 6, endpoints: int = 1, horizon: int = 12) -> list[Rule]:
    """Return a schedule that `seed` alone decides: `count` rules within the first `horizon` calls or blocks."""
    rng = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    return [_random_rule(rng, endpoints=endpoints, horizon=horizon) for _ in range(count)]


def _random_rule(rng: random.Random, *, endpoints: int, horizon: int) -> Rule:
    kind = rng.choice(("send", "send", "read", "request", "act"))
    endpoint = rng.randrange(-1, endpoints)
    if kind == "act":
        act = rng.choice(_ACTS)(rng, endpoints)
        return Rule(when=When(block=rng.randint(1, horizon)), do=act)
    method = SEND if kind == "send" else rng.choice(READS)
    if kind == "request":
        method = rng.choice((SEND, *READS))
    when = When(
        method=method,
        call=rng.randint(1, horizon if kind != "send" else max(horizon // 3, 1)),
        times=rng.choice((1, 1, 1, 2, 4)),
        endpoint=endpoint,
    )
    return Rule(when=when, do=rng.choice(_FAULTS[kind])(rng))
