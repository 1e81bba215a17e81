"""10,000 random swaps on a fork of the twin: our integers beside QuoterV2 and the pairs' own check.

Run from the root of the repository: `python -m bench.wei_exact [SEED]`. Exits with 1 on any difference.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

from agent.domain.pool import PoolRef, V2Pool, V3Pool
from anvil.node import Node
from anvil.twin import forked_twin, manifest
from tests.fork.exactness import (
    Case,
    crossings,
    fund_multicall,
    random_cases,
    refs_of,
    states_of,
    v2_mismatches,
    v3_mismatches,
    without_transfer_fee,
)
from tests.fork.odd_pools import odd_pools

Check = Callable[[Node, Sequence[Case]], list[str]]


def unread(ref: PoolRef, reason: str) -> None:
    print(f"  left out: {ref.address}: {reason}")


def groups(node: Node, rng: random.Random) -> list[tuple[str, list[Case], Check]]:
    """Return named groups of swaps, 10,000 in all, and what checks them."""
    twin = manifest()
    states = states_of(node, refs_of(twin["pools"]), unread=unread)
    pairs = without_transfer_fee([state for state in states if isinstance(state, V2Pool)])
    pools = [state for state in states if isinstance(state, V3Pool)]
    dense = [pool for pool in pools if len(pool.ticks) >= 50]
    plain = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    odd = odd_pools(node, rng, plain, 40)
    fund_multicall(node, pairs)
    return [
        ("v3, all pools", random_cases(rng, pools, 3_000), v3_mismatches),
        ("v3, many ticks", random_cases(rng, dense, 3_000), v3_mismatches),
        ("v3, odd states", _quotable(random_cases(rng, odd, 2_500))[:2_000], v3_mismatches),
        ("v2", random_cases(rng, pairs, 2_000), v2_mismatches),
    ]


def _quotable(cases: Sequence[Case]) -> list[Case]:
    """Leave out swaps with no liquidity at all on their way, which QuoterV2 reverts on."""
    return [case for case in cases if getattr(case.swap, "absorbed", 1)]


def main() -> int:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    swaps = differences = 0
    print("random swaps, equal to the chain to the wei")
    with forked_twin() as node:
        for name, cases, check in groups(node, random.Random(seed)):
            found = check(node, cases)
            falling, rising, far = crossings(cases)
            swaps += len(cases)
            differences += len(found)
            print(
                f"  {name:<16}{len(cases):>6,} swaps, {falling:,} cross ticks falling and "
                f"{rising:,} rising, {far:,} cross ten or more: {len(found)} differ"
            )
            for difference in found[:3]:
                print(f"    {difference:.400}")
    print(f"  in all {swaps:,} swaps, {differences} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
