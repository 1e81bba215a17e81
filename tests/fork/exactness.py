"""Random swaps on a chain, each answered by our integers and by the protocol's own code."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from agent.adapters.chain.pages import Surroundings, pools_of
from agent.adapters.rpc import Rpc
from agent.adapters.venue_pools import PoolVenue
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef, PoolState, V2Pool, V3Pool
from agent.domain.quote import QuoteRequest
from agent.domain.swap import Shortfall, Swap, SwapResult, Unfillable
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.swapping import swap_exact_in
from agent.planning.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from anvil.abi import ZERO, call_data, decoded, raw
from anvil.addresses import (
    MULTICALL3,
    PAXG,
    QUOTER_V2,
    V4_POOL_MANAGER,
    V4_QUOTER,
    WETH,
)
from anvil.fund import fund
from anvil.node import Node

RECIPIENT = "0x00000000000000000000000000000000000Babe5"
QUOTE = "quoteExactInputSingle((address,address,uint256,uint24,uint160))"
V4_QUOTE = "quoteExactInputSingle(((address,address,uint24,int24,address),bool,uint128,bytes))"
AGGREGATE = "aggregate3((address,bool,bytes)[])"
GAS = hex(2**24)
CALLS_PER_REQUEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One exact input and what our integers say to it."""

    pool: PoolState
    zero_for_one: bool
    amount_in: int
    swap: Swap

    @property
    def tokens(self) -> tuple[str, str]:
        ref = self.pool.ref
        return (ref.token0, ref.token1) if self.zero_for_one else (ref.token1, ref.token0)


def refs_of(pools: Sequence[Mapping[str, Any]]) -> list[PoolRef]:
    """Return the manifest's v2 and v3 pools as the allowlist would have them."""
    return [
        PoolRef(
            address=Address(pool["address"]),
            kind=PoolKind(pool["kind"]),
            token0=Address(pool["token0"]),
            token1=Address(pool["token1"]),
            fee_pips=pool["fee_pips"],
            tick_spacing=0,
            page=0,
            record=record,
        )
        for record, pool in enumerate(pools)
        if pool["kind"] in {"v2", "v3"}
    ]


def v4_refs_of(pools: Sequence[Mapping[str, Any]]) -> list[PoolRef]:
    """Return the manifest's v4 pools as the allowlist would have them."""
    around = Surroundings(weth=Address(WETH), pool_manager=Address(V4_POOL_MANAGER))
    return list(pools_of([b"".join(map(v4_record, pools))], around))


def v4_record(pool: Mapping[str, Any]) -> bytes:
    """Return the record of a pool of the manifest."""
    place = int(pool["tick_spacing"]).to_bytes(20)
    tokens = raw(pool["token0"]) + raw(pool["token1"])
    return place + tokens + bytes([4]) + int(pool["fee_pips"]).to_bytes(3)


