"""Rows of providers as rankings: what every provider's rows have in common, and how they are ranked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from agent.adapters.wire import BodyError, positive_amount, positive_usd, text
from agent.domain.signal import RankedCoin, Ranking

MIN_ROWS, MAX_ROWS = 100, 500


class FeedBody(BaseModel):
    """A provider's JSON object: the fields that we read, whatever else it holds."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


def _usd(value: object) -> Decimal | None:
    return None if value is None or value == 0 else positive_usd(value)


def _amount(value: object) -> Decimal | None:
    return None if value is None or value == 0 else positive_amount(value)


def _word(value: object) -> str:
    return text(value.strip()[:200] if isinstance(value, str) else value)


Usd = Annotated[Decimal | None, BeforeValidator(_usd)]
Amount = Annotated[Decimal | None, BeforeValidator(_amount)]
Word = Annotated[str, BeforeValidator(_word)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A provider's row; those without a rank or a market cap are no part of the ranking."""

    rank: int | None
    coin_id: str
    symbol: str
    name: str
    market_cap_usd: Decimal | None
    price_usd: Decimal | None
    circulating_supply: Decimal | None = None
    contract: str | None = None
    listed_at: datetime | None = None


def ranking_of(rows: Iterable[FeedRow], *, raw: bytes, source: str, issued_at: datetime) -> Ranking:
    """Return the rows as a ranking: in the provider's order, numbered anew from 1.

    Raises:
        BodyError: the first rank is missing, a coin comes twice, or there are too few rows.
    """
    usable = [r for r in rows if r.rank is not None and r.market_cap_usd is not None]
    ordered = sorted(usable, key=lambda r: (r.rank, r.coin_id))[:MAX_ROWS]
    if len(ordered) < MIN_ROWS:
        mend = f"a ranking needs {MIN_ROWS} rows with rank and market cap, ask for more"
        raise BodyError(field="rows", value=f"{len(ordered)} entries", mend=mend)
    if ordered[0].rank != 1:
        mend = "the first rows are missing, ask from the beginning"
        raise BodyError(field="rows[0].rank", value=ordered[0].rank, mend=mend)
    return Ranking(
        issued_at=issued_at,
        source=source,
        coins=tuple(_once(ordered)),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _once(rows: Iterable[FeedRow]) -> Iterator[RankedCoin]:
    seen: set[str] = set()
    for rank, row in enumerate(rows, start=1):
        if row.coin_id in seen:
            mend = "the provider gives a coin twice, wait for its next answer"
            raise BodyError(field=f"rows[{rank - 1}].id", value=row.coin_id, mend=mend)
        seen.add(row.coin_id)
        assert row.market_cap_usd is not None, "rows without one were left out"  # noqa: S101
        yield RankedCoin(
            rank=rank,
            coin_id=row.coin_id,
            symbol=row.symbol.upper(),
            name=row.name,
            market_cap_usd=row.market_cap_usd,
            price_usd=row.price_usd,
            circulating_supply=row.circulating_supply,
            contract=row.contract,
            listed_at=row.listed_at,
        )
