"""A basket with pools from coin to coin, or with many hubs: its prices minimise the dual.

Purchases take part with the utility share * log(amount), whose demand is worth its share of the wealth
at the margin. What is spent is less, by the profit that the dual leaves in the pools which deliver the
coin; budgets are raised by that until what is spent has the shares wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import numpy as np

from agent.planning.optimum.alternating import alternated, priced
from agent.planning.optimum.clearing import PURCHASE, SALE, Arcs
from agent.planning.optimum.dual import Dual, Graph, Trades, Vector, minimised, polished
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.layout import Layout, laid_out
from agent.planning.optimum.network import Route
from agent.planning.optimum.priced import Priced
from agent.planning.optimum.terms import Terms

_CORRECTIONS = 6
_CLEAR = 1e-9


def wide_prices(terms: Terms, routes: Sequence[Route], engine: Engine) -> Priced:
    """Return the flows and prices of the basket; coins may be traded for each other directly.

    Raises:
        FloatingPointError: the pools differ too much in depth, or in price, for floats.
    """
    tokens = (*terms.hubs, *terms.sold, *terms.bought)
    layout = laid_out(terms, routes, engine, tokens=tokens)
    try:
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            price = alternated(layout, settled)
    except np.linalg.LinAlgError as error:
        raise FloatingPointError("the dual is flat") from error
    return priced(layout, price)


def settled(layout: Layout, start: Sequence[float]) -> list[float]:
    """Return the prices at which each pool, arbitraged on its own, makes the basket clear."""
    terms = layout.terms
    share = np.array([terms.share.get(token, 0.0) for token in layout.tokens])
    is_bought = np.array([token in terms.bought for token in layout.tokens])
    price, graph = np.array(start), graph_of(layout)
    whole = layout.wealth = float(price @ graph.endowment)
    graph = replace(graph, budget=share * whole)
    curvature = depth_of(graph, price) + graph.budget
    found = polished(graph, minimised(graph, start=price, curvature=curvature))
    for _ in range(_CORRECTIONS):
        rents = np.where(is_bought, _rents(graph, found), 0.0)
        layout.wealth = whole - float(rents.sum())
        graph = replace(graph, budget=share * layout.wealth + rents)
        found = polished(graph, found)
        if _left_over(graph, found) > _CLEAR * whole:
            anew = minimised(graph, start=found.price, curvature=curvature)
            found = polished(graph, anew)
    price = found.price
    if not (np.isfinite(price).all() and price.min() > 0.0):
        raise FloatingPointError("the dual has no minimum that floats can reach")
    # Any multiple of the prices will do; costs in dollars ask for the one that agrees with the start.
    unit = start[0] / price[0]
    layout.wealth *= unit
    layout.left_over = _left_over(graph, found) / whole
    _note(layout, price * unit, found.trades)
    return [float(p) for p in price * unit]


def graph_of(layout: Layout) -> Graph:
    """Return the layout's pools between all its tokens, and what is there of each; without budgets."""
    number = {token: n for n, token in enumerate(layout.tokens)}
    held = {**layout.terms.spendable, **layout.terms.sold}
    numbers = layout.engine.numbers
    return Graph(
        engine=layout.engine,
        curves=layout.book.curves,
        arcs=Arcs(
            cap=layout.book.cap,
            token_in=numbers(np.array([number[r.token_in] for r in layout.routes])),
            token_out=numbers(np.array([number[r.token_out] for r in layout.routes])),
        ),
        endowment=np.array([float(held.get(token, 0)) for token in layout.tokens]),
        budget=np.zeros(len(layout.tokens)),
        least=np.zeros(len(layout.tokens)),
    )


def _left_over(graph: Graph, found: Dual) -> float:
    """Return the most value that any token has too much or too little of."""
    return float(np.abs(found.price * found.trades.left - graph.budget).max())


def _rents(graph: Graph, found: Dual) -> Vector:
    """Return the profit left in the pools that deliver each token."""
    into, out_of = np.array(graph.arcs.token_out), np.array(graph.arcs.token_in)
    gains = found.price[into] * found.trades.y - found.price[out_of] * found.trades.x
    return np.bincount(into, gains, len(found.price)).astype(np.float64)


def depth_of(graph: Graph, price: Vector) -> Vector:
    """Return about how much value each token's pools move for a change of its price by its own size."""
    found = np.zeros(len(price))
    ends = zip(graph.arcs.token_in, graph.arcs.token_out, strict=True)
    for k, (token_in, token_out) in enumerate(ends):
        first, last = graph.curves.start[k], graph.curves.stop[k]
        depth = max(graph.curves.slope[first:last]) * graph.curves.level[first] * price[token_in]
        found[token_in] += depth
        found[token_out] += depth
    return found


def _note(layout: Layout, price: Vector, trades: Trades) -> None:
    """Leave in the layout what the dual trades, in the terms of its orders."""
    market, numbers = layout.market, layout.engine.numbers
    layout.engine.weigh(layout.book, market, numbers(price))
    layout.traded.x[:], layout.traded.y[:] = numbers(trades.x), numbers(trades.y)
    number = {token: n for n, token in enumerate(layout.tokens)}
    for order, owner in enumerate(layout.owners):
        worth = price[number[owner[0]]]
        if market.kind[order] == PURCHASE:
            spent = layout.taken(range(market.first[order], market.first[order + 1]))
            market.size[order], market.t[order] = spent / layout.wealth, sqrt(worth)
        else:
            market.t[order] = 1.0 / sqrt(worth) if market.kind[order] == SALE else 1.0
