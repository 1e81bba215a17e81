"""Warming up leaves nothing to compile."""

import random
from dataclasses import fields

from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.engine import Engine, best
from agent.planning.optimum.order import propose
from agent.planning.optimum.warming import warm
from tests.baskets import seeded
from tests.pools import random_candidates


def compiled() -> dict[str, int]:
    kernels = (field.name for field in fields(Engine) if field.name != "is_compiled")
    return {name: len(getattr(best(), name).signatures) for name in kernels}


def test_nothing_is_left_to_compile_after_warming() -> None:
    assert warm()
    ready = compiled()
    assert any(ready.values())

    solve_basket(seeded(1, total_usd=100_000))
    propose(10**18, random_candidates(random.Random(1), 4))

    assert ready == compiled()
