"""The signals as the settings name them, their published schemas, and the conversion of tables."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from agent.adapters.http import byte_source, new_client
from agent.adapters.ranking_tables import ConversionReport, convert
from agent.adapters.rankings import RankingReader, ranking_schema
from agent.adapters.signals import RegimeReader, regime_schema
from agent.domain.bodies import SignalName
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import SignalLimits, check_agreement
from agent.settings import Settings

__all__ = ["ConversionReport", "fetch_signals", "readers", "schema", "write_ranking"]


def readers(settings: Settings) -> tuple[RankingReader, RegimeReader]:
    given = settings.signals
    limits = SignalLimits(max_age_s=given.max_age_s, max_skew_s=given.max_skew_s)
    client = new_client()
    ranking = byte_source(given.ranking, setting="signals.ranking", client=client)
    regime = byte_source(given.regime, setting="signals.regime", client=client)
    return (
        RankingReader(source=ranking, limits=limits),
        RegimeReader(source=regime, limits=limits),
    )


def fetch_signals(settings: Settings, *, now: datetime) -> tuple[Ranking, RegimeSignal]:
    """Return both signals as they are now, if they may be acted on together.

    Raises:
        SignalError, SourceUnavailableError
    """
    rankings, regimes = readers(settings)
    ranking, _ = rankings.fetch_ranking(now=now)
    regime, _ = regimes.fetch_regime(now=now)
    check_agreement(ranking, regime, max_gap_s=settings.signals.max_gap_s)
    return ranking, regime


def schema(name: SignalName) -> bytes:
    return ranking_schema() if name is SignalName.RANKING else regime_schema()


def write_ranking(
    table: Path, *, day: date, out: Path, issued_at: datetime | None
) -> ConversionReport:
    """Write the ranking of a day of a market cap table, and return what became of the table."""
    raw, report = convert(table, day, issued_at=issued_at)
    out.write_bytes(raw)
    return report
