"""Real prices and market caps, as the planner's own values: rankings by Monday, and a map of all coins."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from pyarrow import parquet

from agent.domain.signal import RankedCoin, Ranking
from agent.domain.token import Form, HeldAs, Token, TokenMap
from agent.domain.units import Address

PLACE = "AGENT_HISTORY_DIR"
FILES = ("prices_daily.parquet", "token_universe.csv")
FIRST = date(2020, 1, 6)
DECIMALS = 18
RANKED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A coin on a day."""

    price_usd: Decimal
    market_cap_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Coins by Monday, bitcoin's price by day, and which assets are coins that an index holds."""

    mondays: Mapping[date, Mapping[str, Row]]
    bitcoin: Mapping[date, Decimal]
    coins: frozenset[str]


def place() -> Path | None:
    """Return where the data is, None where it is not."""
    given = os.environ.get(PLACE)
    if not given or not all((Path(given) / name).is_file() for name in FILES):
        return None
    return Path(given)


def load(directory: Path) -> History:
    """Return the Mondays from `FIRST` on, with every asset that has a price and a market cap."""
    table = parquet.read_table(
        directory / FILES[0], columns=["asset", "date", "price_usd", "market_cap_usd"]
    )
    mondays: dict[date, dict[str, Row]] = {}
    bitcoin: dict[date, Decimal] = {}
    for row in table.to_pylist():
        day, asset, price, cap = row["date"], row["asset"], row["price_usd"], row["market_cap_usd"]
        if asset == "BTC" and price:
            bitcoin[day] = Decimal(repr(price))
        if day >= FIRST and day.weekday() == 0 and price and cap:
            mondays.setdefault(day, {})[asset] = Row(
                price_usd=Decimal(repr(price)), market_cap_usd=Decimal(repr(cap))
            )
    with (directory / FILES[1]).open(newline="") as lines:
        coins = frozenset(r["asset"] for r in csv.DictReader(lines) if r["class"] == "coin")
    return History(mondays=mondays, bitcoin=bitcoin, coins=coins)


def ranking_of(rows: Mapping[str, Row], day: date) -> Ranking:
    ordered = sorted(rows, key=lambda asset: (-rows[asset].market_cap_usd, asset))[:RANKED]
    return Ranking(
        issued_at=noon(day),
        source="history",
        coins=tuple(
            RankedCoin(
                rank=rank,
                coin_id=asset,
                symbol=asset,
                name=asset,
                market_cap_usd=rows[asset].market_cap_usd,
                price_usd=rows[asset].price_usd,
            )
            for rank, asset in enumerate(ordered, start=1)
        ),
        sha256="",
    )


def token_map_of(history: History) -> TokenMap:
    assets = sorted({asset for rows in history.mondays.values() for asset in rows})
    held = {
        asset: HeldAs(
            coin_id=asset,
            token=Token(
                chain_id=1, address=Address(f"0x{n:040x}"), symbol=asset, decimals=DECIMALS
            ),
            form=Form.NATIVE,
        )
        for n, asset in enumerate(assets)
        if asset in history.coins
    }
    return TokenMap(
        chain_id=1,
        held_by_coin=held,
        reason_by_coin={},
        stablecoin_by_coin={},
        usd_feed_by_coin={},
        sha256="",
    )


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
