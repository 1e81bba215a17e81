"""Which pools stand on the twin, and their state: mainnet's where brought over, else modelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

from anvil import addresses as at
from anvil.abi import ZERO
from anvil.assets import Asset, assets, mainnet_pools
from anvil.curves import X96, Curve, liquidity_at, shifted, sqrt_price_x96, tick_at
from anvil.model import (
    HUB_POOLS,
    STABLE_SHAPE,
    TOKEN_WITH_FEE_POOLS,
    VOLATILE_SHAPE,
    Centre,
    PoolModel,
    Quote,
    depth_class,
    modelled_curve,
    varied,
)

SPACING_BY_FEE = {100: 1, 500: 10, 3000: 60, 10000: 200}
"""The fee tiers of v3's factory; modelled v4 pools follow them."""

ADDRESS_BY_QUOTE = {Quote.WETH: at.WETH, Quote.ETH: ZERO, Quote.USDC: at.USDC, Quote.USDT: at.USDT}

VOLATILE_MOVE = Decimal("1.02")
STABLE_MOVE = Decimal("1.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolKey:
    """What makes a pool the pool it is; `token0` is the zero address for ETH in v4."""

    kind: str
    token0: str
    token1: str
    fee_pips: int
    tick_spacing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """A pool of the twin: `curve` for v3 and v4, reserves for v2.

    `source` says where its liquidity comes from; `protocol_fee` is v4's packed pair of fees.
    """

    key: PoolKey
    source: str
    sqrt_price: int
    curve: Curve = ()
    reserve0: int = 0
    reserve1: int = 0
    protocol_fee: int = 0

    @property
    def tick(self) -> int:
        return tick_at(self.sqrt_price)

    @property
    def liquidity(self) -> int:
        return liquidity_at(self.curve, self.tick)


def market() -> tuple[PoolState, ...]:
    """Return every pool of the twin; mainnet's own state wins over a model of the same pool."""
    pools: dict[PoolKey, PoolState] = {}
    for fact in mainnet_pools():
        pool = _from_mainnet(fact)
        pools[pool.key] = pool
    for asset in assets().values():
        for model in _models(asset):
            key = _modelled_key(asset, model)
            if key not in pools:
                pools[key] = _modelled(key, asset, model)
    return tuple(pools.values())


def spot(token0: str, token1: str) -> Fraction:
    """Return token1 per token0 in base units at the twin's prices."""
    return Fraction(_asset(token0).usd_per_unit) / Fraction(_asset(token1).usd_per_unit)


def _asset(address: str) -> Asset:
    return assets()[at.WETH if address == ZERO else address]


def _from_mainnet(fact: Mapping[str, Any]) -> PoolState:
    is_v2 = fact["kind"] == "v2"
    key = PoolKey(
        kind=fact["kind"],
        token0=fact["token0"],
        token1=fact["token1"],
        fee_pips=3000 if is_v2 else fact["fee_pips"],
        tick_spacing=0 if is_v2 else fact["tick_spacing"],
    )
    if is_v2:
        return _v2(key, "mainnet", isqrt(int(fact["reserve0"]) * int(fact["reserve1"])))
    sqrt_price = sqrt_price_x96(spot(key.token0, key.token1))
    ticks = [(tick, int(net)) for tick, net in fact["ticks"]]
    return PoolState(
        key=key,
        source="mainnet",
        sqrt_price=sqrt_price,
        curve=shifted(ticks, fact["tick"], tick_at(sqrt_price), key.tick_spacing),
        protocol_fee=fact.get("protocol_fee", 0),
    )


def _models(asset: Asset) -> tuple[PoolModel, ...]:
    if asset.address in (at.WETH, at.USDC):
        return ()
    if asset.address == at.USDT:
        return HUB_POOLS
    if asset.contract == "FeeToken":
        return TOKEN_WITH_FEE_POOLS
    return depth_class(asset.market_cap_usd, is_stable=asset.is_stable).pools


def _modelled_key(asset: Asset, model: PoolModel) -> PoolKey:
    pair = asset.address, ADDRESS_BY_QUOTE[model.quote]
    token0, token1 = sorted(pair, key=str.lower)
    return PoolKey(
        kind=model.kind,
        token0=token0,
        token1=token1,
        fee_pips=model.fee_pips,
        tick_spacing=0 if model.kind == "v2" else SPACING_BY_FEE[model.fee_pips],
    )


def _modelled(key: PoolKey, asset: Asset, model: PoolModel) -> PoolState:
    seed = f"{key.kind}:{key.token0}:{key.token1}:{key.fee_pips}"
    is_stable = asset.is_stable and model.quote in (Quote.USDC, Quote.USDT)
    move = STABLE_MOVE if is_stable else VOLATILE_MOVE
    sqrt_price = sqrt_price_x96(spot(key.token0, key.token1))
    token1_units = model.depth_usd * varied(seed) / _asset(key.token1).usd_per_unit
    liquidity = int(token1_units * X96 / (sqrt_price * (move.sqrt() - 1)))
    if key.kind == "v2":
        return _v2(key, "modelled", liquidity)
    centre = Centre(
        seed=seed, tick=tick_at(sqrt_price), spacing=key.tick_spacing, liquidity=liquidity
    )
    return PoolState(
        key=key,
        source="modelled",
        sqrt_price=sqrt_price,
        curve=modelled_curve(centre, STABLE_SHAPE if is_stable else VOLATILE_SHAPE),
    )


def _v2(key: PoolKey, source: str, liquidity: int) -> PoolState:
    """Return a v2 pool of that geometric mean of reserves, at the twin's price."""
    sqrt_price = sqrt_price_x96(spot(key.token0, key.token1))
    return PoolState(
        key=key,
        source=source,
        sqrt_price=sqrt_price,
        reserve0=liquidity * X96 // sqrt_price,
        reserve1=liquidity * sqrt_price // X96,
    )
