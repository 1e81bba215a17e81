"""CoinGecko's `/coins/markets`: rows by market cap, with CoinGecko's own coin ids.

Wrapped and staked coins have no rank there, and are left out with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

from agent.adapters.feeds.provider import Provider
from agent.adapters.feeds.rows import Amount, FeedBody, FeedRow, Usd, Word, ranking_of
from agent.adapters.wire import BodyError, Timestamp, parse_list, provider_error
from agent.domain.signal import Ranking

SOURCE = "CoinGecko"


class _Row(FeedBody):
    id: Word
    symbol: Word
    name: Word
    current_price: Usd = None
    market_cap: Usd = None
    market_cap_rank: int | None = None
    circulating_supply: Amount = None
    last_updated: Timestamp | None = None


_ROWS = TypeAdapter(tuple[_Row, ...])


def read_ranking(raw: bytes, _: Mapping[str, str]) -> Ranking:
    """Return the ranking in an answer, dated by its newest row.

    Raises:
        BodyError
    """
    rows = parse_list(
        _ROWS, raw, on_object=lambda tree: provider_error(tree, "status", "error_message")
    )
    times = [row.last_updated for row in rows if row.last_updated is not None]
    if not times:
        raise BodyError(field="[0].last_updated", value="(missing)", mend="add the field")
    return ranking_of(map(_feed_row, rows), raw=raw, source=SOURCE, issued_at=max(times))


def _feed_row(row: _Row) -> FeedRow:
    return FeedRow(
        rank=row.market_cap_rank,
        coin_id=row.id,
        symbol=row.symbol,
        name=row.name,
        market_cap_usd=row.market_cap,
        price_usd=row.current_price,
        circulating_supply=row.circulating_supply,
    )


COINGECKO = Provider(
    name="coingecko",
    base_url="https://api.coingecko.com/api/v3",
    key_header="x-cg-demo-api-key",
    ranking_path="/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=250&page=1",
    read_ranking=read_ranking,
)
