"""Random exact outputs on a chain, each answered by our integers and by the protocol's own code."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.domain.pool import PoolState, V2Pool, V3Pool
from agent.domain.swap import Delivery, Shortfall, SwapOut, Undeliverable
from agent.planning.swapping import swap_exact_out
from anvil.abi import ZERO, call_data, decoded
from anvil.addresses import MULTICALL3, QUOTER_V2, V2_ROUTER, V4_QUOTER
from anvil.node import Node
from tests.fork.exactness import AGGREGATE, GAS, answers, pair_swap

QUOTE = "quoteExactOutputSingle((address,address,uint256,uint24,uint160))"
V4_QUOTE = "quoteExactOutputSingle(((address,address,uint24,int24,address),bool,uint128,bytes))"
ROUTER_QUOTE = "getAmountIn(uint256,uint256,uint256)"
ENORMOUS = (1 << 127) - 1
UNCOMPARED = frozenset({Shortfall.BEYOND_SCAN, Shortfall.TOO_LARGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutCase:
    """One exact output and what our integers ask for it."""

    pool: PoolState
    zero_for_one: bool
    amount_out: int
    swap: SwapOut

    @property
    def tokens(self) -> tuple[str, str]:
        ref = self.pool.ref
        return (ref.token0, ref.token1) if self.zero_for_one else (ref.token1, ref.token0)

    @property
    def amount_in(self) -> int:
        assert isinstance(self.swap, Delivery)
        return self.swap.amount_in


def out_case(pool: PoolState, amount_out: int, *, zero_for_one: bool) -> OutCase:
    swap = swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=amount_out)
    return OutCase(pool=pool, zero_for_one=zero_for_one, amount_out=amount_out, swap=swap)


def random_out_cases(rng: random.Random, pools: Sequence[PoolState], count: int) -> list[OutCase]:
    """Return deliverable outputs of every size: a third dust to small, the rest up to all there is."""
    cases = list[OutCase]()
    while len(cases) < count:
        pool, zero_for_one = rng.choice(pools), rng.random() < 0.5
        most = largest(pool, zero_for_one=zero_for_one)
        if most == 0:
            continue
        dust, share = most ** rng.uniform(0, 0.8), most * 10 ** rng.uniform(-2, 0)
        amount = min(max(int(dust if rng.random() < 1 / 3 else share), 1), most)
        found = out_case(pool, amount, zero_for_one=zero_for_one)
        if isinstance(found.swap, Delivery):
            cases.append(found)
        else:
            assert found.swap.shortfall in UNCOMPARED, found
    return cases


def largest(pool: PoolState, *, zero_for_one: bool) -> int:
    """Return the most that a pool surely pays."""
    most = swap_exact_out(pool, zero_for_one=zero_for_one, amount_out=ENORMOUS)
    return most.delivered if isinstance(most, Undeliverable) else ENORMOUS


def out_crossings(cases: Sequence[OutCase]) -> tuple[int, int, int]:
    """Return how many swaps cross an initialised tick, falling and rising, and how many cross ten."""
    crossed = [
        (case.zero_for_one, case.swap.ticks_crossed)
        for case in cases
        if isinstance(case.swap, Delivery)
    ]
    return (
        sum(is_falling and ticks > 0 for is_falling, ticks in crossed),
        sum(not is_falling and ticks > 0 for is_falling, ticks in crossed),
        sum(ticks >= 10 for _, ticks in crossed),
    )


def v3_out_mismatches(node: Node, cases: Sequence[OutCase]) -> list[str]:
    """Return where QuoterV2, which runs the pool itself, asks for another input or ends elsewhere."""
    calls = [("eth_call", [v3_out_call(case), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        asked, price, _, _ = decoded(["uint256", "uint160", "uint32", "uint256"], answer)
        assert isinstance(case.swap, Delivery)
        assert isinstance(case.swap.pool_after, V3Pool)
        ours = case.amount_in, case.swap.pool_after.sqrt_price_x96
        if (asked, price) != ours:
            found.append(f"{case}: QuoterV2 says {asked} at {price}, we say {ours}")
    return found


def v3_out_call(case: OutCase) -> dict[str, str]:
    data = call_data(QUOTE, (*case.tokens, case.amount_out, case.pool.ref.fee_pips, 0))
    return {"to": QUOTER_V2, "data": data, "gas": GAS}


def v4_out_mismatches(
    node: Node, cases: Sequence[OutCase], keys: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return where V4Quoter asks for another input; `keys` are the manifest's pools by id."""
    calls = [("eth_call", [v4_out_call(case, keys), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        asked, _ = decoded(["uint256", "uint256"], answer)
        if asked != case.amount_in:
            found.append(f"{case}: V4Quoter says {asked}, we say {case.amount_in}")
    return found


def v4_out_call(case: OutCase, keys: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    pool = keys[case.pool.ref.address]
    key = (pool["token0"], pool["token1"], pool["fee_pips"], pool["tick_spacing"], ZERO)
    data = call_data(V4_QUOTE, (key, case.zero_for_one, case.amount_out, b""))
    return {"to": V4_QUOTER, "data": data, "gas": GAS}


def v2_out_mismatches(node: Node, cases: Sequence[OutCase]) -> list[str]:
    """Return where a pair takes less than we say, or does not take that. Multicall3 must be funded.

    Sent are all but one unit of our input, for which the pair must refuse, then that unit.
    """
    calls = [("eth_call", [_pair_call(case), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        (results,) = decoded(["(bool,bytes)[]"], answer)
        if [ok for ok, _ in results] != [True, False, True, True]:
            found.append(f"{case}: all but one unit, refused, the last unit, paid: {results}")
    return found


def _pair_call(case: OutCase) -> dict[str, str]:
    pair = case.pool.ref.address
    swap = pair_swap(case.amount_out, zero_for_one=case.zero_for_one)
    steps = [
        (case.tokens[0], call_data("transfer(address,uint256)", pair, case.amount_in - 1)),
        (pair, swap),
        (case.tokens[0], call_data("transfer(address,uint256)", pair, 1)),
        (pair, swap),
    ]
    calls = [(to, True, bytes.fromhex(data[2:])) for to, data in steps]
    return {"to": MULTICALL3, "data": call_data(AGGREGATE, calls), "gas": GAS}


def router_surplus(node: Node, cases: Sequence[OutCase]) -> set[int]:
    """Return by how many units Uniswap's own router asks for more than we do."""
    calls = [("eth_call", [_router_call(case), "latest"]) for case in cases]
    return {
        int(answer, 16) - case.amount_in
        for case, answer in zip(cases, answers(node, calls), strict=True)
    }


def _router_call(case: OutCase) -> dict[str, str]:
    assert isinstance(case.pool, V2Pool)
    reserves = [case.pool.reserve0, case.pool.reserve1]
    data = call_data(
        ROUTER_QUOTE, case.amount_out, *(reserves if case.zero_for_one else reserves[::-1])
    )
    return {"to": V2_ROUTER, "data": data, "gas": GAS}
