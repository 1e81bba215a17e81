"""One order over its candidate pools: the water-filling optimum, gas counted.

Floats propose the shares (`propose`); integers decide what they bring (`settle`). Settling the same
shares again gives the same numbers on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain.swap import Shortfall, Swap, SwapResult, Unfillable
from agent.planning.activation import best_active
from agent.planning.ramps import Breakpoint, Candidate, absorbed_at, breakpoints, fill
from agent.planning.swapping import swap_exact_in

__all__ = ["Candidate", "Split", "propose", "settle", "split"]

_FLOAT_TOLERANCE = 1e-9
_ROUNDING_UNITS = 1_000
"""More than what a pool's rounding at every boundary comes to, in base units of the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """An order's shares, one per candidate in their order; 0 and None where a pool is not used.

    `allocations` sum to the order's input, `amount_out` is the sum of the swaps' outputs, and
    `cost_out` what the gas of the used pools and crossed ticks is worth, all in base units.
    """

    allocations: tuple[int, ...]
    swaps: tuple[SwapResult | None, ...]
    amount_out: int
    cost_out: int

    @property
    def net_amount_out(self) -> int:
        return self.amount_out - self.cost_out


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


def settle(allocations: Sequence[int], candidates: Sequence[Candidate]) -> Split | Unfillable:
    """Return exactly what given shares bring, in the integers of the pools themselves."""
    swaps: list[SwapResult | None] = []
    amount_out = cost_out = 0
    for amount_in, candidate in zip(allocations, candidates, strict=True):
        swap = _swap(candidate, amount_in) if amount_in else None
        if isinstance(swap, Unfillable):
            return swap
        swaps.append(swap)
        if swap is not None:
            amount_out += swap.amount_out
            cost_out += candidate.gas_cost_out + swap.ticks_crossed * candidate.tick_cost_out
    return Split(
        allocations=tuple(allocations), swaps=tuple(swaps), amount_out=amount_out, cost_out=cost_out
    )


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
