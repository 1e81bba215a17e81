"""Splitting one order over ten pools: value and time beside a grid of twentieths, in the same run.

Run from the root of the repository: `python -m bench.splitting`. The grid is the best that shares of
5 % can do, found by dynamic programming over the same exact quotes. Pools are seeded and synthetic.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from agent.domain.pool import V3Pool
from agent.domain.swap import SwapResult
from agent.planning.optimum.order import propose
from agent.planning.optimum.warming import warm
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.swapping import swap_exact_in
from tests.pools import random_candidates, v3_pool
from tests.reference.ramps import breakpoints, fill

INSTANCES = 150
POOLS = 10
PARTS = 20
SIZES = {"small": 10**18, "middle": 10**20, "large": 10**22}
BPS = 10_000


def split(amount_in: int, candidates: Sequence[Candidate]) -> Split:
    """Return the optimum's split, settled in integers."""
    shares = propose(amount_in, candidates)
    found = None if shares is None else settle(shares, candidates)
    if not isinstance(found, Split):
        raise TypeError(f"the pools cannot take {amount_in}")
    return found


def grid(amount_in: int, candidates: Sequence[Candidate]) -> int:
    """Return the best output after gas with shares of a twentieth."""
    best = [0, *[-(1 << 200)] * PARTS]
    for candidate in candidates:
        net = [0, *(_net(candidate, amount_in * part // PARTS) for part in range(1, PARTS + 1))]
        best = [
            max(best[total - part] + net[part] for part in range(total + 1))
            for total in range(PARTS + 1)
        ]
    return best[PARTS]


def _net(candidate: Candidate, amount_in: int) -> int:
    swap = swap_exact_in(candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in)
    if not isinstance(swap, SwapResult):
        return -(1 << 200)
    ticks = swap.ticks_crossed * candidate.tick_cost_out
    return swap.amount_out - candidate.gas_cost_out - ticks


def enumerated(amount_in: int, candidates: Sequence[Candidate]) -> float:
    """Return the best output after gas over every subset of the pools."""
    points = breakpoints(candidates, amount_in)
    filled = (fill(points, active, float(amount_in)) for active in range(1, 1 << len(candidates)))
    return max(-inf if found is None else found.net_out for found in filled)


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(name: str, amount_in: int) -> None:
    """Print how far split and grid stay below the enumerated optimum, and their times."""
    below_split, below_grid, ratios, times = [], [], [], []
    for seed in range(INSTANCES):
        candidates = random_candidates(random.Random(seed), POOLS)
        found = split(amount_in, candidates)
        best = enumerated(amount_in, candidates)
        below_split.append((best - found.net_amount_out) / abs(best) * BPS)
        below_grid.append((best - grid(amount_in, candidates)) / abs(best) * BPS)
        took = min(seconds(partial(split, amount_in, candidates)) for _ in range(3))
        grid_took = min(seconds(partial(grid, amount_in, candidates)) for _ in range(3))
        times.append(took)
        ratios.append(grid_took / took)
    print(
        f"  {name:<8}split {statistics.mean(below_split):.6f} mean, {max(below_split):.6f} max bps below "
        f"the best of 2^{POOLS}; grid {statistics.mean(below_grid):.3f} mean, {max(below_grid):.2f} max; "
        f"split {statistics.median(times) * 1e6:,.0f} us, grid {statistics.median(ratios):.1f} times as long"
    )


def quote_times() -> None:
    """Print the time of a quote within one range and over many ticks."""
    net_by_tick = {60 * step: 10**17 * (3 if step < 0 else -3) for step in range(-200, 200)}
    pool = v3_pool(net_by_tick, tick=7)
    for amount_in in (10**15, 49 * 10**17):
        swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
        if not isinstance(swap, SwapResult):
            raise TypeError(f"the pool cannot take {amount_in}")
        quote = _per_call(partial(swap_exact_in, pool, zero_for_one=True, amount_in=amount_in))
        yardstick = _per_call(_yardstick(pool))
        print(
            f"  v3 quote over {swap.ticks_crossed:>2} ticks: {quote * 1e6:.1f} us, "
            f"{quote / yardstick:.0f} times one 320-bit multiplication and division"
        )


def _yardstick(pool: V3Pool) -> Callable[[], object]:
    scaled, price = pool.liquidity << 96, pool.sqrt_price_x96
    return lambda: scaled * price // (price + 1)


def _per_call(action: Callable[[], object], calls: int = 2_000) -> float:
    return min(seconds(lambda: [action() for _ in range(calls)]) for _ in range(5)) / calls


def main() -> int:
    print(
        f"one order over {POOLS} v2 and v3 pools with unequal gas, {INSTANCES} seeded instances a size"
    )
    warm()
    for name, amount_in in SIZES.items():
        compare(name, amount_in)
    candidates = random_candidates(random.Random(1), POOLS)
    proposed = _per_call(partial(propose, 10**20, candidates), 50)
    print(f"  proposing shares alone: {proposed * 1e6:,.0f} us")
    quote_times()
    return 0


if __name__ == "__main__":
    sys.exit(main())
