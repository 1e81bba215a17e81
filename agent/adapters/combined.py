"""Several sources of one signal: the first that answers, or one that enough others agree with.

What each source said or why it was passed over travels in the bytes that the signal is named by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from agent.domain.signal import Ranking, Regime, RegimeSignal
from agent.errors import (
    QuorumError,
    SignalError,
    SourceUnavailableError,
)
from agent.ports import RankingSource, SignalSource

S = TypeVar("S", Ranking, RegimeSignal)

LIKE_CAP = Decimal("0.15")
"""Two market caps of a coin agree if they are no further apart than this share of the greater one."""

LIKE_SHARE = Decimal("0.9")
"""Two rankings agree if of the first one's listed market cap so much is agreed on."""

COMPARED_RANKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part(Generic[S]):
    """What one source said: a signal with its bytes, or why there is none."""

    source: str
    signal: S | None
    raw: bytes
    error: SignalError | SourceUnavailableError | None

    def tree(self) -> dict[str, str]:
        said = {"source": self.source, "body": self.raw.decode("utf-8", "replace")}
        if self.raw:
            said["sha256"] = hashlib.sha256(self.raw).hexdigest()
        return said if self.error is None else {**said, "refused": str(self.error)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedRankings:
    """A `RankingSource` of several. With `agree` 1 the first that answers counts, alone."""

    sources: Sequence[RankingSource]
    agree: int

    @property
    def name(self) -> str:
        return _name(self.sources)

    def fetch_ranking(self, *, now: datetime) -> tuple[Ranking, bytes]:
        parts: list[_Part[Ranking]] = []
        for source in self.sources:
            parts.append(_asked(source.name, lambda s=source: s.fetch_ranking(now=now)))  # type: ignore[misc]
            found = _first_agreed(parts, agree=self.agree, is_like=is_like)
            if found is not None:
                return _combined(found, parts)
        raise _nothing(parts, self.agree, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedRegimes:
    """A `SignalSource` of several; of those that agree the least probability counts."""

    sources: Sequence[SignalSource]
    agree: int

    @property
    def name(self) -> str:
        return _name(self.sources)

    def fetch_regime(self, *, now: datetime) -> tuple[RegimeSignal, bytes]:
        parts: list[_Part[RegimeSignal]] = []
        for source in self.sources:
            parts.append(_asked(source.name, lambda s=source: s.fetch_regime(now=now)))  # type: ignore[misc]
            found = _first_agreed(parts, agree=self.agree, is_like=_says_the_same)
            if found is not None:
                regime = found.regime
                found = replace(found, probability=_least_probability(parts, regime, self.agree))
                return _combined(found, parts)
        raise _nothing(parts, self.agree, self.name)


def is_like(one: Ranking, other: Ranking) -> bool:
    """Return whether the other ranking confirms the caps of most of what the first one lists.

    Coins that the other has under no id of ours are not held against it.
    """
    caps = {coin.coin_id: coin.market_cap_usd for coin in other.coins}
    compared = [c for c in one.coins if c.rank <= COMPARED_RANKS and c.coin_id in caps]
    whole = sum(coin.market_cap_usd for coin in compared)
    agreed = sum(
        coin.market_cap_usd
        for coin in compared
        if abs(coin.market_cap_usd - caps[coin.coin_id])
        <= LIKE_CAP * max(coin.market_cap_usd, caps[coin.coin_id])
    )
    return bool(compared) and agreed >= LIKE_SHARE * whole


def _says_the_same(one: RegimeSignal, other: RegimeSignal) -> bool:
    return one.regime is other.regime


def _least_probability(parts: Sequence[_Part[RegimeSignal]], regime: Regime, agree: int) -> Decimal:
    said = [p.signal.probability for p in parts if p.signal and p.signal.regime is regime]
    return min(said[:agree])


def _asked(name: str, fetch: Callable[[], tuple[S, bytes]]) -> _Part[S]:
    try:
        signal, raw = fetch()
    except (SignalError, SourceUnavailableError) as error:
        raw = error.raw if isinstance(error, SignalError) else b""
        return _Part(source=name, signal=None, raw=raw, error=error)
    return _Part(source=name, signal=signal, raw=raw, error=None)


def _first_agreed(
    parts: Sequence[_Part[S]], *, agree: int, is_like: Callable[[S, S], bool]
) -> S | None:
    """Return the first signal that so many sources, its own among them, agree on."""
    said = [part.signal for part in parts if part.signal is not None]
    for one in said:
        if sum(one is other or is_like(one, other) for other in said) >= agree:
            return one
    return None


def _combined(signal: S, parts: Sequence[_Part[S]]) -> tuple[S, bytes]:
    if len(parts) == 1:
        return signal, parts[0].raw
    tree = {"schema": "agent.combined/1", "parts": [part.tree() for part in parts]}
    raw = json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")
    return replace(signal, sha256=hashlib.sha256(raw).hexdigest()), raw


def _nothing(
    parts: Sequence[_Part[S]], agree: int, name: str
) -> SignalError | SourceUnavailableError:
    errors = [part.error for part in parts if part.error is not None]
    if len(errors) < len(parts):
        tree = {"schema": "agent.combined/1", "parts": [part.tree() for part in parts]}
        said = [_words(part) for part in parts]
        error = QuorumError(source=name, agree=agree, said=tuple(said))
        error.raw = json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")
        return error
    # Out of reach may pass, refused will not: what may pass is tried again.
    passing = [error for error in errors if isinstance(error, SourceUnavailableError)]
    return (passing or errors)[0]


def _words(part: _Part[S]) -> str:
    if part.error is not None:
        return f"{part.source}: nothing usable"
    said = part.signal.regime if isinstance(part.signal, RegimeSignal) else "another ranking"
    return f"{part.source}: {said}"


def _name(sources: Sequence[RankingSource] | Sequence[SignalSource]) -> str:
    return ", ".join(source.name for source in sources)
