"""Which pools an order should use at all, when each one that is switched on costs gas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import inf

from tests.reference.ramps import Breakpoint, Fill, fill

_NO_FILL = Fill(level=inf, net_out=-inf, used=0)
_Moves = Callable[[int], Iterator[int]]


def best_active(points: Sequence[Breakpoint], owners: int, amount_in: int) -> int:
    """Return the set of pools, as bits, whose common fill brings most after costs; 0 where none can.

    Starts with all that the fill without costs would use, drops while dropping helps, then adds,
    drops and swaps single pools until nothing helps: a local search around the closed form, since
    the exact choice is one of 2^n.
    """

    @cache
    def filled(active: int) -> Fill:
        return fill(points, active, float(amount_in)) or _NO_FILL

    def climb(active: int, moves: _Moves) -> int:
        while True:
            better = max(moves(active), key=lambda pools: filled(pools).net_out, default=active)
            if filled(better).net_out <= filled(active).net_out:
                return active
            active = filled(better).used

    everything = (1 << owners) - 1
    thinned = climb(filled(everything).used, _drops)
    return climb(thinned, lambda active: _neighbours(active, everything))


def _drops(active: int) -> Iterator[int]:
    return (active ^ bit for bit in _bits(active) if active != bit)


def _neighbours(active: int, everything: int) -> Iterator[int]:
    yield from _drops(active)
    for added in _bits(everything & ~active):
        yield active | added
        for dropped in _bits(active):
            yield active ^ dropped | added


def _bits(pools: int) -> Iterator[int]:
    while pools:
        bit = pools & -pools
        yield bit
        pools ^= bit
