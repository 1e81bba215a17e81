"""The two signals that the agent acts on: the market regime and the ranking by market cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Regime(StrEnum):
    """Where the market is said to stand."""

    BULLISH = "bullish"
    BEARISH = "bearish"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeSignal:
    """A regime with its probability (0 to 1), and the SHA-256 of the bytes that carried it."""

    regime: Regime
    probability: Decimal
    issued_at: datetime
    source: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCoin:
    """One row of a ranking; `price_usd` is per whole coin."""

    rank: int
    coin_id: str
    symbol: str
    name: str
    market_cap_usd: Decimal
    price_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Coins by market cap, best first, and the SHA-256 of the bytes that carried them."""

    issued_at: datetime
    source: str
    coins: tuple[RankedCoin, ...]
    sha256: str
