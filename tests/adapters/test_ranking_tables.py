"""Monthly tables turned into rankings."""

import csv
import os
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent.adapters.ranking_tables import COLUMNS, convert
from agent.adapters.rankings import parse_ranking
from agent.adapters.token_map import bundled_token_map, load_token_map
from agent.errors import DataFileError

DAY = date(2025, 3, 1)


def table(row_count: int = 120, **first: object) -> list[dict[str, Any]]:
    known = ["BTC", "ETH", "USDT", "XRP"]
    rows = [
        {
            "date": DAY,
            "rank": rank,
            "asset": known[rank - 1] if rank <= len(known) else f"X{rank}",
            "name": f"Coin {rank}",
            "symbol": f"S{rank}",
            "price_usd": 86031.91239772 / rank,
            "market_cap_usd": 1706096101737.8965 / rank,
            "volume_24h_usd": 1.0,
        }
        for rank in range(1, row_count + 1)
    ]
    rows[0] |= first
    earlier = [{**row, "date": date(2025, 2, 1), "asset": "OLD"} for row in rows[:1]]
    return earlier + rows


def csv_file(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def parquet_file(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("write", [csv_file, parquet_file])
def test_a_table_becomes_a_ranking_that_we_accept(tmp_path, write):
    raw, report = convert(write(tmp_path, table()), DAY)

    ranking = parse_ranking(raw, source="table")
    assert ["bitcoin", "ethereum", "tether", "ripple", "cmc:X5"] == [
        coin.coin_id for coin in ranking.coins[:5]
    ]
    assert Decimal("1706096101737.8965") == ranking.coins[0].market_cap_usd
    assert Decimal("86031.91239772") == ranking.coins[0].price_usd
    assert datetime(2025, 3, 1, tzinfo=UTC) == ranking.issued_at == report.issued_at
    assert (120, tuple(f"X{n}" for n in range(5, 121)), ()) == (
        report.row_count,
        report.unknown_assets,
        report.dropped_assets,
    )


def test_an_unknown_asset_cannot_be_held(tmp_path):
    raw, _ = convert(csv_file(tmp_path, table()), DAY)
    shipped = load_token_map(bundled_token_map(1), chain_id=1)

    coin = parse_ranking(raw, source="table").coins[4]

    assert "not in the token map of this chain" == getattr(
        shipped.lookup(coin.coin_id), "reason", None
    )


def test_the_ranking_may_be_dated_anew(tmp_path):
    moment = datetime(2026, 11, 22, 11, tzinfo=UTC)

    raw, _ = convert(csv_file(tmp_path, table()), DAY, issued_at=moment)

    assert moment == parse_ranking(raw, source="table").issued_at


def test_coins_are_ranked_anew_by_market_cap(tmp_path):
    raw, _ = convert(csv_file(tmp_path, table(market_cap_usd=1e9)), DAY)

    coins = parse_ranking(raw, source="table").coins
    assert "ethereum" == coins[0].coin_id
    assert [1, 2, 3] == [coin.rank for coin in coins[:3]]
    assert coins[-1].coin_id == "bitcoin"


@pytest.mark.parametrize("cap", [None, "", float("nan"), 0.0, -5.0, 1e300])
def test_a_coin_without_a_usable_cap_is_dropped_and_reported(tmp_path, cap):
    raw, report = convert(csv_file(tmp_path, table(market_cap_usd=cap)), DAY)

    assert (("BTC",), 119) == (report.dropped_assets, report.row_count)
    assert "ethereum" == parse_ranking(raw, source="table").coins[0].coin_id


def test_a_tiny_price_is_rounded_to_what_a_ranking_may_carry(tmp_path):
    raw, _ = convert(csv_file(tmp_path, table(price_usd="1.23456789e-20")), DAY)

    assert (
        Decimal("0.000000000000000000012346") == parse_ranking(raw, source="t").coins[0].price_usd
    )


def test_a_date_that_the_table_lacks_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(DataFileError, match="choose one of 2 dates from 2025-02-01 to 2025-03-01"):
        convert(csv_file(tmp_path, table()), date(2025, 3, 2))


def test_a_table_too_short_for_a_ranking_is_refused(tmp_path):
    with pytest.raises(DataFileError, match="rows = 99: a ranking needs at least 100"):
        convert(csv_file(tmp_path, table(99)), DAY)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(tmp_path, column):
    rows = [{k: v for k, v in row.items() if k != column} for row in table()]

    with pytest.raises(DataFileError, match=f"add the column {column}"):
        convert(csv_file(tmp_path, rows), DAY)


@pytest.mark.parametrize(
    ("first", "field"),
    [({"rank": "first"}, "row"), ({"market_cap_usd": "much"}, "row"), ({"date": "March"}, "date")],
)
def test_a_value_that_cannot_be_read_is_refused(tmp_path, first, field):
    with pytest.raises(DataFileError) as caught:
        convert(csv_file(tmp_path, table(**first)), DAY)

    assert field == caught.value.field


@pytest.mark.parametrize("name", ["none.csv", "none.parquet"])
def test_a_missing_file_is_refused(tmp_path, name):
    with pytest.raises(DataFileError, match="No such file"):
        convert(tmp_path / name, DAY)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"not parquet")

    with pytest.raises(DataFileError, match=r"give a \.parquet or \.csv table"):
        convert(path, DAY)


def test_without_pyarrow_a_parquet_file_is_refused_with_the_mend(tmp_path, monkeypatch):
    path = parquet_file(tmp_path, table())
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(DataFileError, match="install pyarrow, or give a CSV"):
        convert(path, DAY)


@pytest.mark.skipif("AGENT_TOP200" not in os.environ, reason="AGENT_TOP200 names no table")
def test_the_real_table_gives_both_universes_something_to_hold():
    raw, report = convert(Path(os.environ["AGENT_TOP200"]), DAY)

    ranking = parse_ranking(raw, source="table")
    shipped = load_token_map(bundled_token_map(1), chain_id=1)
    ranks = [coin.rank for coin in ranking.coins if coin.coin_id in shipped.held_by_coin]
    assert (200, ()) == (report.row_count, report.dropped_assets)
    assert ["bitcoin", "ethereum"] == [coin.coin_id for coin in ranking.coins[:2]]
    assert 25 <= sum(rank <= 100 for rank in ranks)
    assert 60 <= len(ranks)
