"""One exact quote of a v3 pool: time and wei beside npm @uniswap/v3-sdk, in the same run.

Run from the root of the repository: `python -m bench.quote_v3`; needs `npm ci` in bench/. Pools are seeded
and synthetic: some whose swap crosses 28 ticks, one by one, and random ones for exactness. Exits with 1
when a target is missed.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agent.domain.pool import V3Pool
from agent.domain.swap import SwapResult
from agent.planning.swapping import swap_exact_in
from agent.planning.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from bench.timing import fastest_us, verdict
from tests.pools import random_v3_pool, v3_pool

HERE = Path(__file__).resolve().parent
TICKS = (1, 28)
TIMED, RANDOM_POOLS, SWAPS = 8, 200, 10_000
SPEED_BAR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """An exact input into the pool with that number."""

    pool: int
    zero_for_one: bool
    amount_in: int


def ladder(rng: random.Random, number: int) -> V3Pool:
    """Return a pool with an initialised tick at every spacing for a long way down."""
    net_by_tick = {60: 0}
    for n in range(60):
        net = int(10 ** rng.uniform(21, 22))
        net_by_tick[-60 * n] = net
        net_by_tick[60] -= net
    price = rng.randrange(sqrt_ratio_at_tick(0), sqrt_ratio_at_tick(59))
    tick = tick_at_sqrt_ratio(price)
    return v3_pool(net_by_tick, tick=tick, sqrt_price_x96=price, number=number)


def crossing(pool: V3Pool, ticks: int) -> int:
    """Return an input that crosses exactly so many ticks."""
    low, high = 0, 10**26
    while high - low > 1:
        middle = (low + high) // 2
        found = swap_exact_in(pool, zero_for_one=True, amount_in=middle)
        enough = not isinstance(found, SwapResult) or found.ticks_crossed >= ticks
        low, high = (low, middle) if enough else (middle, high)
    return high + high // 500


def random_swap(rng: random.Random) -> Swap:
    return Swap(
        pool=rng.randrange(RANDOM_POOLS),
        zero_for_one=rng.random() < 0.5,
        amount_in=int(10 ** rng.uniform(3, 23)),
    )


def asked(pools: list[V3Pool], swaps: list[Swap], timed: int) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        subprocess.run(  # noqa: S603 - our own script
            ["node", HERE / "peers/v3_sdk.cjs"],  # noqa: S607
            input=json.dumps(
                {
                    "pools": [
                        {
                            "fee": pool.ref.fee_pips,
                            "sqrtPriceX96": str(pool.sqrt_price_x96),
                            "liquidity": str(pool.liquidity),
                            "tick": pool.tick,
                            "ticks": [[tick.index, str(tick.liquidity_net)] for tick in pool.ticks],
                        }
                        for pool in pools
                    ],
                    "swaps": [
                        {
                            "pool": swap.pool,
                            "zeroForOne": swap.zero_for_one,
                            "amountIn": str(swap.amount_in),
                        }
                        for swap in swaps
                    ],
                    "timed": timed,
                }
            ),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=HERE,
        ).stdout
    )
    return answer


def exactness(rng: random.Random) -> tuple[int, int]:
    """Return how many random quotes both give, and how many of them differ."""
    pools = [random_v3_pool(rng, number) for number in range(RANDOM_POOLS)]
    swaps = [random_swap(rng) for _ in range(SWAPS)]
    both = differ = 0
    for swap, theirs in zip(swaps, asked(pools, swaps, 0)["outs"], strict=True):
        ours = swap_exact_in(
            pools[swap.pool], zero_for_one=swap.zero_for_one, amount_in=swap.amount_in
        )
        if isinstance(ours, SwapResult) and theirs is not None:
            both += 1
            differ += str(ours.amount_out) != theirs
    return both, differ


def main() -> int:
    rng = random.Random(1)
    held = []
    for ticks in TICKS:
        pools = [ladder(rng, number) for number in range(TIMED)]
        swaps = [
            Swap(pool=n, zero_for_one=True, amount_in=crossing(pool, ticks))
            for n, pool in enumerate(pools)
        ]
        theirs = statistics.median(asked(pools, swaps, TIMED)["us"])
        ours = statistics.median(
            fastest_us(
                partial(swap_exact_in, pools[s.pool], zero_for_one=True, amount_in=s.amount_in),
                loops=20,
            )
            for s in swaps
        )
        what = f"{ticks} ticks: {ours:.1f} us, v3-sdk {theirs:.1f} us, {theirs / ours:.1f}x"
        if ticks == max(TICKS):
            held.append(
                verdict(f"4  {what}, at least {SPEED_BAR}x", holds=theirs / ours >= SPEED_BAR)
            )
        else:
            print(f"          {what}")
    both, differ = exactness(rng)
    held.append(
        verdict(
            f"4  {differ} of {both} random quotes differ from v3-sdk's", holds=differ == 0 < both
        )
    )
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
