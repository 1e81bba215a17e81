"""Finds the pools that tokens have on a chain, with their depth and price, by asking the factories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anvil.abi import ZERO, call_data, decoded, raw
from anvil.addresses import MULTICALL3, STATE_VIEW, WETH
from anvil.exchanges import Exchange, exchanges
from anvil.fund import Call

V2, V3, V4 = "v2", "v3", "v4"
V4_SPACING_BY_FEE = {100: 1, 500: 10, 3_000: 60, 10_000: 200}

CALLS_PER_REQUEST = 400
"""Keeps one `eth_call` within the gas that public nodes grant it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPool:
    """A pool of a token against a hub; `hub_amount` is what it holds of the hub, in base units.

    `hub_per_token` is its mid price in base units of the hub per base unit of the token. A v4 pool's
    address is its id, its `hub_amount` what a pair of the same depth would hold, and `currencies` are
    as its key has them: ETH for WETH, if it is an ETH pool.
    """

    address: str
    kind: str
    token: str
    hub: str
    fee_pips: int
    hub_amount: int
    hub_per_token: Decimal
    currencies: tuple[str, str] | None = None

    @property
    def tick_spacing(self) -> int:
        return V4_SPACING_BY_FEE[self.fee_pips] if self.kind == V4 else 0


def found_pools(rpc: Call, *, tokens: Iterable[str], hubs: Sequence[str]) -> tuple[FoundPool, ...]:
    """Return every pool with liquidity between the tokens and the hubs: v2, v3 and their forks, and v4 without hooks."""
    pairs = _pairs(tokens, hubs)
    return (*_v2_and_v3(rpc, pairs), *_v4(rpc, pairs))


def _pairs(tokens: Iterable[str], hubs: Sequence[str]) -> list[tuple[str, str]]:
    return sorted(
        {
            _sorted_pair(token, hub): (token, hub)
            for hub in hubs
            for token in tokens
            if token != hub
        }.values()
    )


def _v2_and_v3(rpc: Call, pairs: Sequence[tuple[str, str]]) -> tuple[FoundPool, ...]:
    asked = [
        (one, token, hub, fee)
        for one in _standing(rpc, exchanges())
        for token, hub in pairs
        for fee in one.spacing_by_fee_pips
    ]
    places = [decoded(["address"], answer)[0] for answer in _read(rpc, map(_lookup, asked))]
    standing = [
        (place, one.kind, *of)
        for place, (one, *of) in zip(places, asked, strict=True)
        if place != ZERO
    ]
    states = _read(rpc, (_state(place, kind) for place, kind, *_ in standing))
    amounts = _read(
        rpc, ((hub, call_data("balanceOf(address)", place)) for place, _, _, hub, _ in standing)
    )
    pools = (
        FoundPool(
            address=place, kind=kind, token=token, hub=hub, fee_pips=fee,
            hub_amount=int(amount, 16), hub_per_token=_price(kind, state, is_token0=int(token, 16) < int(hub, 16)),
        )
        for (place, kind, token, hub, fee), state, amount in zip(standing, states, amounts, strict=True)
    )  # fmt: skip
    return tuple(pool for pool in pools if pool.hub_per_token > 0)


def _v4(rpc: Call, pairs: Iterable[tuple[str, str]]) -> tuple[FoundPool, ...]:
    keys = [
        (token, hub, *_sorted_currencies(one, other), fee)
        for token, hub in pairs
        for one, other in _currencies(token, hub)
        for fee in V4_SPACING_BY_FEE
    ]
    ids = [v4_pool_id(low, high, fee) for _, _, low, high, fee in keys]
    slots = _read(rpc, ((STATE_VIEW, call_data("getSlot0(bytes32)", raw(one))) for one in ids))
    depths = _read(rpc, ((STATE_VIEW, call_data("getLiquidity(bytes32)", raw(one))) for one in ids))
    pools = (
        _kept(one, key, slot, int(depth, 16))
        for one, key, slot, depth in zip(ids, keys, slots, depths, strict=True)
    )
    return tuple(pool for pool in pools if pool.hub_per_token > 0 and pool.hub_amount > 0)


