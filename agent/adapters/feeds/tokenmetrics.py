"""Token Metrics: the market's bullish or bearish indicator, and the holdings of one of its indices.

v2 names fields in upper case, v3 in lower: both are read. The indicator has no probability of its own;
it counts in full. `/indices-holdings` is the one endpoint with CoinGecko's ids (`CG_ID`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from agent.adapters.feeds.provider import Provider
from agent.adapters.feeds.rows import FeedBody, FeedRow, Usd, Word, ranking_of
from agent.adapters.wire import BodyError, exact_json, parse_tree
from agent.domain.signal import Ranking, Regime, RegimeSignal

SOURCE = "Token Metrics"
A = TypeVar("A", bound=FeedBody)

REGIME_BY_SIGNAL = {1: Regime.BULLISH, 0: Regime.NEUTRAL, -1: Regime.BEARISH}


def _day(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("give a date, such as 2026-11-20") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


Day = Annotated[datetime, BeforeValidator(_day)]


class _Metrics(FeedBody):
    date: Day
    tm_grade_signal: Annotated[int, Field(ge=-1, le=1)]


class _Holding(FeedBody):
    cg_id: Word | None = None
    token_id: int
    token_name: Word
    token_symbol: Word
    market_cap: Usd = None
    price: Usd = None
    date: Day


class _MetricsAnswer(FeedBody):
    success: bool
    data: list[_Metrics]


class _HoldingsAnswer(FeedBody):
    success: bool
    data: list[_Holding]


def read_regime(raw: bytes) -> RegimeSignal:
    """Return the newest state of the market's indicator.

    Raises:
        BodyError
    """
    rows = _answer(raw, _MetricsAnswer).data
    newest = max(rows, key=lambda row: row.date, default=None)
    if newest is None:
        raise BodyError(field="data", value="0 entries", mend="ask for a longer time")
    return RegimeSignal(
        regime=REGIME_BY_SIGNAL[newest.tm_grade_signal],
        probability=Decimal(1),
        issued_at=newest.date,
        source=SOURCE,
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def read_ranking(raw: bytes, _: Mapping[str, str]) -> Ranking:
    """Return the index's holdings as a ranking by market cap.

    Raises:
        BodyError
    """
    rows = _answer(raw, _HoldingsAnswer).data
    newest = max((row.date for row in rows), default=None)
    if newest is None:
        raise BodyError(field="data", value="0 entries", mend="name an index that holds coins")
    current = [row for row in rows if row.date == newest]
    ordered = sorted(current, key=lambda r: (-(r.market_cap or 0), r.token_id))
    feed = (
        FeedRow(
            rank=rank,
            coin_id=row.cg_id or f"tokenmetrics:{row.token_id}",
            symbol=row.token_symbol,
            name=row.token_name,
            market_cap_usd=row.market_cap,
            price_usd=row.price,
        )
        for rank, row in enumerate(ordered, start=1)
    )
    return ranking_of(feed, raw=raw, source=SOURCE, issued_at=newest)


def _answer(raw: bytes, kind: type[A]) -> A:
    tree = _lowered(exact_json(raw))
    if isinstance(tree, dict) and tree.get("success") is False:
        raise BodyError(
            field="success",
            value=str(tree.get("message")),
            mend="see the key in feeds.tokenmetrics_key and what its plan allows",
        )
    return parse_tree(kind, tree)


def _lowered(tree: object) -> object:
    """Return a JSON tree with its keys in lower case; of two that only differ in case the last counts."""
    if isinstance(tree, dict):
        return {str(key).lower(): _lowered(value) for key, value in tree.items()}
    return [_lowered(item) for item in tree] if isinstance(tree, list) else tree


TOKENMETRICS = Provider(
    name="tokenmetrics",
    base_url="https://api.tokenmetrics.com/v2",
    key_header="x-api-key",
    ranking_path="/indices-holdings?id={argument}&limit=500",
    read_ranking=read_ranking,
    regime_path="/market-metrics?limit=10",
    read_regime=read_regime,
)
