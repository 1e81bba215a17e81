"""A second way to split an order, in plain Python and apart from the optimum, which tests hold it to.

Floats propose the shares (`propose`): the water-filling fill over ramps, and a search for the pools
that are worth their gas. Integers decide what they bring.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.swap import Shortfall, Swap, Unfillable
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.swapping import swap_exact_in
from tests.reference.activation import best_active
from tests.reference.ramps import Breakpoint, absorbed_at, breakpoints, fill

_FLOAT_TOLERANCE = 1e-9
_ROUNDING_UNITS = 1_000
"""More than what a pool's rounding at every boundary comes to, in base units of the output."""


def split(amount_in: int, candidates: Sequence[Candidate]) -> Split | Unfillable:
    """Return the best found way to sell all of `amount_in` (positive) over distinct pools.

    Never worse, gas counted, than any single pool that takes the whole order. Unfillable, with what
    all pools together absorb, where no way was found to spend everything.
    """
    if not candidates:
        return Unfillable(shortfall=Shortfall.NO_POOL, absorbed=0)
    points = breakpoints(candidates, amount_in)
    shares = _water_filled(points, amount_in, candidates)
    proposed = None if shares is None else settle(shares, candidates)
    alone: Sequence[int] = range(len(candidates))
    if isinstance(proposed, Split):
        alone = _rivals(points, amount_in, proposed)
    singles = [settle(_all_in(index, amount_in, candidates), candidates) for index in alone]
    splits = [option for option in (proposed, *singles) if isinstance(option, Split)]
    if splits:
        return max(splits, key=lambda option: option.net_amount_out)
    refusals = [option for option in singles if isinstance(option, Unfillable)]
    fullest = max(refusals, key=lambda refusal: refusal.absorbed)
    return Unfillable(
        shortfall=fullest.shortfall, absorbed=sum(refusal.absorbed for refusal in refusals)
    )


def _rivals(points: Sequence[Breakpoint], amount_in: int, proposed: Split) -> list[int]:
    """Return the pools that, given the whole order, floats cannot tell to be worse than the proposal."""
    slack = proposed.amount_out * _FLOAT_TOLERANCE + _ROUNDING_UNITS
    singles = (fill(points, 1 << index, float(amount_in)) for index in range(len(proposed.swaps)))
    return [
        index
        for index, single in enumerate(singles)
        if single is None or single.net_out >= proposed.net_amount_out - slack
    ]


def _all_in(index: int, amount_in: int, candidates: Sequence[Candidate]) -> list[int]:
    return [amount_in if index == other else 0 for other in range(len(candidates))]


def propose(amount_in: int, candidates: Sequence[Candidate]) -> tuple[int, ...] | None:
    """Return the shares of the water-filling optimum, summing to `amount_in`; None if it does not fit."""
    return _water_filled(breakpoints(candidates, amount_in), amount_in, candidates)


def _water_filled(
    points: Sequence[Breakpoint], amount_in: int, candidates: Sequence[Candidate]
) -> tuple[int, ...] | None:
    active = best_active(points, len(candidates), amount_in)
    filled = fill(points, active, float(amount_in))
    if filled is None:
        return None
    used = [point for point in points if filled.used >> point.owner & 1]
    shares = [int(share) for share in absorbed_at(used, len(candidates), filled.level)]
    heaviest = max((point.owner for point in used), key=shares.__getitem__)
    shares[heaviest] += amount_in - sum(shares)
    return _trimmed(shares, candidates)


def _trimmed(shares: list[int], candidates: Sequence[Candidate]) -> tuple[int, ...] | None:
    """Move what a pool refuses of its share to the largest other share; a float may propose too much."""
    full: set[int] = set()
    while True:
        excess = 0
        for index, share in enumerate(shares):
            swap = _swap(candidates[index], share) if share else None
            if isinstance(swap, Unfillable):
                excess += share - swap.absorbed
                shares[index] = swap.absorbed
                full.add(index)
        if excess == 0:
            return tuple(shares)
        others = [index for index, share in enumerate(shares) if share and index not in full]
        if not others:
            return None
        shares[max(others, key=shares.__getitem__)] += excess


def _swap(candidate: Candidate, amount_in: int) -> Swap:
    return swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
