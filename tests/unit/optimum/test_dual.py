"""The dual: bounds, prices and trades against closed forms, and its gap on random graphs."""

import numpy as np
import pytest

from agent.planning.optimum.clearing import Arcs
from agent.planning.optimum.curves import Ramps, joined
from agent.planning.optimum.dual import Graph, minimised, polished
from agent.planning.optimum.engine import Engine, best, plain

ENGINES = pytest.mark.parametrize(
    "engine", [pytest.param(plain(), id="plain"), pytest.param(best(), id="compiled")]
)


def pair(reserve_in: float, reserve_out: float, kept: float) -> Ramps:
    depth = (reserve_in * reserve_out) ** 0.5
    level = np.array([reserve_in / (depth * kept**0.5), 1e12])
    slope = np.array([depth / kept**0.5, 0.0])
    return Ramps(level=level, slope=slope, crossed=np.zeros(2, np.int64))


def graph(
    pools: list[tuple[int, int, float, float, float]], tokens: int, engine: Engine, **given: object
) -> Graph:
    """Return pools (token, token, reserve, reserve, share kept after fee), each in both directions."""
    parts, ends = [], []
    for one, other, first, second, kept in pools:
        parts += [pair(first, second, kept), pair(second, first, kept)]
        ends += [(one, other), (other, one)]
    curves = joined(parts, engine)
    zeros = np.zeros(tokens)
    return Graph(
        engine=engine,
        curves=curves,
        arcs=Arcs(
            cap=engine.numbers(np.array(curves.stop) - 1),
            token_in=engine.numbers(np.array([a for a, _b in ends])),
            token_out=engine.numbers(np.array([b for _a, b in ends])),
        ),
        **({"endowment": zeros, "budget": zeros, "least": zeros} | given),
    )


@ENGINES
def test_arbitrage_between_two_pools_is_the_closed_form(engine: Engine) -> None:
    # Without fees, both end at the price of their joint reserves: 300 to 300.
    found = minimised(
        graph(
            [(0, 1, 100.0, 200.0, 1.0), (0, 1, 200.0, 100.0, 1.0)],
            2,
            engine,
            least=np.array([1.0, 1.0]),
        ),
        start=np.array([1.0, 1.0]),
    )

    assert found.price == pytest.approx([1.0, 1.0], rel=1e-6)
    assert found.value == pytest.approx(2 * (300 - 2 * 20_000**0.5), rel=1e-9)


@ENGINES
def test_a_sale_into_one_pool_clears_at_its_marginal_price(engine: Engine) -> None:
    reserve, sold, kept = 1000.0, 50.0, 0.997
    found = minimised(
        graph(
            [(0, 1, reserve, reserve, kept)],
            2,
            engine,
            endowment=np.array([sold, 0.0]),
            budget=np.array([0.0, 1.0]),
        ),
        start=np.array([1.0, 1.0]),
    )
    out = reserve - reserve**2 / (reserve + kept * sold)

    assert found.trades.x[0] == pytest.approx(sold, rel=1e-6)
    assert found.trades.left[1] == pytest.approx(out, rel=1e-6)
    assert found.price[1] * out == pytest.approx(1.0, rel=1e-6)


@ENGINES
@pytest.mark.parametrize("seed", range(3))
def test_the_gap_closes_on_random_graphs(engine: Engine, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tokens, pools = 12, 40
    least = rng.random(tokens)
    found = minimised(
        graph(
            [
                (*rng.choice(tokens, 2, replace=False), *(1000 * rng.random(2)), kept)
                for kept in rng.choice([0.997, 1.0], pools)
            ],
            tokens,
            engine,
            least=least,
        ),
        start=np.maximum(1.0, least),
    )
    made = float(least @ found.trades.left)

    assert found.value == pytest.approx(made, rel=1e-5)
    assert (found.trades.left > -1e-4 * found.value).all()
    assert (found.price >= least * (1 - 1e-12)).all()


def random_graph(seed: int, engine: Engine) -> Graph:
    rng = np.random.default_rng(seed)
    pools = [
        (*rng.choice(12, 2, replace=False), *(1000 * rng.random(2)), kept)
        for kept in rng.choice([0.997, 1.0], 40)
    ]
    return graph(pools, 12, engine, least=rng.random(12))


@ENGINES
@pytest.mark.parametrize("seed", range(5))
def test_polished_trades_leave_no_token_short_and_reach_the_bound(
    engine: Engine, seed: int
) -> None:
    asked = random_graph(seed, engine)
    found = minimised(asked, start=np.maximum(1.0, asked.least))
    left = polished(asked, found, slack=1e-11).trades.left

    assert (left >= 0).all()
    assert float(asked.least @ left) == pytest.approx(found.value, rel=1e-7)


@ENGINES
def test_a_token_that_no_pool_trades_keeps_its_price(engine: Engine) -> None:
    lonely = graph(
        [(0, 1, 1000.0, 1000.0, 0.997)],
        3,
        engine,
        endowment=np.array([10.0, 0.0, 0.0]),
        budget=np.array([0.0, 1.0, 0.0]),
    )
    start = np.array([1.0, 1.0, 7.0])
    found = polished(lonely, minimised(lonely, start=start, curvature=np.array([1e3, 1e3, 0.0])))

    assert found.price[2] == pytest.approx(7.0)
    assert found.trades.left[0] == pytest.approx(0.0, abs=1e-9)
