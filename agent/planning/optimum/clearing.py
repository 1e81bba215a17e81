"""Many orders at once: what they bring and want of each hub at given hub prices; arbitrage at prices.

A *market* is a set of orders that meet only in the hubs. At given hub prices each sale is filled where
its proceeds are worth most, conversions trade up to the ratio of the prices, the wealth that all of it
makes is shared out over the purchases, and each purchase is filled where its budget buys most. What is
left over of a hub, its *excess*, is what its price is judged by (see `prices`).
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from agent.planning.optimum.choosing import choose
from agent.planning.optimum.kernels import (
    Book,
    Curves,
    Floats,
    Ints,
    Order,
    absorbed,
    at,
    fill,
)

SALE, PURCHASE, CONVERSION = 0, 1, 2


class Market(NamedTuple):
    """Orders over edges, and hubs.

    Order o is of a kind and has the edges first[o] <= e < first[o + 1], each against hub[e]; a
    conversion's lead from there to hub_out[e]. A sale's size is its input, a purchase's its share of
    the wealth. t is where the order was last filled. Of each hub there is `balance` to spend and a
    share of the wealth to keep. `gas` per edge and `tick` are values.
    """

    kind: Ints
    first: Ints
    size: Floats
    t: Floats
    hub: Ints
    hub_out: Ints
    balance: Floats
    share: Floats
    gas: Floats
    tick: float


class Traded(NamedTuple):
    """Inputs and outputs per edge, and what is left over per hub."""

    x: Floats
    y: Floats
    excess: Floats


class Arcs(NamedTuple):
    """Curves as arcs between tokens, which are numbers; a curve whose cap is its start is left out."""

    cap: Ints
    token_in: Ints
    token_out: Ints


def weigh(book: Book, market: Market, price: Floats) -> None:
    """Set the edges' scales and weights so that every order's t is in terms of value at `price`."""
    for o in range(len(market.kind)):
        for e in range(market.first[o], market.first[o + 1]):
            worth = price[market.hub[e]]
            if market.kind[o] == PURCHASE:
                book.weight_in[e], book.weight_out[e] = worth, 1.0
            elif market.kind[o] == SALE:
                book.weight_in[e], book.weight_out[e] = 1.0, worth
            else:
                book.weight_in[e], book.weight_out[e] = worth, price[market.hub_out[e]]
            book.scale[e] = sqrt(book.weight_out[e] / book.weight_in[e])


def trade(book: Book, order: Order, t: float, traded: Traded) -> None:
    """Note the input and output of each of the order's edges at t; with t = -1, all that it can take."""
    curves = book.curves
    for e in range(order.first, order.last):
        if t < 0.0 and book.cap[e] > curves.start[book.curve[e]]:
            traded.x[e], traded.y[e] = curves.x_at[book.cap[e]], curves.y_at[book.cap[e]]
        else:
            x, y, _per_level, _i = at(book, e, book.cap[e], t)
            traded.x[e], traded.y[e] = x, y


def fulfil(book: Book, order: Order, traded: Traded) -> float:
    """Choose pools for the order and note what they trade; return its t, -1 if it does not fit."""
    t = choose(book, order, 0.0)
    if t > 0.0:
        trade(book, order, t, traded)
    return t


def supply(book: Book, market: Market, price: Floats, traded: Traded) -> float:
    """Trade the sales and between the hubs; return the wealth that is there to be spent."""
    for h in range(len(price)):
        traded.excess[h] = market.balance[h]
    for o in range(len(market.kind)):
        if market.kind[o] == PURCHASE:
            continue
        order = Order(market.first[o], market.first[o + 1], market.size[o])
        market.t[o] = fill(book, order, market.t[o]) if market.kind[o] == SALE else 1.0
        trade(book, order, market.t[o], traded)
        for e in range(order.first, order.last):
            into = market.hub[e]
            if market.kind[o] == CONVERSION:
                traded.excess[into] -= traded.x[e]
                into = market.hub_out[e]
            traded.excess[into] += traded.y[e]
    wealth = 0.0
    for h in range(len(price)):
        wealth += price[h] * traded.excess[h]
    return wealth


