"""Every considered pool's quotes for an order, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from agent.domain.pool import PoolKind, PoolState, V3Pool, swap_fee_pips
from agent.domain.quote import Quote, QuoteRequest
from agent.domain.swap import SwapResult, Unfillable
from agent.domain.units import (
    ONE_HUNDRED_PERCENT_BPS,
    ONE_HUNDRED_PERCENT_PIPS,
    ONE_HUNDRED_PERCENT_PPM,
)
from agent.planning.splitting import Candidate, Split
from agent.planning.swapping import mid_price, swap_exact_in

LegGas = Callable[[PoolKind, int], int]
"""(protocol, initialised ticks crossed) -> gas of such a leg."""


def quotes(
    request: QuoteRequest,
    *,
    candidates: Sequence[Candidate],
    split: Split | Unfillable,
    leg_gas: LegGas,
) -> tuple[Quote, ...]:
    """Return each candidate's quote at each requested size, with what the split gave it, and why."""
    allocations = split.allocations if isinstance(split, Split) else (0,) * len(candidates)
    found = []
    for candidate, taken, verdict in zip(
        candidates, allocations, verdicts(candidates, split), strict=True
    ):
        for amount_in in request.amounts_in:
            amount_out, gas, remark = _answer(candidate, amount_in, leg_gas)
            found.append(
                Quote(
                    order_id=request.order_id,
                    venue=candidate.pool.ref.address,
                    amount_in=amount_in,
                    amount_out=amount_out,
                    gas=gas,
                    taken_amount_in=taken,
                    verdict=verdict + remark,
                )
            )
    return tuple(found)


def verdicts(candidates: Sequence[Candidate], split: Split | Unfillable) -> tuple[str, ...]:
    """Return what became of each candidate: its share, or why it got none. Decided in integers."""
    if isinstance(split, Unfillable):
        return (f"order not traded: {split.shortfall}",) * len(candidates)
    amount_in, last = sum(split.allocations), _last_price(candidates, split)
    return tuple(
        f"takes {taken * ONE_HUNDRED_PERCENT_PPM // amount_in} ppm of the order"
        if taken
        else _why_unused(candidate, last)
        for candidate, taken in zip(candidates, split.allocations, strict=True)
    )


def _why_unused(candidate: Candidate, last: Fraction) -> str:
    pool, first = candidate.pool, _price_after_fee(candidate.pool, candidate)
    if first == 0 or (isinstance(pool, V3Pool) and pool.liquidity == 0):
        return "has no liquidity at its price"
    if first <= last:
        shortfall_bps = (last - first) * ONE_HUNDRED_PERCENT_BPS // last
        return f"its first unit pays {shortfall_bps} bps less than the split's last"
    return "would add less than its gas costs"


def _last_price(candidates: Sequence[Candidate], split: Split) -> Fraction:
    """Return the output per input, fee paid, of the best next unit once the split has traded."""
    return max(
        _price_after_fee(swap.pool_after, candidate)
        for candidate, swap in zip(candidates, split.swaps, strict=True)
        if swap is not None
    )


def _price_after_fee(pool: PoolState, candidate: Candidate) -> Fraction:
    price = mid_price(pool, zero_for_one=candidate.zero_for_one) or Fraction(0)
    kept_pips = ONE_HUNDRED_PERCENT_PIPS - swap_fee_pips(pool, zero_for_one=candidate.zero_for_one)
    return price * kept_pips / ONE_HUNDRED_PERCENT_PIPS


def _answer(candidate: Candidate, amount_in: int, leg_gas: LegGas) -> tuple[int, int, str]:
    """Return (output, gas, remark) of one size in one pool alone."""
    swap = swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
    if isinstance(swap, SwapResult):
        return swap.amount_out, leg_gas(candidate.pool.ref.kind, swap.ticks_crossed), ""
    return 0, 0, f"; at this size alone, {swap.shortfall}"
