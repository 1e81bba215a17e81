"""Any graph of pools: one price per token, each pool arbitraged on its own at the prices.

The dual of routing (Diamandis, Resnick, Chitra, Angeris: An Efficient Algorithm for Optimal Routing
Through Constant Function Market Makers, 2023): prices p minimise

    sum over pools of profit(p) + p . endowment - budget . log p

over log p, from below bounded where a token has a value of its own. The gradient is the value of what
is left over of each token: at the minimum nothing is, a token with a budget takes in that much value,
and one at its bound is kept. SciPy's L-BFGS-B finds it; every evaluation is closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from agent.planning.optimum.clearing import Arcs, Traded
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.kernels import Curves

_FLAT = 1e-12
"""The least curvature taken for granted, as a share of the value: of tokens that nothing trades."""

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
    size = float(graph.endowment @ start + graph.budget.sum()) or 1.0
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
