"""Monthly market-cap tables, as CoinMarketCap's history is passed around, turned into our rankings.

A table has one row per date and asset, in Parquet (needs pyarrow) or CSV, with the columns `date`,
`rank`, `asset`, `name`, `symbol`, `price_usd` and `market_cap_usd`; others are ignored. `asset` is
unique within a date, unlike a symbol.
"""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from agent.adapters.wire import Body, Text, parse_body
from agent.errors import DataFileError

COLUMNS = ("date", "rank", "asset", "name", "symbol", "price_usd", "market_cap_usd")
MIN_ROWS, MAX_ROWS = 100, 500
DECIMALS = 24
MIN_USD, MAX_USD = Decimal(1).scaleb(-DECIMALS), Decimal("1e18")


class _AssetIds(Body):
    schema_: Annotated[Literal["agent.asset_ids/1"], Field(alias="schema")]
    source: Text
    ids: dict[str, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionReport:
    """What became of a table: rows written, assets without a coin id, assets without a market cap."""

    issued_at: datetime
    row_count: int
    unknown_assets: tuple[str, ...]
    dropped_assets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    rank: int
    asset: str
    name: str
    symbol: str
    price_usd: Decimal | None
    market_cap_usd: Decimal  # zero where the table has none


def convert(
    path: Path, day: date, *, issued_at: datetime | None = None
) -> tuple[bytes, ConversionReport]:
    """Return the ranking of `day` in our format, ranked by market cap, and what became of the table.

    An asset that we have no coin id for is called `cmc:<asset>`, which no token map holds. The
    ranking is issued at the start of `day`, UTC, unless `issued_at` says otherwise.

    Raises:
        DataFileError: no such file, column or date, a value that cannot be read, no pyarrow.
    """
    assets = [_asset(path, row) for row in _rows(path) if _day(path, row["date"]) == day]
    if not assets:
        raise DataFileError(path=str(path), field="date", value=str(day), mend=_dates(path))
    ids = _asset_ids()
    ranked = sorted((a for a in assets if a.market_cap_usd), key=_by_market_cap)[:MAX_ROWS]
    if len(ranked) < MIN_ROWS:
        mend = f"a ranking needs at least {MIN_ROWS} coins with a market cap"
        raise DataFileError(path=str(path), field="rows", value=len(ranked), mend=mend)
    moment = issued_at or datetime.combine(day, time(), UTC)
    report = ConversionReport(
        issued_at=moment,
        row_count=len(ranked),
        unknown_assets=tuple(a.asset for a in ranked if a.asset not in ids),
        dropped_assets=tuple(a.asset for a in assets if not a.market_cap_usd),
    )
    return _ranking_bytes(ranked, ids, moment, f"{path.name}, {day}"), report


def _by_market_cap(asset: _Asset) -> tuple[Decimal, int, str]:
    return (-asset.market_cap_usd, asset.rank, asset.asset)


def _ranking_bytes(
    ranked: Iterable[_Asset], ids: Mapping[str, str], issued_at: datetime, source: str
) -> bytes:
    rows = [
        {
            "rank": rank,
            "coin_id": ids.get(a.asset, f"cmc:{a.asset}"),
            "symbol": a.symbol,
            "name": a.name,
            "market_cap_usd": _plain(a.market_cap_usd),
            **({} if a.price_usd is None else {"price_usd": _plain(a.price_usd)}),
        }
        for rank, a in enumerate(ranked, start=1)
    ]
    head = {
        "schema": "agent.ranking/1",
        "issued_at": issued_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "source": source,
    }
    return json.dumps({**head, "rows": rows}, indent=1, ensure_ascii=False).encode() + b"\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataFileError(
            path=str(path), field="file", value=reason, mend="give a .parquet or .csv table"
        ) from error
    for column in COLUMNS:
        if rows and column not in rows[0]:
            raise DataFileError(
                path=str(path),
                field="columns",
                value=list(rows[0]),
                mend=f"add the column {column}",
            )
    return rows


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise DataFileError(
            path=str(path), field="format", value="parquet", mend="install pyarrow, or give a CSV"
        ) from error
    with path.open("rb") as stream:
        rows: list[dict[str, Any]] = parquet.read_table(stream).to_pylist()
    return rows


def _asset(path: Path, row: Mapping[str, Any]) -> _Asset:
    try:
        return _Asset(
            rank=int(row["rank"]),
            asset=str(row["asset"]),
            name=str(row["name"]),
            symbol=str(row["symbol"]),
            price_usd=_usd(row["price_usd"]),
            market_cap_usd=_usd(row["market_cap_usd"]) or Decimal(0),
        )
    except (ValueError, TypeError, InvalidOperation) as error:
        raise DataFileError(
            path=str(path),
            field="row",
            value=dict(row),
            mend="give numbers for rank, price and cap",
        ) from error


def _usd(value: object) -> Decimal | None:
    """Return dollars, or None where there are none to speak of.

    A double is taken as the shortest decimal that reads back as the same double.
    """
    if value is None or value == "":
        return None
    dollars = Decimal(str(value))
    return dollars if dollars.is_finite() and MIN_USD <= dollars < MAX_USD else None


def _plain(dollars: Decimal) -> str:
    """Return plain notation within the decimals that a ranking may carry."""
    text = f"{dollars:.{DECIMALS}f}"
    return text.rstrip("0").rstrip(".")


def _day(path: Path, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise DataFileError(
            path=str(path), field="date", value=value, mend="write dates as 2025-03-01"
        ) from error


def _dates(path: Path) -> str:
    days = sorted({_day(path, row["date"]) for row in _rows(path)})
    return f"choose one of {len(days)} dates from {days[0]} to {days[-1]}" if days else "no rows"


def _asset_ids() -> dict[str, str]:
    file = resources.files("agent") / "data" / "asset_ids.json"
    return parse_body(_AssetIds, file.read_bytes()).ids