def demand(book: Book, market: Market, price: Floats, wealth: float, traded: Traded) -> None:
    """Trade the purchases and set aside what is kept, each for its share of the wealth."""
    for o in range(len(market.kind)):
        if market.kind[o] == PURCHASE:
            order = Order(market.first[o], market.first[o + 1], market.size[o] * wealth)
            market.t[o] = fill(book, order, market.t[o])
            trade(book, order, market.t[o], traded)
            for e in range(order.first, order.last):
                traded.excess[market.hub[e]] -= traded.x[e]
    for h in range(len(price)):
        traded.excess[h] -= market.share[h] * wealth / price[h]


def clear(book: Book, market: Market, price: Floats, traded: Traded) -> float:
    """Trade everything at hub prices; return the wealth, the value of what there is to spend."""
    weigh(book, market, price)
    wealth = supply(book, market, price, traded)
    demand(book, market, price, wealth, traded)
    return wealth


def choose_all(book: Book, market: Market, wealth: float, traded: Traded) -> None:
    """Choose every order's pools at the prices that the edges were last weighed with.

    What a purchase brings is not value, so its costs are turned into the bought token at the marginal
    value that its last fill had. A conversion is an order for what it last took.
    """
    for o in range(len(market.kind)):
        first, last = market.first[o], market.first[o + 1]
        amount, t, unit = market.size[o], market.t[o], 1.0
        if market.kind[o] == PURCHASE:
            amount, unit = amount * wealth, 1.0 / (t * t)
        if market.kind[o] == CONVERSION:
            amount = 0.0
            for e in range(first, last):
                amount += book.weight_in[e] * traded.x[e]
        for e in range(first, last):
            book.gas[e], book.tick[e] = market.gas[e] * unit, market.tick * unit
        if amount > 0.0:
            market.t[o] = choose(book, Order(first, last, amount), t)


def arbitrage(curves: Curves, arcs: Arcs, price: Floats, traded: Traded) -> float:
    """Trade each curve where it profits at token prices; return the profit, add net flows to the excess."""
    profit = 0.0
    for k in range(len(arcs.cap)):
        traded.x[k] = traded.y[k] = 0.0
        if arcs.cap[k] > curves.start[k]:
            worth_in, worth_out = price[arcs.token_in[k]], price[arcs.token_out[k]]
            begin = curves.level[curves.start[k]]
            if worth_out > begin * begin * worth_in:
                x, y, _slope, _i = absorbed(curves, k, arcs.cap[k], sqrt(worth_out / worth_in))
                profit += worth_out * y - worth_in * x
                traded.excess[arcs.token_in[k]] -= x
                traded.excess[arcs.token_out[k]] += y
                traded.x[k], traded.y[k] = x, y
    return profit


def stiffness(curves: Curves, arcs: Arcs, price: Floats, found: Floats) -> None:
    """Set, per curve, the value that a rise of the ratio of its tokens' prices adds to what it takes in.

    Per unit of the logarithm: with x = x(u) and u = sqrt(p_out / p_in), that is p_in x'(u) u / 2.
    """
    for k in range(len(arcs.cap)):
        found[k] = 0.0
        if arcs.cap[k] > curves.start[k]:
            worth_in = price[arcs.token_in[k]]
            u = sqrt(price[arcs.token_out[k]] / worth_in)
            _x, _y, slope, _i = absorbed(curves, k, arcs.cap[k], u)
            found[k] = 0.5 * worth_in * slope * u


def most(curves: Curves, k: int, worths: tuple[float, float], costs: tuple[float, float]) -> float:
    """Return the most that a curve can add at prices of its tokens after (gas, tick); 0 if left out.

    Its value rises between ticks, so the best place to stop is before a tick or at the prices' ratio.
    """
    worth_in, worth_out = worths
    gas, tick = costs
    best, u = 0.0, sqrt(worth_out / worth_in)
    for i in range(curves.start[k], curves.stop[k] - 1):
        if curves.level[i] >= u:
            return best
        x, y, _per_level, _i = absorbed(curves, k, i + 1, u)
        best = max(best, worth_out * y - worth_in * x - gas - tick * curves.crossed[i])
    return best
