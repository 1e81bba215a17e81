"""The kernels: filled exactly, compiled or not alike."""

import random
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import Engine, best, plain
from agent.planning.optimum.kernels import Book, Order
from agent.planning.splitting import Candidate
from tests.pools import random_candidates

SEEDS = st.integers(0, 2**32)
ENGINES = [pytest.param(plain(), id="plain"), pytest.param(best(), id="compiled")]


def book(candidates: tuple[Candidate, ...], engine: Engine, seed: int) -> Book:
    """Return the candidates as edges with random weights, as orders against several hubs have them."""
    rng = np.random.default_rng(seed)
    count, numbers = len(candidates), engine.numbers
    worth_in, worth_out = rng.uniform(0.5, 2, count), rng.uniform(0.5, 2, count)
    curves = joined([ramps(c.pool, zero_for_one=c.zero_for_one) for c in candidates], engine)
    return Book(
        curves=curves,
        curve=numbers(np.arange(count)),
        scale=numbers(np.sqrt(worth_out / worth_in)),
        weight_in=numbers(worth_in),
        weight_out=numbers(worth_out),
        gas=numbers(np.array([float(c.gas_cost_out) for c in candidates])),
        tick=numbers(np.array([float(c.tick_cost_out) for c in candidates])),
        cap=numbers(np.array(curves.stop) - 1),
    )


def test_the_fast_build_is_compiled() -> None:
    assert best().is_compiled


def test_without_numba_the_kernels_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)

    assert not best.__wrapped__().is_compiled


@given(seed=SEEDS, count=st.integers(1, 8), amount=st.floats(1e12, 1e24))
def test_compiled_or_not_the_choice_is_the_same(seed: int, count: int, amount: float) -> None:
    candidates = random_candidates(random.Random(seed), count)
    found = []
    for engine in (plain(), best()):
        laid = book(candidates, engine, seed)
        t = engine.choose(laid, Order(0, count, amount), 0.0)
        found.append((t, [int(cap) for cap in laid.cap]))

    assert found[0] == found[1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(20))
def test_a_filled_order_absorbs_its_amount_at_one_marginal_value(engine: Engine, seed: int) -> None:
    laid = book(random_candidates(random.Random(seed), 6), engine, seed)
    amount = 10 ** random.Random(seed).uniform(18, 22)
    t = engine.fill(laid, Order(0, 6, amount), 0.0)
    absorbed = [engine.absorbed(laid.curves, e, laid.cap[e], t * laid.scale[e]) for e in range(6)]
    total = sum(
        weight * x for weight, (x, _y, _m, _i) in zip(laid.weight_in, absorbed, strict=True)
    )

    assert total == pytest.approx(amount, rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_guess_does_not_change_the_level(engine: Engine) -> None:
    laid = book(random_candidates(random.Random(3), 5), engine, 3)
    order = Order(0, 5, 1e21)
    t = engine.fill(laid, order, 0.0)

    assert [engine.fill(laid, order, t * f) for f in (0.5, 0.999, 1.001, 3.0)] == pytest.approx(
        [t] * 4, rel=1e-13
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_more_than_all_liquidity_has_no_level(engine: Engine) -> None:
    laid = book(random_candidates(random.Random(1), 3), engine, 1)
    room = engine.room(laid, Order(0, 3, 0.0))

    assert engine.fill(laid, Order(0, 3, room * 1.001), 0.0) == -1.0
    assert engine.fill(laid, Order(0, 3, room * 0.999), 0.0) > 0.0
