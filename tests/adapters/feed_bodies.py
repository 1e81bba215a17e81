"""Answers of providers, long enough to be rankings: recorded rows, repeated under other names."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

FEEDS = Path(__file__).parent.parent / "data" / "feeds"
ROWS = 120


def recorded(name: str) -> bytes:
    return (FEEDS / f"{name}.json").read_bytes()


def tree(name: str) -> Any:
    return json.loads(recorded(name))


def coingecko(rows: int = ROWS, **changes: Any) -> bytes:
    first = tree("coingecko-coins-markets")[0]
    made = [
        {
            **first,
            "id": "bitcoin" if n == 1 else f"coin-{n}",
            "market_cap_rank": n,
            "market_cap": 10**12 // n,
        }
        for n in range(1, rows + 1)
    ]
    made[4] |= changes
    return json.dumps(made).encode()


def coinmarketcap(version: str = "v3", rows: int = ROWS, **changes: Any) -> bytes:
    answer = tree(f"coinmarketcap-listings-latest-{version}")
    first = answer["data"][0]
    answer["data"] = [_listing(first, n) for n in range(1, rows + 1)]
    answer["data"][4] |= changes
    answer["status"] = {"timestamp": "2026-11-21T09:30:00.000Z", "error_code": 0}
    return json.dumps(answer).encode()


def _listing(first: dict[str, Any], n: int) -> dict[str, Any]:
    row = deepcopy(first) | {"slug": "bitcoin" if n == 1 else f"coin-{n}", "cmc_rank": n}
    quote = row["quote"]
    (quote["USD"] if isinstance(quote, dict) else quote[0])["market_cap"] = 10**12 // n
    return row


def coinpaprika(rows: int = ROWS, **changes: Any) -> bytes:
    (first,) = tree("coinpaprika-tickers")
    made = []
    for n in range(1, rows + 1):
        row = deepcopy(first) | {"id": "btc-bitcoin" if n == 1 else f"c{n}-coin", "rank": n}
        row["quotes"]["USD"]["market_cap"] = 10**12 // n
        made.append(row)
    made[4] |= changes
    return json.dumps(made).encode()


def tokenmetrics(rows: int = ROWS, **changes: Any) -> bytes:
    answer = tree("tokenmetrics-indices-holdings")
    first = answer["data"][0]
    answer["data"] = [
        {
            **first,
            "TOKEN_ID": n,
            "CG_ID": "bitcoin" if n == 1 else f"coin-{n}",
            "MARKET_CAP": 10**12 // n,
        }
        for n in range(1, rows + 1)
    ]
    answer["data"][4] |= changes
    return json.dumps(answer).encode()


RANKING_BODIES = {
    "coingecko": coingecko,
    "coinmarketcap": coinmarketcap,
    "coinpaprika": coinpaprika,
    "tokenmetrics": tokenmetrics,
}
