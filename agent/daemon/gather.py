"""Fetching what a plan is made from, in three round trips to the chain: head, position, liquidity.

In two once a process has done it before: what was read last time is read along with the position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.daemon.bargaining import Bargaining, Plans
from agent.domain.memory import NOTHING_REMEMBERED, Memory
from agent.domain.plan import ChainBook, PlanInputs
from agent.domain.policy import Policy
from agent.domain.regime import (
    BEGINNING,
    RegimeRules,
    RegimeState,
    Stance,
    after,
    reading_of,
    stance_of,
)
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import check_agreement
from agent.domain.token import TokenMap
from agent.domain.vetting import NO_FINDINGS, QuarantineRules, Vetting
from agent.errors import StanceUndecidedError
from agent.planning.planner import normalised, quote_requests, watched_feeds, watched_tokens
from agent.ports import Chain, Clock, RankingSource, SignalSource, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where everything comes from that decides; nothing here can move money."""

    clock: Clock
    rankings: RankingSource
    regimes: SignalSource
    chain: Chain
    venue: Venue
    token_map: TokenMap
    chain_book: ChainBook
    policy: Policy
    max_gap_s: int
    regime_rules: RegimeRules
    quarantine: QuarantineRules
    bargaining: Bargaining | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a cycle acts on."""

    ranking: Ranking
    regime: RegimeSignal
    stance: Stance
    vetting: Vetting


def fetch_signals(sources: Sources, *, state: RegimeState = BEGINNING) -> Signals:
    """Return both signals, fit to be acted on together, and the stance that they lead to from `state`.

    The ranking is not vetted yet.

    Raises:
        SignalError: one is refused, or they disagree. SourceUnavailableError: one is out of reach.
        StanceUndecidedError: the regime is not clear, and nothing before it was.
    """
    now = sources.clock.now()
    ranking, _ = sources.rankings.fetch_ranking(now=now)
    regime, _ = sources.regimes.fetch_regime(now=now)
    check_agreement(ranking, regime, max_gap_s=sources.max_gap_s)
    following = after(state, reading_of(regime, at=now, rules=sources.regime_rules))
    if following.stance is not state.stance:
        # Dated as the reading that decided it: a look at what would be done does not depend on its time.
        following = replace(following, since=regime.issued_at)
    stance = stance_of(following)
    return Signals(
        ranking=ranking, regime=regime, stance=decided(stance, regime), vetting=NO_FINDINGS
    )


def decided(stance: Stance | None, regime: RegimeSignal) -> Stance:
    """Return the stance, if there is one yet.

    Raises:
        StanceUndecidedError
    """
    if stance is None:
        raise StanceUndecidedError(regime=regime.regime, probability=f"{regime.probability:f}")
    return stance


Remembers = Callable[[int], Memory]
"""Block time in Unix seconds -> what the log says of the time before."""


def nothing_remembered(_: int) -> Memory:
    """Return the memory of a deployment without a log."""
    return NOTHING_REMEMBERED


def fetch_inputs(
    sources: Sources,
    *,
    cycle_id: str,
    signals: Signals,
    remembers: Remembers = nothing_remembered,
    plans: Plans | None = None,
) -> PlanInputs:
    """Return everything that decides a proposal or plan, with all chain facts read at one block.

    Aggregators are asked only about what `plans` is about to trade: their offers live seconds.
    """
    block = sources.chain.fetch_head()
    sources.venue.foresee(block=block)
    position = sources.chain.fetch_position(
        block=block,
        tokens=watched_tokens(sources.token_map, sources.chain_book),
        feeds=watched_feeds(sources.token_map, sources.chain_book),
    )
    inputs = PlanInputs(
        cycle_id=cycle_id,
        ranking=signals.ranking,
        regime=signals.regime,
        stance=signals.stance,
        vetting=signals.vetting,
        token_map=sources.token_map,
        chain_book=sources.chain_book,
        policy=sources.policy,
        position=position,
        pools=(),
        memory=remembers(block.timestamp),
    )
    states = sources.venue.fetch_liquidity(
        requests=quote_requests(inputs), pools=position.pools, block=block
    )
    inputs = normalised(replace(inputs, pools=states))
    if plans is not None and sources.bargaining is not None:
        return sources.bargaining.bargained(inputs, plans)
    return inputs
