"""Orders and routes laid out as the arrays that the kernels work on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.domain.units import Address
from agent.planning.optimum.clearing import CONVERSION, PURCHASE, SALE, Market, Traded
from agent.planning.optimum.curves import joined
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.kernels import Book
from agent.planning.optimum.network import Route
from agent.planning.optimum.terms import Terms


@dataclass(slots=True, kw_only=True)
class Layout:
    """The arrays that the kernels work on, and what they were filled with last.

    `tokens` are those that have a price in common: what orders trade against. `owners` are the tokens
    of the orders, two of a conversion.
    """

    engine: Engine
    terms: Terms
    tokens: tuple[Address, ...]
    routes: tuple[Route, ...]
    owners: tuple[tuple[Address, ...], ...]
    book: Book
    market: Market
    traded: Traded
    wealth: float = 0.0
    left_over: float = 0.0

    def choose_all(self) -> None:
        self.engine.choose_all(self.book, self.market, self.wealth, self.traded)

    def profit(self, edges: range) -> float:
        """Return what edges between hubs add at the prices last settled at, after their gas."""
        profits = (self.engine.profit(self.book, e, self.book.cap[e], 1.0) for e in edges)
        return float(sum(profits))

    def conversions(self) -> Iterator[tuple[int, range]]:
        """Yield every conversion and its edges."""
        for order, kind in enumerate(self.market.kind):
            if kind == CONVERSION:
                yield order, range(self.market.first[order], self.market.first[order + 1])

    def taken(self, edges: range) -> float:
        """Return the value that goes into the edges."""
        return sum(self.book.weight_in[e] * self.traded.x[e] for e in edges)

    def missed(self, edges: range) -> int | None:
        """Return the edge that would earn most beyond its gas, if any would; all are between hubs, and shut."""
        start, stop = self.book.curves.start, self.book.curves.stop
        if any(self.book.cap[e] > start[e] for e in edges):
            return None
        earns = {e: self.engine.profit(self.book, e, stop[e] - 1, 1.0) for e in edges}
        best = max(earns, key=earns.__getitem__, default=None)
        return None if best is None or earns[best] <= 0.0 else best

    def open(self, edge: int) -> None:
        self.book.cap[edge] = self.book.curves.stop[edge] - 1

    def shut(self, edges: range) -> None:
        for e in edges:
            self.book.cap[e] = self.book.curves.start[e]


def laid_out(
    terms: Terms, routes: Sequence[Route], engine: Engine, *, tokens: tuple[Address, ...]
) -> Layout:
    """Lay the routes out by order: those of each sale, of each purchase from hubs, of each pair of hubs."""
    by_owner: dict[tuple[Address, ...], list[Route]] = {
        (token,): [] for token in (*terms.sold, *terms.bought)
    }
    for route in routes:
        by_owner.setdefault(_owner(route, terms), []).append(route)
    laid = tuple(route for group in by_owner.values() for route in group)
    curves = joined([route.ramps for route in laid], engine)

    zeros = [engine.numbers(np.zeros(len(laid))) for _ in range(7)]
    return Layout(
        engine=engine,
        terms=terms,
        tokens=tokens,
        routes=laid,
        owners=tuple(by_owner),
        book=Book(
            curves=curves,
            curve=engine.numbers(np.arange(len(laid))),
            scale=zeros[0],
            weight_in=zeros[1],
            weight_out=zeros[2],
            gas=zeros[3],
            tick=zeros[4],
            cap=engine.numbers(np.array(curves.stop) - 1),
        ),
        market=_market(terms, by_owner, tokens, engine),
        traded=Traded(x=zeros[5], y=zeros[6], excess=engine.numbers(np.zeros(len(tokens)))),
    )


def _market(
    terms: Terms,
    by_owner: Mapping[tuple[Address, ...], Sequence[Route]],
    tokens: Sequence[Address],
    engine: Engine,
) -> Market:
    numbers, number = engine.numbers, {token: n for n, token in enumerate(tokens)}
    laid = [(owner, route) for owner, group in by_owner.items() for route in group]
    met = [route.token_out if owner[0] in terms.sold else route.token_in for owner, route in laid]
    sizes = [float(terms.sold.get(owner[0], terms.share.get(owner[0], 0.0))) for owner in by_owner]
    return Market(
        kind=numbers(np.array([_kind(owner, terms) for owner in by_owner])),
        first=numbers(np.cumsum([0, *map(len, by_owner.values())])),
        size=numbers(np.array(sizes)),
        t=numbers(np.zeros(len(by_owner))),
        hub=numbers(np.array([number[token] for token in met])),
        hub_out=numbers(np.array([number.get(route.token_out, 0) for _owner, route in laid])),
        balance=numbers(np.array([float(terms.spendable.get(token, 0)) for token in tokens])),
        share=numbers(np.array([terms.share.get(token, 0.0) for token in tokens])),
        gas=numbers(np.array([terms.gas_usd[route.pool.ref.kind] for _owner, route in laid])),
        tick=terms.tick_usd,
    )


def _owner(route: Route, terms: Terms) -> tuple[Address, ...]:
    """Return the coin whose order the route serves, a sale's before a purchase's, or both hubs."""
    if route.token_in in terms.sold:
        return (route.token_in,)
    if route.token_out not in terms.spendable:
        return (route.token_out,)
    return (route.token_in, route.token_out)


def _kind(owner: tuple[Address, ...], terms: Terms) -> int:
    if len(owner) > 1:
        return CONVERSION
    return SALE if owner[0] in terms.sold else PURCHASE
