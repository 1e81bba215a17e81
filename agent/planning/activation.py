"""Which pools an order should use at all, when each one that is switched on costs gas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from agent.planning.ramps import Breakpoint, fill

_NOTHING = float("-inf")
_Moves = Callable[[int], Iterator[int]]


def best_active(points: Sequence[Breakpoint], owners: int, amount_in: int) -> int:
    """Return the set of pools, as bits, whose common fill brings most after costs; 0 where none can.

    Starts with all that the fill without costs would use, drops while dropping helps, then adds,
    drops and swaps single pools until nothing helps: a local search around the closed form, since
    the exact choice is one of 2^n.
    """

    @cache
    def net_out(active: int) -> float:
        filled = fill(points, active, float(amount_in))
        return _NOTHING if filled is None else filled.net_out

    def used(active: int) -> int:
        filled = fill(points, active, float(amount_in))
        if filled is None:
            return 0
        reached = {point.owner for point in points if point.level < filled.level}
        return active & sum(1 << owner for owner in reached)

    def climb(active: int, moves: _Moves) -> int:
        while True:
            better = max(moves(active), key=net_out, default=active)
            if net_out(better) <= net_out(active):
                return active
            active = used(better)

    everything = (1 << owners) - 1
    thinned = climb(used(everything), _drops)
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
