"""One order over its candidate pools: which to use, and how much through each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.domain.swap import Unfillable
from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import Engine, best
from agent.planning.optimum.kernels import Book, Order
from agent.planning.ramps import Candidate
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
    book = _book(candidates, built)
    order = Order(0, len(candidates), float(amount_in))
    t = built.choose(book, order, 0.0)
    if t < 0.0:
        return None
    wanted = _wanted(book, t, built)
    if not any(wanted):
        # Too small for floats to see: the whole order has the best price there is.
        begin = [_begin(book, e) for e in range(len(candidates))]
        wanted[begin.index(min(begin))] = 1.0
    return _fitted(_whole(amount_in, wanted), candidates)


def _book(candidates: Sequence[Candidate], engine: Engine) -> Book:
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


def _wanted(book: Book, t: float, engine: Engine) -> list[float]:
    """Return what each pool absorbs at t, those that end at a tick a little less."""
    found = []
    for e, cap in enumerate(book.cap):
        x, _y, _per_level, _i = engine.absorbed(book.curves, e, cap, t)
        ends_at_tick = cap < book.curves.stop[e] - 1 and t >= book.curves.level[cap]
        found.append(x * _SHORT if ends_at_tick else x)
    return found


def _begin(book: Book, e: int) -> float:
    first = book.curves.start[e]
    return book.curves.level[first] if book.cap[e] > first else float("inf")


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
