"""A provider's API as a source of signals: where it is asked, with which key, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from agent.adapters.http import ByteSource
from agent.adapters.wire import BodyError
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import SignalLimits, check_time
from agent.errors import SignalError, SignalRefusedError

T = TypeVar("T")

RankingOf = Callable[[bytes, Mapping[str, str]], Ranking]
"""Reads an answer; the mapping is from a contract's lower case address to its coin id.

Raises BodyError.
"""
RegimeOf = Callable[[bytes], RegimeSignal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How one provider is asked. `{argument}` in a path is what follows its name in the settings.

    `base_url` is where it is by default, `key_header` what carries the key.
    """

    name: str
    base_url: str
    key_header: str
    ranking_path: str
    read_ranking: RankingOf
    regime_path: str = ""
    read_regime: RegimeOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRanking:
    """A `RankingSource` over a provider's answers."""

    provider: Provider
    source: ByteSource
    limits: SignalLimits
    coin_by_contract: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.source.name

    def fetch_ranking(self, *, now: datetime) -> tuple[Ranking, bytes]:
        raw = self.source.read()
        try:
            ranking = _read(
                lambda: self.provider.read_ranking(raw, self.coin_by_contract), self.name
            )
            check_time(ranking.issued_at, source=self.name, now=now, limits=self.limits)
        except SignalError as error:
            error.raw = raw
            raise
        return ranking, raw


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRegime:
    """A `SignalSource` over a provider's answers."""

    provider: Provider
    source: ByteSource
    limits: SignalLimits

    @property
    def name(self) -> str:
        return self.source.name

    def fetch_regime(self, *, now: datetime) -> tuple[RegimeSignal, bytes]:
        raw = self.source.read()
        read = self.provider.read_regime
        assert read is not None, "the settings name a provider of regimes"  # noqa: S101
        try:
            signal = _read(lambda: read(raw), self.name)
            check_time(signal.issued_at, source=self.name, now=now, limits=self.limits)
        except SignalError as error:
            error.raw = raw
            raise
        return signal, raw


def _read(act: Callable[[], T], source: str) -> T:
    try:
        return act()
    except BodyError as error:
        raise SignalRefusedError(
            source=source, field=error.field, value=error.value, mend=error.mend
        ) from error
