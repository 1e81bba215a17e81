"""One order over its candidate pools: what given shares bring, in the integers of the pools.

Settling the same shares again gives the same numbers on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain.pool import PoolState
from agent.domain.swap import SwapResult, Unfillable
from agent.planning.swapping import swap_exact_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pool that an order may use, and what that costs besides, in base units of the output.

    `gas_cost_out` is due once the pool is used at all, `tick_cost_out` for every initialised tick
    that the swap crosses.
    """

    pool: PoolState
    zero_for_one: bool
    gas_cost_out: int
    tick_cost_out: int = 0


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


def settle(allocations: Sequence[int], candidates: Sequence[Candidate]) -> Split | Unfillable:
    """Return exactly what given shares bring, in the integers of the pools themselves."""
    swaps: list[SwapResult | None] = []
    amount_out = cost_out = 0
    for amount_in, candidate in zip(allocations, candidates, strict=True):
        swap = (
            swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
            if amount_in
            else None
        )
        if isinstance(swap, Unfillable):
            return swap
        swaps.append(swap)
        if swap is not None:
            amount_out += swap.amount_out
            cost_out += candidate.gas_cost_out + swap.ticks_crossed * candidate.tick_cost_out
    return Split(
        allocations=tuple(allocations), swaps=tuple(swaps), amount_out=amount_out, cost_out=cost_out
    )
