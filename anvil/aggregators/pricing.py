"""What a fork's own pools pay along a route, and the calls that swap along it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from eth_abi.abi import encode

from anvil.abi import call_data, decoded, raw
from anvil.addresses import MULTICALL3, QUOTER_V2, SWAP_ROUTER_02, V2_ROUTER
from anvil.discovery import V2, V3, FoundPool
from anvil.node import Node

MSG_SENDER = "0x0000000000000000000000000000000000000001"
"""What SwapRouter02 takes for its caller."""

FEE_TAKER = "0x0000000000000000000000000000000000Fee7a4"
GAS_BY_HOP = 110_000
GAS = 120_000
HOPS_THROUGH = 3
"""Pools of each half that a route over a hub is tried with, the deepest first."""

Step = tuple[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way through pools of one kind; `amount_out` what it pays for `amount_in`, before any fee."""

    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    hops: tuple[FoundPool, ...]

    @property
    def gas(self) -> int:
        return GAS + GAS_BY_HOP * len(self.hops)

    @property
    def source(self) -> str:
        return "UniswapV2" if self.hops[0].kind == V2 else "UniswapV3"

    def steps(self, fee: int) -> list[Step]:
        """Return the calls that swap, and take `fee` base units of the output."""
        tokens = _tokens(self.token_in, self.hops)
        approve = call_data("approve(address,uint256)", SWAP_ROUTER_02, self.amount_in)
        if self.hops[0].kind == V2:
            swap = call_data(
                "swapExactTokensForTokens(uint256,uint256,address[],address)",
                self.amount_in, 0, tokens, MSG_SENDER,
            )  # fmt: skip
        else:
            swap = call_data(
                "exactInput((bytes,address,uint256,uint256))",
                (_path(self.token_in, self.hops), MSG_SENDER, self.amount_in, 0),
            )
        steps = [(self.token_in, raw(approve)), (SWAP_ROUTER_02, raw(swap))]
        if fee:
            taken = call_data("transfer(address,uint256)", FEE_TAKER, fee)
            steps.append((self.token_out, raw(taken)))
        return steps


def encoded(steps: Sequence[Step]) -> bytes:
    """Return steps as the stand-ins read them."""
    return encode(["(address,bytes)[]"], [list(steps)])


class Market:
    """The pools of a fork, priced as they stand when asked."""

    def __init__(self, node: Node, pools: Sequence[FoundPool], hubs: Sequence[str]) -> None:
        self._node, self._hubs = node, tuple(hubs)
        self._pools: dict[frozenset[str], list[FoundPool]] = {}
        for pool in sorted(pools, key=lambda p: -p.hub_amount):
            if pool.kind in {V2, V3}:
                pair = frozenset({pool.token.lower(), pool.hub.lower()})
                self._pools.setdefault(pair, []).append(pool)

    def best(
        self, token_in: str, token_out: str, amount_in: int, kinds: Sequence[str]
    ) -> Route | None:
        """Return the route that pays most, over pools of one of the kinds, straight or over a hub."""
        ways = [way for way in self._ways(token_in, token_out) if way[0].kind in kinds]
        if not ways or amount_in <= 0:
            return None
        paid = self._paid(token_in, amount_in, ways)
        amount_out, at = max((amount, i) for i, amount in enumerate(paid))
        if amount_out == 0:
            return None
        return Route(
            token_in=token_in,
            token_out=token_out,
            amount_in=amount_in,
            amount_out=amount_out,
            hops=ways[at],
        )

    def _ways(self, token_in: str, token_out: str) -> Iterator[tuple[FoundPool, ...]]:
        yield from ((pool,) for pool in self._between(token_in, token_out))
        for hub in self._hubs:
            if hub.lower() in {token_in.lower(), token_out.lower()}:
                continue
            first = self._between(token_in, hub)[:HOPS_THROUGH]
            second = self._between(hub, token_out)[:HOPS_THROUGH]
            yield from ((a, b) for a, b in product(first, second) if a.kind == b.kind)

    def _between(self, one: str, other: str) -> list[FoundPool]:
        return self._pools.get(frozenset({one.lower(), other.lower()}), [])

    def _paid(
        self, token_in: str, amount_in: int, ways: Sequence[tuple[FoundPool, ...]]
    ) -> list[int]:
        calls = [_quote(token_in, amount_in, way) for way in ways]
        data = call_data("aggregate3((address,bool,bytes)[])", calls)
        answer = self._node.rpc("eth_call", {"to": MULTICALL3, "data": data}, "latest")
        (results,) = decoded(["(bool,bytes)[]"], answer)
        return [
            _amount(way[0].kind, value) if ok else 0
            for way, (ok, value) in zip(ways, results, strict=True)
        ]


def _quote(token_in: str, amount_in: int, way: Sequence[FoundPool]) -> tuple[str, bool, bytes]:
    if way[0].kind == V2:
        tokens = _tokens(token_in, way)
        data = call_data("getAmountsOut(uint256,address[])", amount_in, tokens)
        return V2_ROUTER, True, raw(data)
    data = call_data("quoteExactInput(bytes,uint256)", _path(token_in, way), amount_in)
    return QUOTER_V2, True, raw(data)


def _amount(kind: str, answer: bytes) -> int:
    if kind == V2:
        (amounts,) = decoded(["uint256[]"], answer.hex())
        return int(amounts[-1])
    return int.from_bytes(answer[:32], "big")


def _tokens(token_in: str, hops: Sequence[FoundPool]) -> list[str]:
    tokens = [token_in]
    for pool in hops:
        tokens.append(pool.hub if pool.token.lower() == tokens[-1].lower() else pool.token)
    return tokens


def _path(token_in: str, hops: Sequence[FoundPool]) -> bytes:
    tokens = _tokens(token_in, hops)
    path = raw(tokens[0])
    for pool, token in zip(hops, tokens[1:], strict=True):
        path += pool.fee_pips.to_bytes(3, "big") + raw(token)
    return path
