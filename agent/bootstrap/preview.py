"""What a cycle would do now, with nothing recorded and nothing signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import SecretStr

from agent.adapters.clock import SystemClock
from agent.adapters.fork import ForkClock
from agent.adapters.rpc import Rpc
from agent.adapters.simulator_fork import ForkSimulator
from agent.bootstrap.ledgers import Access, open_ledger
from agent.bootstrap.quarantine import vetting_on_record
from agent.bootstrap.regime import stance_on_record
from agent.bootstrap.wiring import Endpoints, schedule, sources
from agent.daemon.gather import Remembers, Signals, Sources, fetch_inputs, fetch_signals
from agent.daemon.remembering import memory
from agent.domain.canonical import content_id
from agent.domain.happening import Planned, Proposed
from agent.domain.memory import NOTHING_REMEMBERED, Memory
from agent.domain.plan import Breach
from agent.domain.regime import Stance
from agent.domain.signal import Regime, absent_ranking, absent_regime
from agent.domain.vetting import NO_FINDINGS
from agent.planning.limits import breaches
from agent.planning.planner import plan
from agent.planning.proposing import propose
from agent.ports import Clock
from agent.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A proposal and the plan it would become at the same block, and the limits that would stop it."""

    proposed: Proposed
    planned: Planned
    breaches: tuple[Breach, ...]


def preview(settings: Settings, *, fork_url: str | None = None) -> Preview:
    """Return what the cycle of the latest slot would do now; on a fork, at the fork's time.

    Raises:
        SignalError, InfeasibleTargetError, RpcUnavailableError, SourceUnavailableError
    """
    url = settings.chain.rpc_url if fork_url is None else SecretStr(fork_url)
    with Rpc(url) as rpc:
        return _preview(settings, rpc, _clock(rpc, is_fork=fork_url is not None), _signals)


def exit_preview(settings: Settings) -> Preview:
    """Return what an exit to stablecoins would do now, and cost; no signal is asked for.

    Raises:
        InfeasibleTargetError, RpcUnavailableError
    """
    with Rpc(settings.chain.rpc_url) as rpc:
        return _preview(settings, rpc, SystemClock(), _exit_signals)


def _signals(settings: Settings, given: Sources) -> Signals:
    signals = fetch_signals(given, state=stance_on_record(settings))
    if signals.stance.regime is Regime.BEARISH:
        return signals
    return replace(signals, vetting=vetting_on_record(settings, given, signals.ranking))


def _exit_signals(_: Settings, given: Sources) -> Signals:
    now = given.clock.now()
    return Signals(
        ranking=absent_ranking(now),
        regime=absent_regime(now),
        stance=Stance(regime=Regime.BEARISH, since=now, why="to see what an exit would cost"),
        vetting=NO_FINDINGS,
    )


def _clock(rpc: Rpc, *, is_fork: bool) -> Clock:
    if not is_fork:
        return SystemClock()
    ForkSimulator(rpc).ping()
    return ForkClock(rpc)


def _memory_on_record(settings: Settings) -> Remembers:
    def remembers(now: int) -> Memory:
        if not settings.ledger.is_begun:
            return NOTHING_REMEMBERED
        with open_ledger(settings, access=Access.READ) as ledger:
            return memory(ledger, now=now)

    return remembers


def _preview(
    settings: Settings, rpc: Rpc, clock: Clock, signals_of: Callable[[Settings, Sources], Signals]
) -> Preview:
    given = sources(settings, nodes=Endpoints(public=(rpc,)), clock=clock)
    given.chain.ping()
    slot = schedule(settings, notice=timedelta(0)).latest(clock.now())
    inputs = fetch_inputs(
        given,
        cycle_id=slot.cycle_id,
        signals=signals_of(settings, given),
        remembers=_memory_on_record(settings),
        plans=partial(plan, proposal_id=""),
    )
    # The block's time rather than ours: one block, one proposal.
    at = datetime.fromtimestamp(inputs.position.block.timestamp, UTC)
    proposal = propose(inputs, executes_at=at)
    proposal_id = content_id(proposal)
    made = plan(inputs, proposal_id=proposal_id)
    return Preview(
        proposed=Proposed(proposal_id=proposal_id, proposal=proposal, inputs=inputs),
        planned=Planned(plan_id=content_id(made), plan=made, inputs=inputs),
        breaches=breaches(made, inputs),
    )
