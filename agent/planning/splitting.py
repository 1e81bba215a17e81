"""One order over its candidate pools: the water-filling optimum, gas counted.

Floats propose the shares (`propose`); integers decide what they bring (`settle`). Settling the same
shares again gives the same numbers on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.domain.swap import Shortfall, Swap, SwapResult, Unfillable
from agent.planning.activation import best_active
from agent.planning.ramps import Candidate, absorbed_at, breakpoints, fill
from agent.planning.swapping import swap_exact_in

__all__ = ["Candidate", "Split", "propose", "settle", "split"]


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
    settled = [settle(shares, candidates) for shares in _proposals(amount_in, candidates)]
    splits = [option for option in settled if isinstance(option, Split)]
    if splits:
        return max(splits, key=lambda option: option.net_amount_out)
    refusals = [option for option in settled if isinstance(option, Unfillable)]
    if not refusals:
        return Unfillable(shortfall=Shortfall.NO_POOL, absorbed=0)
    fullest = max(refusals, key=lambda refusal: refusal.absorbed)
    return Unfillable(
        shortfall=fullest.shortfall, absorbed=sum(refusal.absorbed for refusal in refusals)
    )


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
    points = breakpoints(candidates, amount_in)
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


def _proposals(amount_in: int, candidates: Sequence[Candidate]) -> Iterator[tuple[int, ...]]:
    best = propose(amount_in, candidates) if candidates else None
    if best is not None:
        yield best
    for alone in range(len(candidates)):
        yield tuple(amount_in if index == alone else 0 for index in range(len(candidates)))


def _swap(candidate: Candidate, amount_in: int) -> Swap:
    return swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
