"""The inner loops on curves: what they absorb at a level, and the level at which they fill an order.

A *curve* is one direction of one pool: input absorbed as a piecewise linear function of the level
u = 1 / sqrt(r), where r is the output that the last unit of input brings, fee paid. Curve k occupies
the points start[k] <= i < stop[k]; from level[i] on it absorbs slope[i] per level, up to the next
point; the last point ends it. x_at and y_at are input and output up to a point, crossed the
initialised ticks on the way.

An *edge* is a curve as one order sees it: traded at u = t * scale, its input counted with weight_in,
its output with weight_out, so that t is the order's own 1 / sqrt(marginal value). The edges
first <= e < last are the order's. cap[e] is the point at which the order lets the curve end; with
start[k] the curve is left out.

This module, `choosing` and `clearing` are plain Python in a subset that Numba compiles as it stands
(see `engine`): they call but each other and `math`, and take lists or arrays alike. They use + - * /
and square roots only, so that compiled or not the results are the same.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = MutableSequence[float] | NDArray[np.float64]
Ints = MutableSequence[int] | NDArray[np.int64]
ROUNDS = 200
"""More than any of the iterations below ever takes."""
_TOLERANCE = 1e-15


class Curves(NamedTuple):
    """Directions of pools, as described above: per curve, then per point."""

    start: Ints
    stop: Ints
    level: Floats
    slope: Floats
    x_at: Floats
    y_at: Floats
    crossed: Ints


class Book(NamedTuple):
    """Curves as orders see them, as described above; `gas` and `tick` cost in units of the weighted output."""

    curves: Curves
    curve: Ints
    scale: Floats
    weight_in: Floats
    weight_out: Floats
    gas: Floats
    tick: Floats
    cap: Ints


class Order(NamedTuple):
    """A weighted input to be absorbed by the edges first <= e < last."""

    first: int
    last: int
    amount: float


def accumulate(curves: Curves) -> None:
    """Fill in x_at and y_at. The output of a ramp is the integral of r dx = dx / u^2."""
    for k in range(len(curves.start)):
        x = y = 0.0
        for i in range(curves.start[k], curves.stop[k]):
            curves.x_at[i], curves.y_at[i] = x, y
            if i + 1 < curves.stop[k]:
                low, high = curves.level[i], curves.level[i + 1]
                rise = curves.slope[i] * (high - low)
                x += rise
                y += rise / low / high


def absorbed(curves: Curves, k: int, cap: int, u: float) -> tuple[float, float, float, int]:
    """Return (input, output, input per level, point reached) of a curve at level u."""
    low = curves.start[k]
    if cap <= low or u < curves.level[low]:
        return 0.0, 0.0, 0.0, low
    if u >= curves.level[cap]:
        return curves.x_at[cap], curves.y_at[cap], 0.0, cap - 1
    high = cap
    while high - low > 1:
        middle = (low + high) >> 1
        if curves.level[middle] <= u:
            low = middle
        else:
            high = middle
    since, slope = curves.level[low], curves.slope[low]
    rise = slope * (u - since)
    return curves.x_at[low] + rise, curves.y_at[low] + rise / since / u, slope, low


def at(book: Book, e: int, cap: int, t: float) -> tuple[float, float, float, int]:
    """Return (input, output, input per level, point reached) of an edge at t, its curve ending at `cap`."""
    return absorbed(book.curves, book.curve[e], cap, t * book.scale[e])


def room(book: Book, order: Order) -> float:
    """Return the weighted input that the order's edges absorb at most."""
    total = 0.0
    for e in range(order.first, order.last):
        if book.cap[e] > book.curves.start[book.curve[e]]:
            total += book.weight_in[e] * book.curves.x_at[book.cap[e]]
    return total


def bracket(book: Book, order: Order) -> tuple[float, float]:
    """Return the t at which the first edge begins to absorb, and the t at which the last one ends."""
    low, high = inf, 0.0
    for e in range(order.first, order.last):
        begin = book.curves.start[book.curve[e]]
        if book.cap[e] > begin:
            low = min(low, book.curves.level[begin] / book.scale[e])
            high = max(high, book.curves.level[book.cap[e]] / book.scale[e])
    return low, high


def taken(book: Book, order: Order, t: float) -> tuple[float, float]:
    """Return the weighted input that the order's edges absorb at t, and its derivative."""
    total = slope = 0.0
    for e in range(order.first, order.last):
        x, _y, per_level, _i = at(book, e, book.cap[e], t)
        total += book.weight_in[e] * x
        slope += book.weight_in[e] * book.scale[e] * per_level
    return total, slope


def fill(book: Book, order: Order, guess: float) -> float:
    """Return the t at which the order's edges absorb its amount; -1 where they cannot.

    Newton on a piecewise linear rising function, exact once in the right piece, and bisection where a
    step would leave the bracket or is not half as long as the one before: pieces can send it in circles.
    """
    if room(book, order) < order.amount:
        return -1.0
    low, high = bracket(book, order)
    t, stride = guess if low < guess < high else low, inf
    for _ in range(ROUNDS):
        total, slope = taken(book, order, t)
        if total < order.amount:
            low = t
        else:
            high = t
        step = t - (total - order.amount) / slope if slope > 0.0 else inf
        if not low <= step <= high or abs(step - t) > 0.5 * stride:
            step = sqrt(low) * sqrt(high)
        stride = abs(step - t)
        if stride <= _TOLERANCE * t:
            return step
        t = step
    return t