def _currencies(token: str, hub: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of currencies that trade a pair: with WETH in it, those with ETH as well."""
    yield token, hub
    if WETH in {token, hub}:
        yield ZERO, token if hub == WETH else hub


def _sorted_currencies(one: str, other: str) -> tuple[str, str]:
    return (one, other) if int(one, 16) < int(other, 16) else (other, one)


def v4_pool_id(currency0: str, currency1: str, fee_pips: int) -> str:
    """Return the id of a pool without hooks: the hash of its key."""
    key = [currency0, currency1, fee_pips, V4_SPACING_BY_FEE[fee_pips], ZERO]
    packed = encode(["address", "address", "uint24", "int24", "address"], key)
    return "0x" + keccak(packed).hex()


def _kept(pool_id: str, key: tuple[str, str, str, str, int], slot: str, depth: int) -> FoundPool:
    token, hub, low, high, fee = key
    is_token0 = low == token or (token == WETH and low == ZERO)
    price, root = _price(V4, slot, is_token0=is_token0), int(slot[2:66] or "0", 16)
    amount0, amount1 = ((depth << 96) // root, depth * root >> 96) if root else (0, 0)
    return FoundPool(
        address=pool_id, kind=V4, token=token, hub=hub, fee_pips=fee,
        hub_amount=amount1 if is_token0 else amount0, hub_per_token=price, currencies=(low, high),
    )  # fmt: skip


def dollar_prices(
    pools: Iterable[FoundPool],
    *,
    usd_by_hub: Mapping[str, Decimal],
    decimals_by_token: Mapping[str, int],
) -> dict[str, Decimal]:
    """Return dollars per whole token, each from the pool that holds the most dollars of a hub.

    A v4 pool holds nothing of its own to tell.
    """
    deepest: dict[str, tuple[Decimal, Decimal]] = {}
    for pool in (pool for pool in pools if pool.kind != V4):
        hub_unit_usd = usd_by_hub[pool.hub].scaleb(-decimals_by_token[pool.hub])
        depth = pool.hub_amount * hub_unit_usd
        usd = (pool.hub_per_token * hub_unit_usd).scaleb(decimals_by_token[pool.token])
        if depth > deepest.get(pool.token, (Decimal(0), usd))[0]:
            deepest[pool.token] = (depth, usd)
    return {token: usd for token, (_, usd) in deepest.items()}


def _sorted_pair(token: str, hub: str) -> tuple[str, ...]:
    return tuple(sorted((token.lower(), hub.lower())))


def _standing(rpc: Call, listed: Iterable[Exchange]) -> list[Exchange]:
    """Return the exchanges whose factories stand on this chain; the twin has Uniswap's alone."""
    return [one for one in listed if rpc("eth_getCode", one.factory, "latest") != "0x"]


def _lookup(asked: tuple[Exchange, str, str, int]) -> tuple[str, str]:
    exchange, token, hub, fee = asked
    if exchange.kind == V2:
        return exchange.factory, call_data("getPair(address,address)", token, hub)
    return exchange.factory, call_data("getPool(address,address,uint24)", token, hub, fee)


def _state(place: str, kind: str) -> tuple[str, str]:
    return place, call_data("getReserves()" if kind == V2 else "slot0()")


def _price(kind: str, state: str, *, is_token0: bool) -> Decimal:
    """Return hub base units per token base unit; 0 for a pool without a price."""
    word0, word1 = (int(state[2 + 64 * i : 66 + 64 * i] or "0", 16) for i in (0, 1))
    if kind == V2:
        numerator, denominator = Decimal(word1), Decimal(word0)
    else:
        numerator, denominator = Decimal(word0) ** 2, Decimal(2) ** 192
    if not numerator or not denominator:
        return Decimal(0)
    return numerator / denominator if is_token0 else denominator / numerator


def _read(rpc: Call, calls: Iterable[tuple[str, str]]) -> list[str]:
    """Call many views in few requests; a call that fails answers `0x`."""
    calls = list(calls)
    answers: list[str] = []
    for start in range(0, len(calls), CALLS_PER_REQUEST):
        some = [
            (to, True, bytes.fromhex(data[2:]))
            for to, data in calls[start : start + CALLS_PER_REQUEST]
        ]
        data = call_data("aggregate3((address,bool,bytes)[])", some)
        returned: Any = decoded(
            ["(bool,bytes)[]"], rpc("eth_call", {"to": MULTICALL3, "data": data}, "latest")
        )[0]
        answers += ["0x" + (value if is_ok else b"").hex() for is_ok, value in returned]
    return answers
