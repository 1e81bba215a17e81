"""What a ranking is held against before it is acted on: rules, what was seen before, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from agent.domain.signal import RankedCoin
from agent.domain.units import Ppm


class Verdict(StrEnum):
    """What becomes of a coin: no trade of it this time, or no place in the index."""

    HOLD = "hold"
    SKIP = "skip"


class Rule(StrEnum):
    """Which rule of the quarantine."""

    RANK_JUMP = "rank_jump"
    MISSING = "missing"
    CAP_MISMATCH = "cap_mismatch"
    SUPPLY_JUMP = "supply_jump"
    TICKER = "ticker"
    CONTRACT = "contract"
    DUPLICATE = "duplicate"
    STABLECOIN = "stablecoin"
    YOUNG = "young"
    SELL_ONLY = "sell_only"
    DEPTH = "depth"
    TURNOVER = "turnover"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRules:
    """The bounds of the quarantine; 0 switches a rule off. A coin in `exempt` passes each rule.

    The list is the first `list_ranks` rows. `max_rank_jump` in places between two rankings,
    `max_cap_mismatch_ppm` of market cap against price times supply, `max_supply_jump_ppm` of the supply
    that cap and price imply, between two rankings. `min_age_days` since a coin was listed or first seen,
    `readings_back` rankings until a coin that left may be bought again, `max_turnover_ppm` of the list
    by coins and by weight at once, `min_depth_usd` what the pools of a coin must hold.
    """

    list_ranks: int
    max_rank_jump: int
    max_cap_mismatch_ppm: Ppm
    max_supply_jump_ppm: Ppm
    min_age_days: int
    readings_back: int
    max_turnover_ppm: Ppm
    min_depth_usd: Decimal
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCoin:
    """What was seen of a coin. `supply` is market cap over price, None without a price.

    `has_left` from when the coin is off the list until it was back in `back` readings in a row.
    """

    symbol: str
    rank: int
    market_cap_usd: Decimal
    supply: Decimal | None
    first_seen_at: datetime
    is_listed: bool
    has_left: bool
    back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingMemory:
    """The rankings that were acted on, as far as the next one is held against them."""

    began_at: datetime | None = None
    issued_at: datetime | None = None
    ranking_sha256: str = ""
    rows: int = 0
    coins: Mapping[str, SeenCoin] = field(default_factory=lambda: MappingProxyType({}))


NOTHING_SEEN = RankingMemory()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict on one coin, by which rule, and why with numbers.

    `as_before` is the row to go by for a coin that is held, of the ranking before.
    """

    coin_id: str
    symbol: str
    rank: int
    verdict: Verdict
    rule: Rule
    reason: str
    as_before: RankedCoin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetting:
    """What the quarantine says of one ranking; the depth rule is the planner's, at the plan's block."""

    findings: tuple[Finding, ...] = ()
    min_depth_usd: Decimal = Decimal(0)
    exempt: tuple[str, ...] = ()

    def reasons(self, verdict: Verdict) -> Mapping[str, str]:
        """Return the coins under a verdict, each with its first reason."""
        found = [f for f in self.findings if f.verdict is verdict]
        return {f.coin_id: f"{f.rule}: {f.reason}" for f in reversed(found)}


NO_FINDINGS = Vetting()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingVetted:
    """That a ranking was vetted and is remembered; the canonical form of `RankingMemory` is content."""

    ranking_sha256: str
    memory_sha256: str
    vetting: Vetting


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingCleared:
    """Who lets a ranking pass that the quarantine stops."""

    ranking_sha256: str
    by: str
    reason: str
