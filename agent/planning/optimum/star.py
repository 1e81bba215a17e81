"""A basket whose orders meet only in the hubs: its prices are the roots of what is left of each hub."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.planning.optimum.alternating import alternated, priced
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.layout import Layout, laid_out
from agent.planning.optimum.network import Route
from agent.planning.optimum.priced import Priced
from agent.planning.optimum.prices import clearing_prices
from agent.planning.optimum.terms import Terms


def star_prices(terms: Terms, routes: Sequence[Route], engine: Engine) -> Priced:
    """Return the flows and prices of the basket; every route joins an order to a hub, or two hubs."""
    layout = laid_out(terms, routes, engine, tokens=terms.hubs)
    return priced(layout, alternated(layout, settled))


def settled(layout: Layout, start: Sequence[float]) -> list[float]:
    """Return the hub prices at which the basket clears with the pools in use."""

    def left(price: Sequence[float]) -> list[float]:
        numbers = layout.engine.numbers(np.array(price))
        layout.wealth = layout.engine.clear(layout.book, layout.market, numbers, layout.traded)
        whole, excess = layout.wealth or 1.0, layout.traded.excess
        return [float(p * left / whole) for p, left in zip(price, excess, strict=True)]

    price = clearing_prices(left, start)
    layout.left_over = max(map(abs, left(price)))
    return price
