"""Rankings by market cap: the published format, and a source that reads it from a file or address."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from agent.adapters.envelope import opened
from agent.adapters.http import ByteSource
from agent.adapters.wire import (
    Body,
    BodyError,
    Contract,
    PositiveAmount,
    PositiveUsd,
    Sequence,
    Text,
    Timestamp,
    parse_body,
)
from agent.domain.signal import RankedCoin, Ranking
from agent.domain.signal_rules import SignalLimits, check_expiry, check_time
from agent.errors import SignalError, SignalRefusedError

MIN_ROWS = 100
MAX_ROWS = 500


class RankingRow(Body):
    """One coin. `rank` counts from 1 without gaps, best first."""

    rank: Annotated[int, Field(ge=1, json_schema_extra={"maximum": MAX_ROWS})]
    coin_id: Annotated[
        Text, Field(description="CoinGecko's id, or another unique one that the token map knows")
    ]
    symbol: Annotated[Text, Field(description="for people; never used to find a token")]
    name: Annotated[Text, Field(description="for people")]
    market_cap_usd: PositiveUsd
    price_usd: PositiveUsd | None = None
    circulating_supply: Annotated[
        PositiveAmount | None, Field(description="whole coins in circulation")
    ] = None
    contract: Annotated[
        Contract | None, Field(description="its token on the chain that is traded on")
    ] = None
    listed_at: Annotated[Timestamp | None, Field(description="when the source first listed it")] = (
        None
    )


class RankingBody(Body):
    """Coins by market cap, at least the first 100."""

    schema_: Annotated[Literal["agent.ranking/1"], Field(alias="schema")]
    issued_at: Timestamp
    source: Annotated[Text, Field(description="who made the ranking")]
    sequence: Sequence | None = None
    expires_at: Timestamp | None = None
    rows: Annotated[
        tuple[RankingRow, ...], Field(min_length=MIN_ROWS, max_length=MAX_ROWS, strict=False)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingReader:
    """A `RankingSource` over bytes from anywhere."""

    source: ByteSource
    limits: SignalLimits
    keys: Collection[str] = ()

    @property
    def name(self) -> str:
        return self.source.name

    def fetch_ranking(self, *, now: datetime) -> tuple[Ranking, bytes]:
        raw = self.source.read()
        try:
            ranking = parse_ranking(raw, source=self.name, keys=self.keys)
            check_expiry(ranking.expires_at, source=self.name, now=now)
            check_time(ranking.issued_at, source=self.name, now=now, limits=self.limits)
        except SignalError as error:
            error.raw = raw
            raise
        return ranking, raw


def parse_ranking(raw: bytes, *, source: str, keys: Collection[str] = ()) -> Ranking:
    """Return the ranking in `raw`, its coins in the order of their ranks.

    Raises:
        SignalRefusedError: names the first field that is wrong, its value and the mend.
    """
    try:
        envelope = opened(raw, keys=keys)
        body = parse_body(RankingBody, envelope.body)
        _check_unique_ids(body.rows)
        _check_ranks(body.rows)
    except BodyError as error:
        raise SignalRefusedError(
            source=source, field=error.field, value=error.value, mend=error.mend
        ) from error
    return Ranking(
        issued_at=body.issued_at,
        source=body.source,
        coins=tuple(_coin(row) for row in sorted(body.rows, key=lambda row: row.rank)),
        sha256=hashlib.sha256(raw).hexdigest(),
        sequence=body.sequence,
        expires_at=body.expires_at,
        signed_by=envelope.signed_by,
    )


def ranking_schema() -> bytes:
    """Return the published JSON Schema of a ranking."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RankingBody.model_json_schema(),
        "title": "Ranking",
    }
    return json.dumps(schema, indent=2).encode() + b"\n"


def _coin(row: RankingRow) -> RankedCoin:
    return RankedCoin(
        rank=row.rank,
        coin_id=row.coin_id,
        symbol=row.symbol,
        name=row.name,
        market_cap_usd=row.market_cap_usd,
        price_usd=row.price_usd,
        circulating_supply=row.circulating_supply,
        contract=row.contract,
        listed_at=row.listed_at,
    )


def _check_unique_ids(rows: tuple[RankingRow, ...]) -> None:
    count_by_id = Counter(row.coin_id for row in rows)
    for index, row in enumerate(rows):
        if count_by_id[row.coin_id] > 1:
            raise BodyError(
                field=f"rows[{index}].coin_id", value=row.coin_id, mend="give each coin one row"
            )


def _check_ranks(rows: tuple[RankingRow, ...]) -> None:
    count_by_rank = Counter(row.rank for row in rows)
    for index, row in enumerate(rows):
        if count_by_rank[row.rank] > 1:
            raise BodyError(
                field=f"rows[{index}].rank", value=row.rank, mend="give each rank to one coin"
            )
        if row.rank > len(rows):
            raise BodyError(
                field=f"rows[{index}].rank",
                value=row.rank,
                mend=f"number the {len(rows)} rows from 1 without gaps",
            )
