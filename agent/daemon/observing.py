"""The circuit breakers at work: looks at what is held on record, and the command to leave when one trips."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import observe
from agent.daemon.gather import Signals, Sources, fetch_inputs
from agent.daemon.regime_book import RegimeBook
from agent.daemon.standing import body_of
from agent.domain.breakers import BreakerRules, Observed, tripped
from agent.domain.plan import PlanInputs
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeCommanded, RegimeState, Stance
from agent.domain.signal import Regime, absent_ranking, absent_regime
from agent.domain.vetting import NO_FINDINGS
from agent.errors import FeedUnusableError, InfeasibleTargetError
from agent.planning.observing import observed
from agent.ports import Ledger

BREAKER = "circuit breaker"


@dataclass(kw_only=True)
class Breakers:
    """Looks every `every` while the portfolio is in, and leads it out when a breaker trips."""

    sources: Sources
    ledger: Ledger
    book: RegimeBook
    rules: BreakerRules
    every: timedelta
    _looked_at: datetime | None = field(default=None, init=False)

    def look(self, now: datetime) -> None:
        """Look if it is time to, record it, and command the way out if a breaker trips.

        Raises:
            RpcUnavailableError, NodesDisagreeError: the chain could not be read; that is no oracle's doing.
        """
        is_early = self._looked_at is not None and now - self._looked_at < self.every
        if not self.rules.is_any or is_early:
            return
        state = self.book.state()
        if state.stance is not Regime.BULLISH:
            return
        self._looked_at = now
        seen = self._seen_since(state)
        if seen and now - seen[-1].at < self.every:
            return
        look = self._observed(now, state)
        self.ledger.append(look, cycle_id=BETWEEN_CYCLES)
        reason = tripped((*seen, look), self.rules)
        if reason is not None:
            self._leave(reason, now)

    def _observed(self, now: datetime, state: RegimeState) -> Observed:
        try:
            return observed(self._inputs(now, state), at=now)
        except (FeedUnusableError, InfeasibleTargetError) as error:
            return Observed(
                at=now, worth_usd_by_token={}, usd_by_token={}, failure=str(error), off_peg=()
            )

    def _leave(self, reason: str, now: datetime) -> None:
        command = RegimeCommanded(
            stance=Regime.BEARISH, by=BREAKER, reason=reason, at=now, max_reentries=0
        )
        self.ledger.append(command, cycle_id=BETWEEN_CYCLES)
        observe.breaker_tripped(reason=reason)

    def _seen_since(self, state: RegimeState) -> tuple[Observed, ...]:
        bodies = map(body_of, self.ledger.records(kinds=(RecordKind.OBSERVED,)))
        since = state.since
        return tuple(
            b for b in bodies if isinstance(b, Observed) and (since is None or b.at >= since)
        )

    def _inputs(self, now: datetime, state: RegimeState) -> PlanInputs:
        # As for a way out: the pools of everything that is held are read, and no ranking is needed.
        out = Stance(regime=Regime.BEARISH, since=state.since or now, why="a look")
        signals = Signals(
            ranking=absent_ranking(now),
            regime=absent_regime(now),
            stance=out,
            vetting=NO_FINDINGS,
        )
        return fetch_inputs(self.sources, cycle_id=BETWEEN_CYCLES, signals=signals)
