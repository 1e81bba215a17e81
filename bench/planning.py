"""Our own time from signals and pools to a plan, and its splits beside those of a 5 % grid.

Run from the root of the repository: `python -m bench.planning`. A million dollars become an index of a
hundred coins over nearly 300 pools, the v3 ones with 300 ticks each. The grid is the reference of
`bench.splitting`, in the same integers. Exits with 1 when the plan takes more than a second or the grid
finds a better split.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TypeVar

from agent.domain.canonical import content_id
from agent.domain.plan import Plan, PlanInputs
from agent.domain.pool import V3Pool
from agent.domain.units import Ppm
from agent.planning.gas import gas_price
from agent.planning.planner import normalised, plan, quote_requests, splits_of
from agent.planning.pool_book import PoolBook
from agent.planning.splitting import Candidate, Split, split
from bench.splitting import grid
from tests.worlds import USDC, with_policy, world

BAR_S = 1.0
ROUNDS = 5
TICKS_PER_POOL = 300
BPS = 10_000

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One order as the plan met it: its size, and the pools that it could use."""

    amount_in: int
    candidates: tuple[Candidate, ...]


def timed(action: Callable[[], _Result]) -> tuple[float, _Result]:
    """Return the median time of `ROUNDS` runs, in seconds, and the result."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
    return median(times), result


def large_world() -> PlanInputs:
    """Return a portfolio of dollars that is to become an index of a hundred coins."""
    inputs = world(usd_by_token={USDC: 1_000_000}, positions=TICKS_PER_POOL // 2)
    return with_policy(inputs, drift_band_ppm=Ppm(20), min_notional_usd=Decimal(10), top_n=103)


def cases(inputs: PlanInputs, made: Plan) -> list[Case]:
    """Return the plan's orders with their candidates, pools as the orders before leave them."""
    prices = gas_price(
        inputs.position, native=inputs.chain_book.hubs[0], price_by_token=made.price_by_token
    )
    book = PoolBook(inputs.pools, prices, splits_of(made))
    found = []
    for order in made.orders:
        found.append(Case(amount_in=order.amount_in, candidates=book.candidates(order)))
        taken = book.split(order)
        if isinstance(taken, Split):
            book.trade(swap.pool_after for swap in taken.swaps if swap is not None)
    return found


def exact_net_out(case: Case) -> int:
    found = split(case.amount_in, case.candidates)
    return found.net_amount_out if isinstance(found, Split) else 0


def behind_bps(ours: Sequence[int], theirs: Sequence[int]) -> list[float]:
    """Return by how much the grid falls short of our splits, order by order."""
    return [(our - their) / our * BPS for our, their in zip(ours, theirs, strict=True) if our > 0]


def main() -> int:
    inputs = large_world()
    ticks = sum(len(pool.ticks) for pool in inputs.pools if isinstance(pool, V3Pool))
    asking_s, _ = timed(lambda: quote_requests(inputs))
    plan_s, made = timed(lambda: plan(inputs, proposal_id=""))
    hash_s, _ = timed(lambda: content_id(normalised(inputs)))
    orders = cases(inputs, made)
    split_s, ours = timed(lambda: [exact_net_out(case) for case in orders])
    grid_s, theirs = timed(lambda: [grid(case.amount_in, case.candidates) for case in orders])
    behind = behind_bps(ours, theirs)
    legs = sum(len(batch.legs) for batch in made.batches)
    print(
        f"{len(made.basket.targets)} coins, {len(inputs.pools)} pools, {ticks} ticks: "
        f"{len(made.orders)} orders, {legs} legs, {len(made.batches)} batches"
    )
    print(f"  what to ask the venues        {asking_s * 1e3:7.1f} ms")
    print(f"  from pools to plan            {plan_s * 1e3:7.1f} ms (bar {BAR_S * 1e3:.0f})")
    print(f"    of it the inputs' id        {hash_s * 1e3:7.1f} ms")
    print(f"    of it splitting             {split_s * 1e3:7.1f} ms")
    print(
        f"  splitting on a 5 % grid       {grid_s * 1e3:7.1f} ms, {grid_s / split_s:.1f} times as long"
    )
    print(
        f"  and what the grid leaves      {sum(behind) / len(behind):7.3f} bps on average, "
        f"{max(behind):.2f} at most, {min(behind):.3f} at least"
    )
    return 0 if plan_s <= BAR_S and min(behind) >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
