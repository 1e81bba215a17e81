"""Taking the signals: each one accepted or refused is recorded, and the stance that follows is kept.

A way out goes on without a signal that cannot be had; a way in, or a rebalance, does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from agent import observe
from agent.daemon.gather import Signals, Sources, decided
from agent.daemon.ranking_book import RankingBook
from agent.daemon.regime_book import RegimeBook
from agent.daemon.standing import last_signal
from agent.domain.bodies import SignalAccepted, SignalName, SignalRefused
from agent.domain.happening import Listener, SignalsAccepted
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeRead, RegimeState, Stance, is_news, reading_of, stance_of
from agent.domain.signal import Ranking, Regime, RegimeSignal, absent_ranking, absent_regime
from agent.domain.signal_rules import check_agreement, check_order
from agent.domain.vetting import NO_FINDINGS, Vetting
from agent.errors import (
    RankingStoppedError,
    SignalError,
    SignalsDisagreeError,
    SourceUnavailableError,
)
from agent.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """From sources to signals on record."""

    sources: Sources
    ledger: Ledger
    book: RegimeBook
    tell: Listener

    def signals(self, cycle_id: str) -> Signals:
        """Return the signals to act on.

        Raises:
            SignalError, SourceUnavailableError: one cannot be had, and the stance is not a way out.
            StanceUndecidedError: no reading was clear yet.
        """
        regime, raw_regime, stance = self._regime(cycle_id)
        is_out = stance.regime is Regime.BEARISH
        vetting = NO_FINDINGS
        try:
            ranking, raw_ranking = self._ranking(cycle_id)
            self._check_agreement(cycle_id, (ranking, raw_ranking), (regime, raw_regime))
            if not is_out:
                vetting = self._vet(cycle_id, ranking, raw_ranking)
        except (SignalError, SourceUnavailableError) as error:
            if not is_out:
                raise
            observe.signal_done_without(signal=SignalName.RANKING, reason=str(error))
            ranking, raw_ranking = absent_ranking(regime.issued_at), b""
        if raw_regime:
            self._record_acceptance(cycle_id, SignalName.REGIME, regime, raw_regime)
        if raw_ranking:
            self._record_acceptance(cycle_id, SignalName.RANKING, ranking, raw_ranking)
        if not is_out:
            self._rankings.remember(ranking, vetting, cycle_id=cycle_id)
        self.tell(SignalsAccepted(ranking=ranking, regime=regime, stance=stance))
        return Signals(ranking=ranking, regime=regime, stance=stance, vetting=vetting)

    def read_regime(self) -> RegimeState:
        """Read the regime between cycles, and return where its machine stands then.

        What was read before is not recorded again. Raises as the source does.
        """
        before = self.book.state()
        regime, raw = self._fetch_regime(BETWEEN_CYCLES, is_new=self._is_unrefused)
        if is_news(before, self._reading(regime)):
            self._record_acceptance(BETWEEN_CYCLES, SignalName.REGIME, regime, raw)
        return self._state_after(regime)

    def _regime(self, cycle_id: str) -> tuple[RegimeSignal, bytes, Stance]:
        try:
            regime, raw = self._fetch_regime(cycle_id)
        except (SignalError, SourceUnavailableError) as error:
            stance = stance_of(self.book.state())
            if stance is None or stance.regime is not Regime.BEARISH:
                raise
            observe.signal_done_without(signal=SignalName.REGIME, reason=str(error))
            return absent_regime(self.sources.clock.now()), b"", stance
        return regime, raw, decided(stance_of(self._state_after(regime)), regime)

    def _reading(self, regime: RegimeSignal) -> RegimeRead:
        return reading_of(regime, at=self.sources.clock.now(), rules=self.sources.regime_rules)

    def _state_after(self, regime: RegimeSignal) -> RegimeState:
        before = self.book.state()
        reading = self._reading(regime)
        if not is_news(before, reading):
            return before
        self.ledger.append(reading, cycle_id=BETWEEN_CYCLES, key=reading.sha256)
        state = self.book.state()
        if state.stance is not before.stance:
            observe.stance_switched(state)
        return state

    def _ranking(self, cycle_id: str) -> tuple[Ranking, bytes]:
        try:
            ranking, raw = self.sources.rankings.fetch_ranking(now=self.sources.clock.now())
            self._check_order(SignalName.RANKING, ranking, raw)
        except SignalError as error:
            self._record_refusal(cycle_id, SignalName.RANKING, reason=str(error), raw=error.raw)
            raise
        return ranking, raw

    def _fetch_regime(
        self, cycle_id: str, *, is_new: Callable[[bytes], bool] = lambda _: True
    ) -> tuple[RegimeSignal, bytes]:
        try:
            regime, raw = self.sources.regimes.fetch_regime(now=self.sources.clock.now())
            self._check_order(SignalName.REGIME, regime, raw)
        except SignalError as error:
            if is_new(error.raw):
                self._record_refusal(cycle_id, SignalName.REGIME, reason=str(error), raw=error.raw)
            raise
        return regime, raw

    def _check_order(self, name: SignalName, signal: Ranking | RegimeSignal, raw: bytes) -> None:
        try:
            check_order(signal, last_signal(self.ledger, name), source=self._source_of(name))
        except SignalError as error:
            error.raw = raw
            raise

    def _is_unrefused(self, raw: bytes) -> bool:
        """Return whether these bytes were not refused between cycles before: they are read often."""
        name = sha256(raw).hexdigest() if raw else None
        refused = self.ledger.records(cycle_id=BETWEEN_CYCLES, kinds=(RecordKind.SIGNAL_REFUSED,))
        return all(record.body["sha256"] != name for record in refused)

    @property
    def _rankings(self) -> RankingBook:
        return RankingBook(
            ledger=self.ledger,
            token_map=self.sources.token_map,
            rules=self.sources.quarantine,
        )

    def _vet(self, cycle_id: str, ranking: Ranking, raw: bytes) -> Vetting:
        try:
            vetting = self._rankings.vet(ranking)
        except RankingStoppedError as error:
            self._record_refusal(cycle_id, SignalName.RANKING, reason=str(error), raw=raw)
            raise
        observe.ranking_vetted(vetting)
        return vetting

    def _check_agreement(
        self, cycle_id: str, ranked: tuple[Ranking, bytes], read: tuple[RegimeSignal, bytes]
    ) -> None:
        if not read[1]:
            return
        try:
            check_agreement(ranked[0], read[0], max_gap_s=self.sources.max_gap_s)
        except SignalsDisagreeError as error:
            for name, raw in ((SignalName.RANKING, ranked[1]), (SignalName.REGIME, read[1])):
                self._record_refusal(cycle_id, name, reason=str(error), raw=raw)
            raise

    def _record_acceptance(
        self, cycle_id: str, name: SignalName, signal: Ranking | RegimeSignal, raw: bytes
    ) -> None:
        accepted = SignalAccepted(
            signal=name,
            source=self._source_of(name),
            issued_at=signal.issued_at,
            sha256=signal.sha256,
            sequence=signal.sequence,
            signed_by=signal.signed_by,
        )
        self.ledger.append(accepted, cycle_id=cycle_id, contents=(raw,))
        observe.signal_accepted(accepted)

    def _record_refusal(self, cycle_id: str, name: SignalName, *, reason: str, raw: bytes) -> None:
        refused = SignalRefused(
            signal=name,
            source=self._source_of(name),
            sha256=sha256(raw).hexdigest() if raw else None,
            reason=reason,
        )
        self.ledger.append(refused, cycle_id=cycle_id, contents=(raw,) if raw else ())
        observe.signal_refused(refused)

    def _source_of(self, name: SignalName) -> str:
        sources = self.sources
        return sources.rankings.name if name is SignalName.RANKING else sources.regimes.name