def v4_mismatches(
    node: Node, cases: Sequence[Case], keys: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return where V4Quoter, which runs the manager itself, gives another output than we do.

    `keys` are the manifest's pools by id. What a pool cannot take in full the quoter refuses.
    """
    calls = [("eth_call", [_v4_quoter_call(case, keys), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        out, _ = decoded(["uint256", "uint256"], answer)
        assert isinstance(case.swap, SwapResult)
        if out != case.swap.amount_out:
            found.append(f"{case}: V4Quoter says {out}, we say {case.swap.amount_out}")
    return found


def _v4_quoter_call(case: Case, keys: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    pool = keys[case.pool.ref.address]
    key = (pool["token0"], pool["token1"], pool["fee_pips"], pool["tick_spacing"], ZERO)
    data = call_data(V4_QUOTE, (key, case.zero_for_one, case.amount_in, b""))
    return {"to": V4_QUOTER, "data": data, "gas": GAS}


def states_of(
    node: Node,
    refs: Sequence[PoolRef],
    *,
    unread: Callable[[PoolRef, str], None],
    reach_ticks: int = 2_232,
) -> tuple[PoolState, ...]:
    """Return the pools as the venue's adapter reads them at the node's head."""
    head = node.head()
    block = Block(
        chain_id=1,
        number=int(head["number"], 16),
        hash=head["hash"],
        timestamp=int(head["timestamp"], 16),
        base_fee_per_gas=int(head["baseFeePerGas"], 16),
    )
    with Rpc(SecretStr(node.url)) as rpc:
        venue = PoolVenue(rpc, unread=unread, reach_ticks=reach_ticks)
        return venue.fetch_liquidity(
            requests=[_request(ref) for ref in refs], pools=refs, block=block
        )


def _request(ref: PoolRef) -> QuoteRequest:
    token_in, token_out = (
        Token(chain_id=1, address=address, symbol="", decimals=18)
        for address in (ref.token0, ref.token1)
    )
    return QuoteRequest(order_id="", token_in=token_in, token_out=token_out, amounts_in=(1,))


def random_cases(rng: random.Random, pools: Sequence[PoolState], count: int) -> list[Case]:
    """Return swaps of every size in random pools and directions: a third dust to small, the rest large.

    What the scan does not reach is left out: there is nothing to compare.
    """
    cases = list[Case]()
    while len(cases) < count:
        pool, zero_for_one = rng.choice(pools), rng.random() < 0.5
        most = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=(1 << 127) - 1)
        largest = most.absorbed if isinstance(most, Unfillable) else (1 << 127) - 1
        amount_in = _amount(rng, pool, largest, zero_for_one=zero_for_one)
        swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
        if isinstance(swap, SwapResult) or swap.shortfall is not Shortfall.BEYOND_SCAN:
            cases.append(Case(pool=pool, zero_for_one=zero_for_one, amount_in=amount_in, swap=swap))
    return cases


def _amount(rng: random.Random, pool: PoolState, largest: int, *, zero_for_one: bool) -> int:
    if isinstance(pool, V2Pool):
        largest = (pool.reserve0 if zero_for_one else pool.reserve1) * 100
    if rng.random() < 1 / 3:
        return max(int(largest ** rng.uniform(0, 0.8)), 1)
    return max(int(largest * 10 ** rng.uniform(-2, 0.1)), 1)


def crossings(cases: Sequence[Case]) -> tuple[int, int, int]:
    """Return how many swaps cross an initialised tick, falling and rising, and how many cross ten."""
    crossed = [
        (case.zero_for_one, case.swap.ticks_crossed)
        for case in cases
        if isinstance(case.swap, SwapResult)
    ]
    return (
        sum(is_falling and ticks > 0 for is_falling, ticks in crossed),
        sum(not is_falling and ticks > 0 for is_falling, ticks in crossed),
        sum(ticks >= 10 for _, ticks in crossed),
    )


def v3_mismatches(node: Node, cases: Sequence[Case]) -> list[str]:
    """Return where QuoterV2, which runs the pool itself, gives another output or price than we do."""
    calls = [("eth_call", [_quoter_call(case), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        out, price, _, _ = decoded(["uint256", "uint160", "uint32", "uint256"], answer)
        if (out, price) != _expected(case):
            found.append(f"{case}: QuoterV2 says {out} at {price}, we say {_expected(case)}")
    return found


def _expected(case: Case) -> tuple[int, int]:
    """Return output and price after; beyond the pool's liquidity it pays for what it absorbs."""
    swap = case.swap
    if isinstance(swap, SwapResult):
        assert isinstance(swap.pool_after, V3Pool)
        return swap.amount_out, swap.pool_after.sqrt_price_x96
    absorbed = swap_exact_in(case.pool, zero_for_one=case.zero_for_one, amount_in=swap.absorbed)
    assert isinstance(absorbed, SwapResult)
    return absorbed.amount_out, MIN_SQRT_RATIO + 1 if case.zero_for_one else MAX_SQRT_RATIO - 1


def _quoter_call(case: Case) -> dict[str, str]:
    token_in, token_out = case.tokens
    data = call_data(QUOTE, (token_in, token_out, case.amount_in, case.pool.ref.fee_pips, 0))
    return {"to": QUOTER_V2, "data": data, "gas": GAS}


def fund_multicall(node: Node, pools: Sequence[PoolState]) -> None:
    """Give Multicall3 enough of every token in the pools to sell."""
    tokens = {token for pool in pools for token in (pool.ref.token0, pool.ref.token1)}
    for token in sorted(tokens):
        fund(node.rpc, token, MULTICALL3, 1 << 126)


def without_transfer_fee(pools: Sequence[PoolState]) -> list[PoolState]:
    """Leave out pairs of a token that keeps part of each transfer: they receive less than is sent."""
    return [pool for pool in pools if PAXG not in {pool.ref.token0, pool.ref.token1}]


def v2_mismatches(node: Node, cases: Sequence[Case]) -> list[str]:
    """Return where a pair does not pay our output, or would pay one base unit more.

    Multicall3 must be funded. What we call refused is refused both as nothing and as one unit.
    """
    calls = [("eth_call", [_pair_call(case), "latest"]) for case in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        (results,) = decoded(["(bool,bytes)[]"], answer)
        is_paid = isinstance(case.swap, SwapResult)
        if [ok for ok, _ in results] != [True, False, is_paid]:
            found.append(f"{case}: transfer, one unit more, our output: {results}")
    return found


def _pair_call(case: Case) -> dict[str, str]:
    pair, out = case.pool.ref.address, _output(case)
    transfer = call_data("transfer(address,uint256)", pair, case.amount_in)
    steps = [
        (case.tokens[0], True, transfer),
        (pair, True, pair_swap(out + 1, zero_for_one=case.zero_for_one)),
        (pair, True, pair_swap(out, zero_for_one=case.zero_for_one)),
    ]
    calls = [(to, may_fail, bytes.fromhex(data[2:])) for to, may_fail, data in steps]
    return {"to": MULTICALL3, "data": call_data(AGGREGATE, calls), "gas": GAS}


def _output(case: Case) -> int:
    return case.swap.amount_out if isinstance(case.swap, SwapResult) else 0


def pair_swap(out: int, *, zero_for_one: bool, recipient: str = RECIPIENT) -> str:
    """Return the calldata that asks a pair for an output."""
    outs = (0, out) if zero_for_one else (out, 0)
    return call_data("swap(uint256,uint256,address,bytes)", *outs, recipient, b"")


def answers(node: Node, calls: Sequence[tuple[str, list[Any]]]) -> Iterator[str]:
    for start in range(0, len(calls), CALLS_PER_REQUEST):
        yield from node.batch(calls[start : start + CALLS_PER_REQUEST])
