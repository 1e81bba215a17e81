"""The sample portfolio and signals of a demonstration, dated and priced for the chain they run on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from anvil.abi import call_data
from anvil.addresses import USDC, USDT, WETH
from anvil.assets import TOKEN_MAP
from anvil.discovery import FoundPool, dollar_prices, found_pools
from anvil.fund import Call
from anvil.stage import Wanted, drifted

HUB_BY_COIN = {"ethereum": WETH, "usd-coin": USDC, "tether": USDT}
TOP_N = 100
SEED = 20_261_123
"""Decides how the sample portfolio drifted."""

MAX_WEIGHT = Decimal("0.25")
"""The cap on one coin that the demonstration's policy sets: without it all is bitcoin and ether."""

CASH_SHARE = Decimal("0.02")
STRANGERS = 2
"""How many coins the portfolio still holds that are not in the index."""
STRANGER_SHARE = Decimal("0.004")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a cycle can be shown on: the pools to allow, the money to hold, the ranking to follow."""

    pools: tuple[FoundPool, ...]
    wanted: tuple[Wanted, ...]
    ranking: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Market:
    pools: tuple[FoundPool, ...]
    usd: Mapping[str, Decimal]
    decimals: Mapping[str, int]


def sample(
    rpc: Call, *, ranking: Mapping[str, Any], universe: str, usd: Decimal, issued_at: datetime
) -> Sample:
    """Return a drifted portfolio worth `usd`, and the ranking with the chain's prices and date.

    `rpc` is the chain's own node rather than a fork of it, which would fetch every word it reads.
    """
    coins = json.loads(TOKEN_MAP.read_bytes())["coins"]
    market = _market(rpc, coins)
    holdable = [
        row for row in ranking["rows"]
        if row["coin_id"] in coins and coins[row["coin_id"]]["token"]["address"] in market.usd
    ]  # fmt: skip
    members, strangers = _members(holdable, universe)
    shares = _shares(members, strangers)
    used = {coins[coin_id]["token"]["address"] for coin_id in shares if coin_id in coins}
    return Sample(
        pools=tuple(pool for pool in market.pools if pool.token in used | {WETH, USDT}),
        wanted=tuple(
            _wanted(coin_id, share * usd, coins, market) for coin_id, share in shares.items()
        ),
        ranking=_priced(ranking, coins, market, issued_at),
    )


def write_signals(
    out: Path, ranking: Mapping[str, Any], *, regime: str, issued_at: datetime
) -> None:
    (out / "ranking.json").write_text(json.dumps(ranking, indent=1) + "\n")
    signal = {
        "schema": "agent.regime/1",
        "issued_at": _iso(issued_at),
        "source": "sample",
        "regime": regime,
        "probability": "0.74",
    }
    (out / "regime.json").write_text(json.dumps(signal, indent=1) + "\n")


def _members(holdable: Sequence[Any], universe: str) -> tuple[list[Any], list[Any]]:
    """Return the rows of the index, and the rows after it that the portfolio still holds."""
    if universe == "fill":
        return list(holdable[:TOP_N]), list(holdable[TOP_N : TOP_N + STRANGERS])
    members = [row for row in holdable if row["rank"] <= TOP_N]
    return members, list(holdable[len(members) : len(members) + STRANGERS])


def _shares(members: Sequence[Any], strangers: Sequence[Any]) -> dict[str, Decimal]:
    """Return each coin's share of the drifted portfolio; they sum to 1."""
    caps = {row["coin_id"]: Decimal(row["market_cap_usd"]) for row in members}
    moved = drifted(_capped(caps), seed=SEED)
    rest = 1 - CASH_SHARE - STRANGER_SHARE * len(strangers)
    shares = {coin_id: share * rest for coin_id, share in moved.items()}
    return shares | {row["coin_id"]: STRANGER_SHARE for row in strangers} | {"usd-coin": CASH_SHARE}


def _capped(caps: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return market-cap weights of which none is above `MAX_WEIGHT`; they sum to 1."""
    free, capped = dict(caps), dict[str, Decimal]()
    while True:
        rest = 1 - MAX_WEIGHT * len(capped)
        total = sum(free.values())
        weights = {coin_id: cap / total * rest for coin_id, cap in free.items()}
        over = [coin_id for coin_id, weight in weights.items() if weight > MAX_WEIGHT]
        if not over:
            return dict.fromkeys(capped, MAX_WEIGHT) | weights
        capped |= {coin_id: free.pop(coin_id) for coin_id in over}


def _wanted(coin_id: str, usd: Decimal, coins: Mapping[str, Any], market: _Market) -> Wanted:
    address = HUB_BY_COIN.get(coin_id) or coins[coin_id]["token"]["address"]
    return Wanted(
        address=address,
        decimals=market.decimals[address],
        usd=usd,
        price_usd=market.usd[address],
    )


def _market(rpc: Call, coins: Mapping[str, Any]) -> _Market:
    decimals = {coin["token"]["address"]: coin["token"]["decimals"] for coin in coins.values()}
    decimals |= {USDC: 6, USDT: 6}
    usd_by_hub = {HUB_BY_COIN[coin]: _feed(rpc, coin) for coin in HUB_BY_COIN}
    pools = found_pools(rpc, tokens=decimals, hubs=tuple(usd_by_hub))
    prices = dollar_prices(pools, usd_by_hub=usd_by_hub, decimals_by_token=decimals)
    return _Market(pools=pools, usd=prices | usd_by_hub, decimals=decimals)


def _feed(rpc: Call, coin_id: str) -> Decimal:
    """Return a coin's Chainlink price; `latestRoundData` answers with 8 decimals."""
    feed = json.loads(TOKEN_MAP.read_bytes())["usd_feeds"][coin_id]["address"]
    answer = rpc("eth_call", {"to": feed, "data": call_data("latestRoundData()")}, "latest")
    return Decimal(int(answer[66:130], 16)).scaleb(-8)


def _priced(
    ranking: Mapping[str, Any], coins: Mapping[str, Any], market: _Market, issued_at: datetime
) -> dict[str, Any]:
    """Return the ranking as of `issued_at`, with the chain's price for every coin that has one."""
    rows = []
    for row in ranking["rows"]:
        address = coins.get(row["coin_id"], {"token": {"address": ""}})["token"]["address"]
        usd = market.usd.get(address)
        rows.append(row if usd is None else row | {"price_usd": f"{usd:.12f}"})
    return {**ranking, "issued_at": _iso(issued_at), "rows": rows}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
