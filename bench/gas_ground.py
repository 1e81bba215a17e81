"""The ground on which ways to swap are compared: 100 legs through 100 v3 pools of a forked twin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from anvil import addresses as at
from anvil.calls import mined, read
from anvil.fund import fund
from anvil.node import Node
from anvil.rpc import NodeError
from anvil.twin import forked_twin, manifest

LEGS = 100
FEE_PIPS = 3000
HUB = at.WETH
ACCOUNT = "0x00000000000000000000000000000000000a11ce"
PRICE_MOVE = 2_000
"""A swap moves the square root of the price by one part in this: the price by some 10 ticks."""

GAS = hex(2**24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One swap of `amount_in` in one pool."""

    pool: str
    token_in: str
    token_out: str
    amount_in: int

    @property
    def is_zero_for_one(self) -> bool:
        return int(self.token_in, 16) < int(self.token_out, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A fork of the twin, the account that sends, and the legs to swap: sells before buys."""

    node: Node
    legs: tuple[Leg, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """The hub and the other token of each leg."""
        return (
            HUB,
            *(leg.token_in if leg.token_out == HUB else leg.token_out for leg in self.legs),
        )

    def send(self, to: str | None, data: str) -> dict[str, Any]:
        """Send a transaction and return its receipt; raises `NodeError` when it reverts."""
        transaction = {"from": ACCOUNT, "data": data, "gas": GAS} | ({"to": to} if to else {})
        receipt = mined(self.node, self.node.rpc("eth_sendTransaction", transaction))
        if receipt["status"] != "0x1":
            raise NodeError(f"transaction to {to} reverted: {data[:74]}")
        return receipt

    def gas_used(self, to: str, data: str) -> int:
        return int(self.send(to, data)["gasUsed"], 16)

    def deploy(self, init_code: str) -> str:
        address: str = self.send(None, init_code)["contractAddress"]
        return address

    def fund(self, holder: str) -> None:
        """Give the holder what it needs of every token for some rounds, and more to be left."""
        for token in self.tokens:
            fund(self.node.rpc, token, holder, 10 * sum(self._needs(token)))

    def _needs(self, token: str) -> Iterator[int]:
        return (leg.amount_in for leg in self.legs if token in (leg.token_in, leg.token_out))


@contextmanager
def ground() -> Iterator[Ground]:
    with forked_twin() as node:
        node.rpc("anvil_setBalance", ACCOUNT, hex(10**24))
        node.rpc("anvil_impersonateAccount", ACCOUNT)
        plain = {token["address"] for token in manifest()["tokens"] if token["contract"] == "Token"}
        pools = [pool for pool in manifest()["pools"] if _is_usable(pool, plain)][:LEGS]
        legs = [leg(node, pool, is_sell=i % 2 == 0) for i, pool in enumerate(pools)]
        on = Ground(node=node, legs=tuple(sorted(legs, key=lambda leg: leg.token_in == HUB)))
        on.fund(ACCOUNT)
        yield on


def _is_usable(pool: dict[str, Any], plain: set[str]) -> bool:
    is_ours = pool["kind"] == "v3" and pool["dex"] == "uniswap_v3" and pool["fee_pips"] == FEE_PIPS
    return is_ours and _joins_hub(pool, plain)


def leg(node: Node, pool: dict[str, Any], *, is_sell: bool) -> Leg:
    """Return a swap that moves the pool's price by some 10 ticks, if its liquidity stays."""
    other = pool["token0"] if pool["token1"] == HUB else pool["token1"]
    token_in, token_out = (other, HUB) if is_sell else (HUB, other)
    slot0 = "uint160,int24,uint16,uint16,uint16,uint8,bool"
    price = read(node, pool["address"], "slot0()", returns=slot0)[0]
    liquidity = read(node, pool["address"], "liquidity()", returns="uint128")
    is_zero_for_one = token_in == pool["token0"]
    per_price = (liquidity << 96) // price if is_zero_for_one else liquidity * price >> 96
    return Leg(
        pool=pool["address"],
        token_in=token_in,
        token_out=token_out,
        amount_in=per_price // PRICE_MOVE,
    )


def v2_legs(node: Node) -> list[Leg]:
    """Return a swap in each of up to 100 v2 pairs with WETH, by turns a sell and a buy."""
    plain = {token["address"] for token in manifest()["tokens"] if token["contract"] == "Token"}
    pairs = [p for p in manifest()["pools"] if p["dex"] == "uniswap_v2" and _joins_hub(p, plain)]
    return [_v2_leg(node, pair, is_sell=i % 2 == 0) for i, pair in enumerate(pairs[:LEGS])]


def _joins_hub(pool: dict[str, Any], plain: set[str]) -> bool:
    tokens = {pool["token0"], pool["token1"]}
    return HUB in tokens and bool(tokens & plain)


def _v2_leg(node: Node, pair: dict[str, Any], *, is_sell: bool) -> Leg:
    other = pair["token0"] if pair["token1"] == HUB else pair["token1"]
    token_in, token_out = (other, HUB) if is_sell else (HUB, other)
    types = "uint112,uint112,uint32"
    reserves = read(node, pair["address"], "getReserves()", returns=types)
    reserve_in = reserves[0 if token_in == pair["token0"] else 1]
    return Leg(
        pool=pair["address"],
        token_in=token_in,
        token_out=token_out,
        amount_in=reserve_in // PRICE_MOVE,
    )
