"""CoinPaprika's `/tickers`: rows by rank. A coin we have no id for becomes `paprika:<id>`, never held."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

from agent.adapters.feeds.ids import coin_ids
from agent.adapters.feeds.provider import Provider
from agent.adapters.feeds.rows import FeedBody, FeedRow, Usd, Word, ranking_of
from agent.adapters.wire import BodyError, Timestamp, parse_list, provider_error
from agent.domain.signal import Ranking

SOURCE = "CoinPaprika"
USD = "USD"


class _Quote(FeedBody):
    price: Usd = None
    market_cap: Usd = None


class _Row(FeedBody):
    id: Word
    symbol: Word
    name: Word
    rank: int | None = None
    first_data_at: Timestamp | None = None
    last_updated: Timestamp | None = None
    quotes: dict[str, _Quote]


_ROWS = TypeAdapter(tuple[_Row, ...])


def read_ranking(raw: bytes, _: Mapping[str, str]) -> Ranking:
    """Return the ranking in an answer, dated by its newest row; rank 0 means inactive there.

    Raises:
        BodyError
    """
    rows = parse_list(_ROWS, raw, on_object=lambda tree: provider_error(tree, "error"))
    times = [row.last_updated for row in rows if row.last_updated is not None]
    if not times:
        raise BodyError(field="[0].last_updated", value="(missing)", mend="add the field")
    known = coin_ids("coinpaprika")
    return ranking_of(
        (_feed_row(row, known) for row in rows), raw=raw, source=SOURCE, issued_at=max(times)
    )


def _feed_row(row: _Row, known: Mapping[str, str]) -> FeedRow:
    usd = row.quotes.get(USD, _Quote())
    return FeedRow(
        rank=row.rank or None,
        coin_id=known.get(row.id, f"paprika:{row.id}"),
        symbol=row.symbol,
        name=row.name,
        market_cap_usd=usd.market_cap,
        price_usd=usd.price,
        listed_at=row.first_data_at,
    )


COINPAPRIKA = Provider(
    name="coinpaprika",
    base_url="https://api.coinpaprika.com/v1",
    key_header="Authorization",
    ranking_path="/tickers?limit=300&quotes=USD",
    read_ranking=read_ranking,
)
