"""Prices and pools in turn: prices for the pools in use, then pools worth their gas at the prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.domain.units import Address
from agent.planning.optimum.clearing import PURCHASE, SALE
from agent.planning.optimum.layout import Layout
from agent.planning.optimum.priced import Flow, Priced

_ROUNDS = 6
_CLEAR = 1e-6
_APART = 0.01

Settle = Callable[[Layout, Sequence[float]], list[float]]
"""(layout, prices to start from) -> prices that suit the pools in use.

Leaves trades in the layout, and what they leave over, as a share of the wealth."""


def alternated(layout: Layout, settle: Settle) -> list[float]:
    """Return the prices at which a basket comes to rest, its trades in the layout.

    With gas these are not surely the best of all: the choice of pools is a local one at the prices.
    """
    price = settle(layout, [layout.terms.usd[token] for token in layout.tokens])
    if _shut_backward(layout):
        price = settle(layout, price)
    if not layout.terms.has_costs:
        return price
    price = _thinned(layout, settle, price)
    if _drop_conversions(layout, settle, price):
        price = _thinned(layout, settle, settle(layout, price))
    return price


def priced(layout: Layout, price: Sequence[float]) -> Priced:
    """Return what the layout holds at the prices it has come to rest at."""
    terms, usd = layout.terms, _usd(layout, price)
    flows = zip(layout.routes, layout.traded.x, layout.traded.y, strict=True)
    return Priced(
        flows=tuple(
            Flow(route=route, amount_in=float(x), amount_out=float(y)) for route, x, y in flows if x
        ),
        usd_by_token=usd,
        stays_by_hub={h: terms.share.get(h, 0.0) * layout.wealth / usd[h] for h in terms.hubs},
    )


def _shut_backward(layout: Layout) -> bool:
    """Leave one direction to each pair of hubs, that of more value; return whether the other had any.

    Where both have, they are mere arbitrage.
    """
    taken = {layout.owners[o]: layout.taken(edges) for o, edges in layout.conversions()}
    had_any = False
    for order, edges in layout.conversions():
        forward = taken[layout.owners[order]]
        if forward < taken.get(layout.owners[order][::-1], 0.0):
            layout.shut(edges)
            had_any = had_any or forward > 0.0
    return had_any


def _turned(layout: Layout, settle: Settle, price: list[float]) -> list[float]:
    """Convert between hubs as the pools now in use want it; return the prices that follow."""
    if not _open_missed(layout):
        return price
    price = settle(layout, price)
    return settle(layout, price) if _shut_backward(layout) else price


def _open_missed(layout: Layout) -> bool:
    """Open the best pool of shut conversions that would earn more than its gas; return whether any would.

    Which way hubs are converted was judged before pools were chosen: it may have turned since.
    """
    found = [layout.missed(edges) for _order, edges in layout.conversions()]
    missed = [edge for edge in found if edge is not None]
    for edge in missed:
        layout.open(edge)
    return bool(missed)


def _thinned(layout: Layout, settle: Settle, price: list[float]) -> list[float]:
    """Choose every order's pools at the prices, and prices for the pools, until these stay the same.

    Orders that choose alike can drive the hubs apart and back again: the best round is kept, of those
    after which the basket clears at about the prices before.
    """
    first, usd = price, _usd(layout, price)
    best, kept, caps = _added(layout, usd), price, list(layout.book.cap)
    for _ in range(_ROUNDS):
        before = list(layout.book.cap)
        layout.choose_all()
        if list(layout.book.cap) == before:
            break
        price = _turned(layout, settle, settle(layout, price))
        if layout.left_over < _CLEAR and _drift(layout, first, price) < _APART:
            added = _added(layout, usd)
            if added > best:
                best, kept, caps = added, price, list(layout.book.cap)
    if list(layout.book.cap) == caps:
        return price
    for e, cap in enumerate(caps):
        layout.book.cap[e] = cap
    return settle(layout, kept)


def _drop_conversions(layout: Layout, settle: Settle, price: Sequence[float]) -> bool:
    """Shut conversions between hubs, worst first, that the basket is better off without; return if any.

    Where the hubs' prices part without one, purchases paid from the dearer hub would get less than
    their share. That is not in what trades add, and no gas saved is worth it.
    """
    profits = [(layout.profit(edges), edges) for _order, edges in layout.conversions()]
    doubtful = [(profit, edges) for profit, edges in profits if profit < 0.0]
    if not doubtful:
        return False
    usd = _usd(layout, price)
    best, dropped = _added(layout, usd), False
    for _profit, edges in sorted(doubtful, key=lambda each: each[0]):
        before = [layout.book.cap[e] for e in edges]
        layout.shut(edges)
        apart = _drift(layout, price, settle(layout, price))
        without = _added(layout, usd)
        if layout.left_over < _CLEAR and apart < _APART and without > best:
            best, dropped = without, True
        else:
            for e, cap in zip(edges, before, strict=True):
                layout.book.cap[e] = cap
            settle(layout, price)
    return dropped


def _drift(layout: Layout, before: Sequence[float], after: Sequence[float]) -> float:
    """Return the largest relative change of a price between two settlings, of tokens that trade."""
    flows = zip(layout.routes, layout.traded.x, strict=True)
    traded = {token for route, x in flows if x for token in (route.token_in, route.token_out)}
    pairs = zip(layout.tokens, before, after, strict=True)
    changes = [abs(new / old - 1.0) for token, old, new in pairs if token in traded]
    return max(changes, default=0.0)


def _added(layout: Layout, usd: Mapping[Address, float]) -> float:
    """Return the value that all trades add at the prices `usd`, after gas; -inf if an order does not fit."""
    if min(layout.market.t) < 0.0:
        return float("-inf")
    traded = [
        (route, x, y, gas)
        for route, x, y, gas in zip(
            layout.routes, layout.traded.x, layout.traded.y, layout.market.gas, strict=True
        )
        if x
    ]
    if any(not {route.token_in, route.token_out} <= usd.keys() for route, *_ in traded):
        return float("-inf")
    return sum(
        float(usd[route.token_out] * y - usd[route.token_in] * x - gas)
        for route, x, y, gas in traded
    )


def _usd(layout: Layout, price: Sequence[float]) -> dict[Address, float]:
    """Return the prices of hubs and, at the margin, of coins; an order that does not fit gets none."""
    market = layout.market
    usd = dict(zip(layout.tokens, map(float, price), strict=True))
    for order, owner in enumerate(layout.owners):
        t = float(market.t[order])
        if market.kind[order] in {SALE, PURCHASE}:
            usd.pop(owner[0], None)
            if t > 0.0:
                usd[owner[0]] = t * t if market.kind[order] == PURCHASE else 1.0 / (t * t)
    return usd
