"""The two signals that the agent acts on: the market regime and the ranking by market cap."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

NO_BYTES_SHA256 = hashlib.sha256(b"").hexdigest()
"""The name of a signal that is absent: a way out goes on without one."""


class Regime(StrEnum):
    """Where the market is said to stand; neutral says that nothing is to change."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeSignal:
    """A regime with its probability (0 to 1), and the SHA-256 of the bytes that carried it.

    `sequence` is the source's own count, `signed_by` the key that vouched for it, "" for none.
    """

    regime: Regime
    probability: Decimal
    issued_at: datetime
    source: str
    sha256: str
    sequence: int | None = None
    expires_at: datetime | None = None
    signed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCoin:
    """One row of a ranking; `price_usd` is per whole coin, `circulating_supply` in whole coins.

    `contract` is the token on the agent's chain as the feed has it, `listed_at` when the feed first did.
    """

    rank: int
    coin_id: str
    symbol: str
    name: str
    market_cap_usd: Decimal
    price_usd: Decimal | None
    circulating_supply: Decimal | None = None
    contract: str | None = None
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Coins by market cap, best first, and the SHA-256 of the bytes that carried them."""

    issued_at: datetime
    source: str
    coins: tuple[RankedCoin, ...]
    sha256: str
    sequence: int | None = None
    expires_at: datetime | None = None
    signed_by: str = ""


def absent_regime(at: datetime) -> RegimeSignal:
    """Return what stands for a regime signal where none can be had; it says nothing."""
    return RegimeSignal(
        regime=Regime.NEUTRAL,
        probability=Decimal(0),
        issued_at=at,
        source="(none)",
        sha256=NO_BYTES_SHA256,
    )


def absent_ranking(at: datetime) -> Ranking:
    """Return what stands for a ranking where none can be had; it has no coins."""
    return Ranking(issued_at=at, source="(none)", coins=(), sha256=NO_BYTES_SHA256)
