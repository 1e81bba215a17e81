"""Which pools an order uses, and up to which tick, when each pool and each crossed tick costs gas.

A local search around the closed-form fill: leave a pool out, stop it short of the last tick it
crosses, let it in, exchange one pool for another, as long as something helps. Dual prices say what
need not be tried. With the marginal value of the input held fixed, a pool's *rent* is what it brings
beyond it; the order's optimum drops by at least the rent of what is taken away, and rises by at most
the rent of what is added (both are one evaluation of the dual function at a point).
"""

from __future__ import annotations

from math import inf

from agent.planning.optimum.kernels import ROUNDS, Book, Order, at, fill, taken


def net(book: Book, order: Order, t: float) -> float:
    """Return the weighted output at t after gas and tick costs of the pools that take part."""
    total = 0.0
    for e in range(order.first, order.last):
        x, y, _per_level, i = at(book, e, book.cap[e], t)
        if x > 0.0:
            ticks = book.tick[e] * book.curves.crossed[i]
            total += book.weight_out[e] * y - book.gas[e] - ticks
    return total


def profit(book: Book, e: int, cap: int, t: float) -> float:
    """Return an edge's rent at t, its curve ending at `cap`, less its gas and ticks."""
    x, y, _per_level, i = at(book, e, cap, t)
    if x == 0.0:
        return 0.0
    cost = book.gas[e] + book.tick[e] * book.curves.crossed[i]
    return book.weight_out[e] * y - book.weight_in[e] * x / (t * t) - cost


def short_of_tick(book: Book, e: int, t: float) -> int:
    """Return the point of the last tick that an edge crosses on the way to t; its curve's start if none."""
    _x, _y, _per_level, i = at(book, e, book.cap[e], t)
    crossed = book.curves.crossed[i]
    while i > book.curves.start[book.curve[e]] and book.curves.crossed[i - 1] == crossed:
        i -= 1
    return i


def tried(book: Book, order: Order, t: float, e: int, cap: int) -> tuple[float, float]:
    """Return (net output, t) of the order with edge e capped at `cap`; -inf where it does not fit."""
    before = book.cap[e]
    book.cap[e] = cap
    level = fill(book, order, t)
    found = -inf if level < 0.0 else net(book, order, level)
    book.cap[e] = before
    return found, level


def best_single(book: Book, order: Order, t: float) -> tuple[float, int, int]:
    """Return (net output, edge, cap) of the best change of one cap."""
    best, best_e, best_cap = -inf, -1, 0
    for e in range(order.first, order.last):
        k = book.curve[e]
        held, back = profit(book, e, book.cap[e], t), short_of_tick(book, e, t)
        for option in (book.curves.start[k], back, book.curves.stop[k] - 1):
            if option != book.cap[e] and profit(book, e, option, t) > held:
                found, _t = tried(book, order, t, e, option)
                if found > best:
                    best, best_e, best_cap = found, e, option
    return best, best_e, best_cap


def best_entrant(book: Book, order: Order, t: float, bar: float) -> tuple[float, int]:
    """Return (net output, edge) of the best pool to let in at t; its profit must exceed `bar`."""
    best, best_e = -inf, -1
    for e in range(order.first, order.last):
        k = book.curve[e]
        end = book.curves.stop[k] - 1
        if book.cap[e] == book.curves.start[k] and profit(book, e, end, t) > bar:
            found, _t = tried(book, order, t, e, end)
            if found > best:
                best, best_e = found, e
    return best, best_e


def best_exchange(book: Book, order: Order, t: float, current: float) -> tuple[float, int, int]:
    """Return (net output, edge out, edge in) of the best exchange that beats `current`."""
    best, best_out, best_in = current, -1, -1
    for e in range(order.first, order.last):
        begin, before = book.curves.start[book.curve[e]], book.cap[e]
        if before > begin:
            without, level = tried(book, order, t, e, begin)
            book.cap[e] = begin
            # Where the others cannot take the order alone, only trying can tell.
            bar, near = (best - without, level) if level > 0.0 else (-inf, t)
            found, entrant = best_entrant(book, order, near, bar)
            book.cap[e] = before
            if entrant != e and found > best:
                best, best_out, best_in = found, e, entrant
    return best, best_out, best_in


def drop_idle(book: Book, order: Order, t: float) -> bool:
    """Leave out the pools that absorb nothing at t, unless none does; return whether any absorbs."""
    total, _slope = taken(book, order, t)
    if total == 0.0:
        return False
    for e in range(order.first, order.last):
        x, _y, _per_level, _i = at(book, e, book.cap[e], t)
        if x == 0.0:
            book.cap[e] = book.curves.start[book.curve[e]]
    return True


def choose(book: Book, order: Order, guess: float) -> float:
    """Set the caps to the best choice found and return the t that fills the order; -1 if it does not fit.

    An order too small for floats to see at the pools' prices is left as it is.
    """
    for e in range(order.first, order.last):
        book.cap[e] = max(book.curves.stop[book.curve[e]] - 1, book.curves.start[book.curve[e]])
    t = fill(book, order, guess)
    if t < 0.0:
        return t
    for _ in range(ROUNDS):
        if not drop_idle(book, order, t):
            return t
        current = net(book, order, t)
        found, e, option = best_single(book, order, t)
        if found > current:
            book.cap[e] = option
        else:
            found, out, entrant = best_exchange(book, order, t, current)
            if out < 0:
                return t
            book.cap[out] = book.curves.start[book.curve[out]]
            book.cap[entrant] = book.curves.stop[book.curve[entrant]] - 1
        t = fill(book, order, t)
    return t
