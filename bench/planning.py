"""Our own time from signals and pools to a plan, and its splits beside those of a 5 % grid.

Run from the root of the repository: `python -m bench.planning`. A million dollars become an index of a
hundred coins over nearly 300 pools, the v3 ones with 300 ticks each. The grid splits every pair's order
anew, at the size that the basket gave it; it is the reference of `bench.splitting`, in the same
integers. Exits with 1 when the plan takes more than a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TypeVar

from agent.domain.canonical import content_id
from agent.domain.order import Order
from agent.domain.plan import Plan, PlanInputs
from agent.domain.pool import V3Pool
from agent.domain.units import Ppm
from agent.planning.gas import GasPrice, gas_price
from agent.planning.planner import normalised, plan, quote_requests
from agent.planning.splitting import Candidate
from bench.splitting import grid
from tests.worlds import USDC, with_policy, world

BAR_S = 1.0
ROUNDS = 5
TICKS_PER_POOL = 300
BPS = 10_000

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One order as the plan has it: its size, the pools of its pair, what it brings after gas."""

    amount_in: int
    candidates: tuple[Candidate, ...]
    net_out: int


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
    """Return the plan's orders with the pools of their pairs, and what they bring after gas."""
    prices = gas_price(
        inputs.position,
        inputs.policy,
        native=inputs.chain_book.hubs[0],
        price_by_token=made.price_by_token,
    )
    legs = [leg for batch in made.batches for leg in batch.legs]
    found = []
    for order in made.orders:
        own = [leg for leg in legs if leg.order_id == order.id]
        gas = sum(prices.in_token(leg.gas, order.token_out) for leg in own)
        found.append(
            Case(
                amount_in=order.amount_in,
                candidates=tuple(_candidates(inputs, order, prices)),
                net_out=sum(leg.amount_out for leg in own) - gas,
            )
        )
    return found


def _candidates(inputs: PlanInputs, order: Order, prices: GasPrice) -> Iterator[Candidate]:
    pair = {order.token_in.address, order.token_out.address}
    for pool in normalised(inputs).pools:
        if {pool.ref.token0, pool.ref.token1} == pair:
            yield Candidate(
                pool=pool,
                zero_for_one=pool.ref.token0 == order.token_in.address,
                gas_cost_out=prices.in_token(prices.table.leg(pool.ref.kind, 0), order.token_out),
                tick_cost_out=prices.in_token(prices.table.tick, order.token_out),
            )


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
    ours = [case.net_out for case in orders]
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
    print(f"  splitting on a 5 % grid       {grid_s * 1e3:7.1f} ms")
    print(
        f"  and what the grid leaves      {sum(behind) / len(behind):7.3f} bps on average, "
        f"{max(behind):.2f} at most, {min(behind):.3f} at least"
    )
    return 0 if plan_s <= BAR_S else 1


if __name__ == "__main__":
    sys.exit(main())
