"""Prices and pools in turn: prices for the pools in use, then pools worth their gas at the prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.planning.optimum.clearing import PURCHASE, SALE
from agent.planning.optimum.layout import Layout
from agent.planning.optimum.priced import Flow, Priced

_ROUNDS = 6

Settle = Callable[[Layout, Sequence[float]], list[float]]
"""(layout, prices to start from) -> prices that suit the pools in use; leaves trades in the layout."""


def alternated(layout: Layout, settle: Settle) -> Priced:
    """Return the flows and prices that a basket comes to rest at; not surely the best of all with gas."""
    price = settle(layout, [layout.terms.usd[token] for token in layout.tokens])
    decided = _shut_backward(layout)
    for _ in range(_ROUNDS):
        before = list(layout.book.cap)
        _choose(layout, decided)
        if list(layout.book.cap) == before:
            break
        price = settle(layout, price)
    return _priced(layout, price)


def _shut_backward(layout: Layout) -> set[int]:
    """Leave one direction to each pair of hubs, that of more value; the other would be mere arbitrage."""
    taken = {layout.owners[o]: layout.taken(edges) for o, edges in layout.conversions()}
    shut = set()
    for order, edges in layout.conversions():
        if taken[layout.owners[order]] < taken.get(layout.owners[order][::-1], 0.0):
            layout.shut(edges)
            shut.add(order)
    return shut


def _choose(layout: Layout, decided: set[int]) -> None:
    """Choose each order's pools at the prices last settled at.

    A conversion that adds less than its gas is left out; where, at the prices that follow, it would
    add more, it is taken for good.
    """
    layout.choose_all()
    for order, edges in layout.conversions():
        if order in decided:
            continue
        if any(layout.book.cap[e] > layout.book.curves.start[e] for e in edges):
            if sum(layout.profit(e, layout.book.cap[e]) for e in edges) < 0.0:
                layout.shut(edges)
        elif any(layout.profit(e, layout.book.curves.stop[e] - 1) > 0.0 for e in edges):
            layout.open(edges)
            decided.add(order)


def _priced(layout: Layout, price: Sequence[float]) -> Priced:
    """Return what the layout holds. An order that does not fit its pools gets no price."""
    terms, market, traded = layout.terms, layout.market, layout.traded
    usd = dict(zip(layout.tokens, map(float, price), strict=True))
    for order, owner in enumerate(layout.owners):
        t = float(market.t[order])
        if market.kind[order] in {SALE, PURCHASE}:
            usd.pop(owner[0], None)
            if t > 0.0:
                usd[owner[0]] = t * t if market.kind[order] == PURCHASE else 1.0 / (t * t)
    flows = zip(layout.routes, traded.x, traded.y, strict=True)
    return Priced(
        flows=tuple(
            Flow(route=route, amount_in=float(x), amount_out=float(y)) for route, x, y in flows if x
        ),
        usd_by_token=usd,
        stays_by_hub={h: terms.share.get(h, 0.0) * layout.wealth / usd[h] for h in terms.hubs},
    )
