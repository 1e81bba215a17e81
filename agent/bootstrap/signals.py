"""The signals as the settings name them, their published schemas, and the conversion of tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote

import httpx

from agent.adapters.combined import CombinedRankings, CombinedRegimes
from agent.adapters.feeds import (
    COINGECKO,
    PROVIDERS,
    TOKENMETRICS,
    Provider,
    ProviderRanking,
    ProviderRegime,
)
from agent.adapters.http import ByteSource, FileBytes, UrlBytes, byte_source, new_client
from agent.adapters.ranking_tables import ConversionReport, convert
from agent.adapters.rankings import RankingReader, ranking_schema
from agent.adapters.signals import RegimeReader, regime_schema
from agent.adapters.token_map import bundled_token_map, load_token_map
from agent.adapters.webhook import Inbox
from agent.domain.bodies import SignalName
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import SignalLimits, check_agreement
from agent.domain.token import Form
from agent.errors import SettingsError
from agent.ports import RankingSource, SignalSource
from agent.settings import Settings

WEBHOOK = "webhook://"
PAID_COINGECKO, PAID_COINGECKO_HEADER = "pro-api.coingecko.com", "x-cg-pro-api-key"

__all__ = ["ConversionReport", "fetch_signals", "readers", "schema", "write_ranking"]


def readers(settings: Settings) -> tuple[RankingSource, SignalSource]:
    """Return the sources of both signals, several of a kind combined.

    Raises:
        SettingsError: a place is none, or names a provider that has no such signal.
    """
    given, client = settings.signals, new_client()
    rankings = [
        _ranking_source(settings, client, place, setting="signals.ranking")
        for place in (given.ranking, *given.ranking_others)
    ]
    regimes = [
        _regime_source(settings, client, place, setting="signals.regime")
        for place in (given.regime, *given.regime_others)
    ]
    return (
        rankings[0]
        if len(rankings) == 1
        else CombinedRankings(sources=rankings, agree=given.ranking_agree),
        regimes[0]
        if len(regimes) == 1
        else CombinedRegimes(sources=regimes, agree=given.regime_agree),
    )


def _ranking_source(
    settings: Settings, client: httpx.Client, place: str, *, setting: str
) -> RankingSource:
    provider, argument = _provider(place)
    if provider is None:
        return RankingReader(
            source=_bytes(settings, client, place, SignalName.RANKING, setting=setting),
            limits=_limits(settings),
            keys=settings.signals.keys,
        )
    return ProviderRanking(
        provider=provider,
        source=_asked(settings, client, provider, provider.ranking_path, argument),
        limits=_limits(settings),
        coin_by_contract=_coin_by_contract(settings),
    )


def _regime_source(
    settings: Settings, client: httpx.Client, place: str, *, setting: str
) -> SignalSource:
    provider, argument = _provider(place)
    if provider is None:
        return RegimeReader(
            source=_bytes(settings, client, place, SignalName.REGIME, setting=setting),
            limits=_limits(settings),
            keys=settings.signals.keys,
        )
    if provider.read_regime is None:
        mend = "name a provider of regimes, tokenmetrics://, or a file or address"
        raise SettingsError(field=setting, value=place, mend=mend)
    return ProviderRegime(
        provider=provider,
        source=_asked(settings, client, provider, provider.regime_path, argument),
        limits=_limits(settings),
    )


def _bytes(
    settings: Settings, client: httpx.Client, place: str, name: SignalName, *, setting: str
) -> ByteSource:
    if place == WEBHOOK:
        return FileBytes(path=Inbox(directory=settings.signals.inbox).path(name))
    return byte_source(place, setting=setting, client=client)


def _provider(place: str) -> tuple[Provider | None, str]:
    name, mark, argument = place.partition("://")
    return (PROVIDERS.get(name) if mark else None), argument


def _limits(settings: Settings) -> SignalLimits:
    given = settings.signals
    return SignalLimits(max_age_s=given.max_age_s, max_skew_s=given.max_skew_s)


def _asked(
    settings: Settings, client: httpx.Client, provider: Provider, path: str, argument: str
) -> UrlBytes:
    """Return where a provider is asked. `argument` goes into the path, a key into a header alone."""
    feeds = settings.feeds
    url, key = feeds.url(provider.name), feeds.key(provider.name)
    base = provider.base_url if url is None else url.get_secret_value()
    header = provider.key_header
    if provider is COINGECKO and PAID_COINGECKO in base:
        header = PAID_COINGECKO_HEADER
    elif provider is TOKENMETRICS:
        header = feeds.tokenmetrics_key_header
    return UrlBytes(
        url=httpx.URL(base.rstrip("/") + path.format(argument=quote(argument, safe=""))),
        client=client,
        headers={} if key is None else {header: key.get_secret_value()},
    )


def _coin_by_contract(settings: Settings) -> Mapping[str, str]:
    chain_id = settings.chain.id
    held = load_token_map(bundled_token_map(chain_id), chain_id=chain_id).held_by_coin
    # A wrapped token is a coin of its own to a provider, not the coin that it stands for.
    return {h.token.address.lower(): c for c, h in held.items() if h.form is Form.NATIVE}


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
