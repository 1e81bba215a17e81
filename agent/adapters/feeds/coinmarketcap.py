"""CoinMarketCap's listings, v3 (`quote` is a list) and v1 (`quote` is an object).

A coin is known by its Ethereum contract, else by its slug; another becomes `cmc:<slug>`, which no token
map holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.adapters.feeds.ids import coin_ids
from agent.adapters.feeds.provider import Provider
from agent.adapters.feeds.rows import Amount, FeedBody, FeedRow, Usd, Word, ranking_of
from agent.adapters.wire import BodyError, Timestamp, parse_body
from agent.domain.signal import Ranking

SOURCE = "CoinMarketCap"
ETHEREUM = "ethereum"
USD = "USD"


class _Status(FeedBody):
    timestamp: Timestamp
    error_code: int | str = 0
    error_message: str | None = None


class _Answered(FeedBody):
    status: _Status


class _Platform(FeedBody):
    slug: str
    token_address: str | None = None


class _Quote(FeedBody):
    symbol: str = USD
    price: Usd = None
    market_cap: Usd = None


class _Row(FeedBody):
    slug: Word
    symbol: Word
    name: Word
    cmc_rank: int | None = None
    circulating_supply: Amount = None
    date_added: Timestamp | None = None
    platform: _Platform | None = None
    quote: list[_Quote] | dict[str, _Quote]

    @property
    def usd(self) -> _Quote:
        """The quote in dollars; an empty one where there is none."""
        if isinstance(self.quote, dict):
            return self.quote.get(USD, _Quote())
        return next((q for q in self.quote if q.symbol == USD), _Quote())


class _Listings(FeedBody):
    status: _Status
    data: list[_Row]


def read_ranking(raw: bytes, coin_by_contract: Mapping[str, str]) -> Ranking:
    """Return the ranking in an answer, dated as the answer is.

    Raises:
        BodyError: among others where the answer carries an error code, whatever its HTTP status.
    """
    status = parse_body(_Answered, raw).status
    if str(status.error_code) != "0":
        raise BodyError(
            field="status.error_code",
            value=f"{status.error_code} {status.error_message}",
            mend="see the provider's list of error codes, and the key in feeds.coinmarketcap_key",
        )
    rows = parse_body(_Listings, raw).data
    return ranking_of(
        _feed_rows(rows, coin_by_contract), raw=raw, source=SOURCE, issued_at=status.timestamp
    )


def _feed_rows(rows: Iterable[_Row], coin_by_contract: Mapping[str, str]) -> Iterable[FeedRow]:
    known = coin_ids("coinmarketcap")
    for row in rows:
        platform = row.platform
        contract = platform.token_address if platform and platform.slug == ETHEREUM else None
        coin = coin_by_contract.get((contract or "").lower()) or known.get(row.slug)
        yield FeedRow(
            rank=row.cmc_rank,
            coin_id=coin or f"cmc:{row.slug}",
            symbol=row.symbol,
            name=row.name,
            market_cap_usd=row.usd.market_cap,
            price_usd=row.usd.price,
            circulating_supply=row.circulating_supply,
            contract=contract,
            listed_at=row.date_added,
        )


COINMARKETCAP = Provider(
    name="coinmarketcap",
    base_url="https://pro-api.coinmarketcap.com",
    key_header="X-CMC_PRO_API_KEY",
    ranking_path="/v3/cryptocurrency/listings/latest?start=1&limit=300&convert=USD",
    read_ranking=read_ranking,
)
