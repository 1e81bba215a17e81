"""Hub prices at which a basket clears: all at once where that works, else one root within the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log

import numpy as np
from scipy.optimize import brentq, root

_ONE_ROOT = 2
_CLEAR = 1e-9
_NEAR = 1e-3
_FAR = 5.0
_WIDEN = 8.0
_EXACT = 1e-12
_NOTHING = 1e-10
_STEP = 1e-6

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Excess = Callable[[Sequence[float]], Sequence[float]]
"""Hub prices -> what is left over of each hub at them, as a share of the wealth."""


def clearing_prices(excess: Excess, start: Sequence[float]) -> list[float]:
    """Return prices, the first one kept, at which nothing is left over; by value what is left sums to 0.

    A hub's excess rises with its own price: sales bring more of it, purchases and conversions take
    less. So each price has one root, given those before it, and the prices after it follow. Where
    no price within a factor of fifty clears a hub, its price stays at that end.
    """
    if max(map(abs, excess(start))) < _NOTHING:
        return list(start)
    found = at_once(excess, start) if len(start) > _ONE_ROOT else None
    return nested(excess, start) if found is None else found


def at_once(excess: Excess, start: Sequence[float]) -> list[float] | None:
    """Return the prices by Powell's hybrid method; None where a kink stops it short of clearing."""

    def moved(ratios: Vector) -> list[float]:
        rest = zip(start[1:], ratios, strict=True)
        return [start[0], *(p * exp(max(-_FAR, min(float(r), _FAR))) for p, r in rest)]

    def left(ratios: Vector) -> list[float]:
        return list(excess(moved(ratios))[1:])

    still = np.zeros(len(start) - 1)
    found = root(left, still, method="hybr", options={"xtol": _EXACT, "eps": _STEP})
    price = moved(found.x)
    return price if max(map(abs, excess(price))) < _CLEAR else None


def nested(excess: Excess, start: Sequence[float]) -> list[float]:
    """Return the prices by bracketing each in turn, those after it settled anew at every step."""
    price = list(start)
    _settle(excess, price, 1)
    return price


def _settle(excess: Excess, price: list[float], hub: int) -> Sequence[float]:
    """Clear the hubs from `hub` on, the others' prices given; return what is left over then."""
    if hub == len(price):
        return excess(price)

    def left(log_price: float) -> float:
        price[hub] = exp(log_price)
        return _settle(excess, price, hub + 1)[hub]

    price[hub] = exp(_root(left, log(price[hub])))
    return _settle(excess, price, hub + 1)


def _root(function: Callable[[float], float], start: float) -> float:
    """Return the root of a rising function, searched outward from `start`."""
    here = function(start)
    near, width = start, _NEAR
    while abs(here) > _NOTHING and width < _FAR:
        far = start - width if here > 0.0 else start + width
        there = function(far)
        if (there > 0.0) != (here > 0.0):
            return _between(function, {near: here, far: there})
        near, here, width = far, there, width * _WIDEN
    return near


def _between(function: Callable[[float], float], ends: Mapping[float, float]) -> float:
    """Return the root between two ends. Their signs stay as seen: roots within vary in the last bits."""
    low, high = ends
    return float(brentq(lambda x: ends[x] if x in ends else function(x), low, high, xtol=_EXACT))
