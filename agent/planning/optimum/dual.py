"""Any graph of pools: one price per token, each pool arbitraged on its own at the prices.

The dual of routing (Diamandis, Resnick, Chitra, Angeris: An Efficient Algorithm for Optimal Routing
Through Constant Function Market Makers, 2023): prices p minimise

    sum over pools of profit(p) + p . endowment - budget . log p

over log p, from below bounded where a token has a value of its own. The gradient is the value of what
is left over of each token: at the minimum nothing is, a token with a budget takes in that much value,
and one at its bound is kept. SciPy's L-BFGS-B finds it; every evaluation is closed form. What the value
in its 53 bits cannot tell any more is left to a few Newton steps on the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from agent.planning.optimum.clearing import Arcs, Traded
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.kernels import Curves

_FLAT = 1e-12
"""The least curvature taken for granted, as a share of the value: of tokens that nothing trades."""

_NEWTON_STEPS = 4
_AT_BOUND = 1e-12

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """What pools do at given prices: their profit, inputs and outputs per arc, what is left per token."""

    profit: float
    x: Vector
    y: Vector
    left: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """The prices found, and the dual's value there, which bounds what any plan can make."""

    price: Vector
    value: float
    trades: Trades
    evaluations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Pools between tokens, what is there of each to begin with, and what each is wanted for.

    `budget` is the value a token shall take in, `least` the least price of a token, or zero.
    """

    engine: Engine
    curves: Curves
    arcs: Arcs
    endowment: Vector
    budget: Vector
    least: Vector

    def trades(self, price: Vector) -> Trades:
        """Return what all pools trade at the prices, each on its own."""
        x, y = np.empty(len(self.arcs.cap)), np.empty(len(self.arcs.cap))
        left = self.endowment.copy()
        numbers = self.engine.numbers(price)
        traded = Traded(x=x, y=y, excess=left)
        profit = self.engine.arbitrage(self.curves, self.arcs, numbers, traded)
        return Trades(profit=profit, x=x, y=y, left=left)


def minimised(graph: Graph, *, start: Vector, curvature: Vector | None = None) -> Dual:
    """Return the prices that minimise the dual, from `start`.

    The solver sees a problem with a value of about 1, and log prices in units in which the curvature
    given is about 1.
    """
    size = graph.trades(start).profit + float(np.abs(graph.endowment) @ start + graph.budget.sum())
    unit = np.ones(len(start))
    if curvature is not None:
        unit = np.sqrt(size / np.maximum(curvature, size * _FLAT))

    def dual(scaled: Vector) -> tuple[float, Vector]:
        log_price = scaled * unit
        price = np.exp(log_price)
        trades = graph.trades(price)
        value = trades.profit + float(price @ graph.endowment - graph.budget @ log_price)
        return value / size, (price * trades.left - graph.budget) * unit / size

    with np.errstate(divide="ignore"):
        lowest = np.log(graph.least) / unit
    found = minimize(
        dual,
        np.log(start) / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lowest, np.full(len(start), np.inf)),
        options={"maxiter": 1_000, "maxfun": 2_000, "ftol": 1e-13, "gtol": 1e-12, "maxcor": 20},
    )
    price = np.exp(found.x * unit)
    trades = graph.trades(price)
    return Dual(
        price=price, value=float(found.fun) * size, trades=trades, evaluations=int(found.nfev)
    )


def polished(graph: Graph, found: Dual, *, slack: float = 0.0) -> Dual:
    """Return the dual after Newton steps on what is left over, as long as they leave less.

    With `slack` every token that is not kept shall be left by so much, as a share of what its pools trade:
    a little, and no token is short in spite of rounding.
    """
    best, least = found, _off(graph, found.price, found.trades, slack)
    for _ in range(_NEWTON_STEPS):
        off = least
        kept = (best.price <= graph.least * (1.0 + _AT_BOUND)) & (off >= 0.0)
        free = np.flatnonzero(~kept)
        step = np.zeros(len(off))
        step[free] = np.linalg.solve(_hessian(graph, best)[np.ix_(free, free)], -off[free])
        price = np.maximum(best.price * np.exp(np.clip(step, -1.0, 1.0)), graph.least)
        trades = graph.trades(price)
        now = _off(graph, price, trades, slack)
        if np.abs(now[free]).max(initial=0.0) >= np.abs(off[free]).max(initial=0.0):
            break
        best = Dual(price=price, value=best.value, trades=trades, evaluations=best.evaluations + 1)
        least = now
    return best


def _off(graph: Graph, price: Vector, trades: Trades, slack: float) -> Vector:
    """Return the gradient, or with slack what it lacks of it, in values."""
    ends, count = np.array(graph.arcs.token_in), len(price)
    turnover = price * np.bincount(ends, trades.x, count)
    off: Vector = price * trades.left - graph.budget - slack * turnover
    return off


def _hessian(graph: Graph, at: Dual) -> NDArray[np.float64]:
    """Return the second derivative of the dual by log prices: a weighted Laplacian of the graph."""
    stiff, numbers = np.empty(len(graph.arcs.cap)), graph.engine.numbers(at.price)
    graph.engine.stiffness(graph.curves, graph.arcs, numbers, stiff)
    into, out_of = np.array(graph.arcs.token_out), np.array(graph.arcs.token_in)
    count = len(at.price)
    across = np.bincount(into * count + out_of, stiff, count * count).reshape(count, count)
    across += across.T
    own = at.price * at.trades.left + across.sum(axis=0)
    found: NDArray[np.float64] = np.diag(np.maximum(own, _FLAT * own.max())) - across
    return found
