"""One order over its candidate pools: which to use, and how much through each."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from agent.domain.swap import Unfillable
from agent.planning.optimum.clearing import Traded
from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import Engine, best
from agent.planning.optimum.kernels import Book, Order
from agent.planning.splitting import Candidate
from agent.planning.swapping import swap_exact_in

_SHORT = 1.0 - 1e-9
"""A share that shall end at a tick stays this much short of it, so that rounding does not cross it."""


def propose(
    amount_in: int, candidates: Sequence[Candidate], *, engine: Engine | None = None
) -> tuple[int, ...] | None:
    """Return the shares of the best choice found, aligned with the candidates and summing to the order.

    Gas is charged to every pool in use and every tick crossed. None where no choice of pools takes
    the whole order; every share returned is one that its pool takes.
    """
    built = best() if engine is None else engine
    laid = book(candidates, built)
    found = wanted(laid, amount_in, built)
    return None if found is None else _fitted(_whole(amount_in, found), candidates)


def book(candidates: Sequence[Candidate], engine: Engine) -> Book:
    """Return the candidates as edges of one order, none of them in use."""
    ones, numbers = np.ones(len(candidates)), engine.numbers
    curves = joined(
        [ramps(each.pool, zero_for_one=each.zero_for_one) for each in candidates], engine
    )
    return Book(
        curves=curves,
        curve=numbers(np.arange(len(candidates))),
        scale=numbers(ones),
        weight_in=numbers(ones),
        weight_out=numbers(ones),
        gas=numbers(np.array([float(each.gas_cost_out) for each in candidates])),
        tick=numbers(np.array([float(each.tick_cost_out) for each in candidates])),
        cap=numbers(np.array(curves.start)),
    )


def wanted(laid: Book, amount_in: int, engine: Engine) -> list[float] | None:
    """Choose pools for the order; return what each absorbs, those that end at a tick a little less.

    None where they cannot take it all.
    """
    edges = range(len(laid.curve))
    nothing = np.zeros(len(edges))
    traded = Traded(*(engine.numbers(column) for column in (nothing, nothing.copy(), nothing)))
    t = engine.fulfil(laid, Order(0, len(edges), float(amount_in)), traded)
    if t < 0.0:
        return None
    x = list(map(float, traded.x))
    if not any(x):
        # Too small for floats to see: the whole order has the best price there is.
        x[min(edges, key=lambda e: _begin(laid, e))] = 1.0
    return [x[e] * _SHORT if x[e] and _ends_at_tick(laid, e, t) else x[e] for e in edges]


def _ends_at_tick(laid: Book, e: int, t: float) -> bool:
    cap, first, last = laid.cap[e], laid.curves.start[e], laid.curves.stop[e] - 1
    return first < cap < last and t >= float(laid.curves.level[cap])


def _begin(laid: Book, e: int) -> float:
    first = laid.curves.start[e]
    return float(laid.curves.level[first]) if laid.cap[e] > first else inf


def _whole(amount_in: int, wanted: Sequence[float]) -> list[int]:
    """Return integers in these proportions; the largest takes what rounding leaves."""
    total, rest = sum(wanted), amount_in
    shares = []
    for x in wanted:
        shares.append(min(int(amount_in * (x / total)), rest))
        rest -= shares[-1]
    shares[shares.index(max(shares))] += rest
    return shares


def _fitted(shares: Sequence[int], candidates: Sequence[Candidate]) -> tuple[int, ...] | None:
    """Pass on what a pool refuses of its share, a float having proposed too much, to the larger ones."""
    fitted, carried = list(shares), 0
    for index in sorted(range(len(shares)), key=shares.__getitem__):
        if shares[index]:
            fitted[index] = _taken(candidates[index], shares[index] + carried)
            carried += shares[index] - fitted[index]
    return tuple(fitted) if carried == 0 else None


def _taken(candidate: Candidate, amount_in: int) -> int:
    swap = swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
    return swap.absorbed if isinstance(swap, Unfillable) else amount_in
