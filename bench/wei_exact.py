"""10,000 random swaps per protocol, and as many exact outputs: our integers beside the protocols' own code.

Run from the root of the repository: `python -m bench.wei_exact [SEED]`. Exits with 1 on any difference.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent.domain.pool import PoolKind, PoolRef, PoolState, V2Pool, V3Pool
from agent.domain.swap import SwapResult
from agent.domain.units import Address
from anvil.node import Node
from anvil.pancake import place_pool
from anvil.twin import forked_twin, manifest
from tests.fork import weighted
from tests.fork.exact_out import (
    OutCase,
    out_crossings,
    random_out_cases,
    v2_out_mismatches,
    v3_out_mismatches,
    v4_out_mismatches,
)
from tests.fork.exactness import (
    Case,
    crossings,
    fund_multicall,
    random_cases,
    refs_of,
    states_of,
    v2_mismatches,
    v3_mismatches,
    v4_mismatches,
    without_transfer_fee,
)
from tests.fork.odd_pools import odd_pools
from tests.fork.probing import pool_mismatches, pool_out_mismatches
from tests.fork.v4_fees import taxed_states
from tests.recorded import recorded

SWAPS = 10_000
Group = tuple[str, int, tuple[int, int, int], list[str]]
"""Name, swaps, how many cross ticks (falling, rising, ten or more), differences."""


def unread(ref: PoolRef, reason: str) -> None:
    print(f"  left out: {ref.address}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Pools that are checked alike: `count` swaps with exact inputs and as many with exact outputs."""

    name: str
    pools: Sequence[PoolState]
    count: int
    in_mismatches: Callable[[Node, Sequence[Case]], list[str]]
    out_mismatches: Callable[[Node, Sequence[OutCase]], list[str]]
    is_asked: Callable[[Case], bool] = lambda _: True


def kinds(node: Node, rng: random.Random) -> Iterator[Kind]:
    """Yield every kind of pool; what the later ones need is written into the fork as they are reached."""
    twin = manifest()
    plain = [token["address"] for token in twin["tokens"] if token["contract"] == "Token"]
    yield from _pairs_and_ranges(node, rng, twin["pools"], plain)
    kept = {pool["pool_id"]: pool for pool in twin["pools"] if pool["kind"] == "v4"}
    yield Kind(
        name="v4",
        pools=taxed_states(node, kept, rng),
        count=SWAPS,
        in_mismatches=partial(v4_mismatches, keys=kept),
        out_mismatches=partial(v4_out_mismatches, keys=kept),
        is_asked=_is_whole,
    )
    with node.undone():
        refs = weighted.refs_of(weighted.random_pools(node, rng, plain, 40), rng)
        places, left_out = weighted.states_of(node, refs)
        for ref, reason in left_out:
            unread(ref, reason)
        yield Kind(
            name="weighted",
            pools=places,
            count=SWAPS,
            in_mismatches=weighted.weighted_mismatches,
            out_mismatches=weighted.weighted_out_mismatches,
            is_asked=_is_whole,
        )
    with node.undone():
        yield Kind(
            name="pancake v3",
            pools=pancake_states(node),
            count=SWAPS // 5,
            in_mismatches=pool_mismatches,
            out_mismatches=pool_out_mismatches,
            is_asked=_is_whole,
        )


def _pairs_and_ranges(
    node: Node, rng: random.Random, pools: Sequence[Mapping[str, Any]], tokens: Sequence[str]
) -> Iterator[Kind]:
    """Yield the twin's v2 pairs and v3 pools, and v3 pools in odd states."""
    states = states_of(node, refs_of(pools), unread=unread)
    pairs = without_transfer_fee([state for state in states if isinstance(state, V2Pool)])
    fund_multicall(node, pairs)
    yield Kind(
        name="v2",
        pools=pairs,
        count=SWAPS,
        in_mismatches=v2_mismatches,
        out_mismatches=v2_out_mismatches,
    )
    ranges = [state for state in states if isinstance(state, V3Pool)]
    dense = [pool for pool in ranges if len(pool.ticks) >= 50]
    odd = odd_pools(node, rng, tokens, 40)
    some = SWAPS * 2 // 5
    groups = (("all", ranges, some), ("dense", dense, some), ("odd", odd, some // 2))
    for name, group, count in groups:
        yield Kind(
            name=f"v3, {name}",
            pools=group,
            count=count,
            in_mismatches=v3_mismatches,
            out_mismatches=v3_out_mismatches,
            is_asked=_moves_something,
        )


def pancake_states(node: Node) -> tuple[PoolState, ...]:
    """Return PancakeSwap's recorded pools, placed with their own bytecode."""
    refs = [
        PoolRef(
            address=Address(place_pool(node, record)),
            kind=PoolKind.V3,
            token0=Address(record["token0"]),
            token1=Address(record["token1"]),
            fee_pips=record["fee_pips"],
            tick_spacing=0,
            page=0,
            record=0,
        )
        for record in recorded("pancake")
    ]
    return states_of(node, refs, unread=unread)


def _is_whole(case: Case) -> bool:
    return isinstance(case.swap, SwapResult)


def _moves_something(case: Case) -> bool:
    """Whether there is any liquidity on the way; QuoterV2 reverts where there is none."""
    return isinstance(case.swap, SwapResult) or case.swap.absorbed > 0


def checked(node: Node, rng: random.Random, kind: Kind) -> Iterator[Group]:
    """Yield the exact inputs and the exact outputs of one kind of pool."""
    drawn = random_cases(rng, kind.pools, kind.count * 3 // 2)
    cases = [case for case in drawn if kind.is_asked(case)][: kind.count]
    yield f"{kind.name}, in", len(cases), crossings(cases), kind.in_mismatches(node, cases)
    outs = random_out_cases(rng, kind.pools, kind.count)
    yield f"{kind.name}, out", len(outs), out_crossings(outs), kind.out_mismatches(node, outs)


def found(node: Node, seed: int) -> Iterator[Group]:
    rng = random.Random(seed)
    for kind in kinds(node, rng):
        yield from checked(node, rng, kind)


def main() -> int:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    swaps = differences = 0
    print("random swaps, equal to the chain to the wei")
    with forked_twin() as node:
        for name, count, (falling, rising, far), wrong in found(node, seed):
            swaps += count
            differences += len(wrong)
            print(
                f"  {name:<20}{count:>6,} swaps, {falling:,} cross ticks falling and "
                f"{rising:,} rising, {far:,} cross ten or more: {len(wrong)} differ"
            )
            for difference in wrong[:3]:
                print(f"    {difference:.400}")
    print(f"  in all {swaps:,} swaps, {differences} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
