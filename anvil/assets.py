"""The tokens and feeds that stand on the twin, with their prices: what the token map can hold."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from anvil import addresses as at

AGENT_DATA = Path(__file__).parent.parent / "agent" / "data"
TOKEN_MAP = AGENT_DATA / "tokens.1.json"
RANKING = AGENT_DATA / "samples" / "ranking.json"
MAINNET = Path(__file__).parent / "data" / "mainnet.json.gz"

PEGGED_SUPPLY_USD = Decimal(10**9)
"""Supply of a token whose market cap the ranking doesn't give."""

CONTRACT_BY_COIN = {
    "tether": "TetherToken",
    "decentraland": "PausableToken",
    "pax-gold": "FeeToken",
    "world-liberty-financial": "BlocklistToken",
    "usd-coin": "BlocklistToken",
    "usd1-wlfi": "BlocklistToken",
    "paypal-usd": "BlocklistToken",
    "global-dollar": "BlocklistToken",
    "ripple-usd": "BlocklistToken",
    "first-digital-usd": "BlocklistToken",
    "true-usd": "BlocklistToken",
    "paxos-standard": "BlocklistToken",
}
"""Tokens with quirks; every other one is a plain `Token`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A token of the twin, its dollar price, and the market cap that its depth follows."""

    address: str
    symbol: str
    name: str
    decimals: int
    contract: str
    price_usd: Decimal
    market_cap_usd: Decimal
    is_stable: bool

    @property
    def usd_per_unit(self) -> Decimal:
        """Dollars per base unit."""
        return self.price_usd.scaleb(-self.decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A Chainlink feed: its pair, decimals and the price it shows."""

    address: str
    pair: str
    decimals: int
    price: Decimal


@cache
def assets() -> Mapping[str, Asset]:
    """Return every token of the twin by address: coins, their other wrapped forms, stablecoins."""
    return {asset.address: asset for asset in _assets()}


@cache
def mainnet_pools() -> tuple[dict[str, Any], ...]:
    """Return the pools brought over from mainnet, as anvil/data/README.md describes them."""
    return tuple(_mainnet()["pools"])


@cache
def feeds() -> tuple[FeedSpec, ...]:
    """Return the USD feeds of everything that the ranking prices, and the usual cross feeds."""
    feeds_usd = [
        FeedSpec(address=feed["address"], pair=feed["pair"], decimals=8, price=price)
        for coin_id, feed in _token_map()["usd_feeds"].items()
        if (price := _price(coin_id)) is not None
    ]
    eth, btc = _priced("ethereum"), _priced("bitcoin")
    crosses = (
        ("0xfdFD9C85aD200c506Cf9e21F1FD8dd01932FBB23", "WBTC / BTC", 8, Decimal(1)),
        ("0xdeb288F737066589598e9214E782fa5A8eD689e8", "BTC / ETH", 18, btc / eth),
        ("0xAc559F25B1619171CbC396a50854A3240b6A4e99", "ETH / BTC", 8, eth / btc),
        (
            "0x8dD1CD88F43aF196ae478e91b9F5E4Ac69A97C61",
            "SHIB / ETH",
            18,
            _priced("shiba-inu") / eth,
        ),
        ("0x4e844125952D32AcdF339BE976c98E22F6F318dB", "LDO / ETH", 18, _priced("lido-dao") / eth),
    )
    return (
        *feeds_usd,
        *(FeedSpec(address=a, pair=p, decimals=d, price=price) for a, p, d, price in crosses),
    )


def _assets() -> Iterator[Asset]:
    tokens = _token_map()
    for coin_id, coin in tokens["coins"].items():
        for form in (coin, *coin.get("alternatives", ())):
            yield _asset(coin_id, form["token"])
    for coin_id, coin in tokens["stablecoins"].items():
        yield _asset(coin_id, coin["token"], is_stable=True)
    yield _asset("pax-gold", {"address": at.PAXG, "symbol": "PAXG", "decimals": 18})


def _asset(coin_id: str, token: Mapping[str, Any], *, is_stable: bool = False) -> Asset:
    cap = _ranking().get(coin_id, {}).get("market_cap_usd")
    return Asset(
        address=token["address"],
        symbol=token["symbol"],
        name=_mainnet()["names"].get(token["address"], token["symbol"]),
        decimals=token["decimals"],
        contract=CONTRACT_BY_COIN.get(coin_id, "Token"),
        price_usd=_priced(coin_id),
        market_cap_usd=Decimal(cap) if cap else PEGGED_SUPPLY_USD,
        is_stable=is_stable,
    )


def _priced(coin_id: str) -> Decimal:
    price = _price(coin_id)
    if price is None:
        raise LookupError(f"{RANKING.name} has no price_usd for {coin_id}: add it to the row")
    return price


def _price(coin_id: str) -> Decimal | None:
    price = _ranking().get(coin_id, {}).get("price_usd")
    return Decimal(price) if price else None


@cache
def _ranking() -> Mapping[str, Mapping[str, Any]]:
    rows = json.loads(RANKING.read_bytes())["rows"]
    return {row["coin_id"]: row for row in rows}


@cache
def _token_map() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(TOKEN_MAP.read_bytes())
    return document


@cache
def _mainnet() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(MAINNET.read_bytes()))
    return document
