"""Adapters behind the ports, and the ports behind a cycle: for a live chain and for a fork."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.chain import QuorumChain, RpcChain
from agent.adapters.failover import FailoverVenue
from agent.adapters.fee_history import RpcFeeHistory
from agent.adapters.ledger import SqlLedger, translated
from agent.adapters.rpc import Rpc
from agent.adapters.token_map import bundled_token_map, load_token_map
from agent.bootstrap.aggregators import bargaining, router_guard
from agent.bootstrap.signals import readers
from agent.bootstrap.venues import venue
from agent.daemon.commanding import rests
from agent.daemon.deciding import Deciding
from agent.daemon.executing import Executing
from agent.daemon.gather import Sources
from agent.daemon.holding import Holding
from agent.daemon.observing import Breakers
from agent.daemon.regime_book import RegimeBook
from agent.daemon.run import Cycle
from agent.daemon.schedule import Schedule
from agent.daemon.timing import Timing
from agent.daemon.watching import Watching
from agent.domain.happening import Listener
from agent.domain.intent import Route
from agent.domain.plan import ChainBook
from agent.domain.policy import OnRevert
from agent.domain.token import TokenMap
from agent.execution.custody import Custody
from agent.execution.fees import FeeLimits
from agent.execution.sender import Pace, Sender
from agent.planning.planner import watched_tokens
from agent.ports import Chain, Clock, Planner, Signer, Simulator, Supervisor
from agent.rehearsal.gate import Gate
from agent.rehearsal.sifting import Sifting
from agent.settings import Settings
from agent.workflow.engine import Engine
from agent.workflow.service import Service

NATIVE_COIN = "ethereum"
STABLE_HUBS = ("usd-coin", "tether")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The nodes: those of `public` quote and simulate, the first one first, `quorum` of them agree on what is so.

    `monotonic`, in seconds, tells how long one that failed has rested.
    """

    public: tuple[Rpc, ...]
    private: tuple[Rpc, ...] = ()
    quorum: int = 1
    monotonic: Callable[[], float] = time.monotonic

    @property
    def first(self) -> Rpc:
        return self.public[0]


@contextmanager
def endpoints(
    settings: Settings,
    *,
    connect: Callable[[SecretStr], Rpc] = Rpc,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Endpoints]:
    """Provide the nodes that the settings name; `connect` makes the client of an address."""
    given = settings.chain
    with ExitStack() as stack:
        yield Endpoints(
            public=tuple(stack.enter_context(connect(url)) for url in given.urls),
            private=tuple(stack.enter_context(connect(url)) for url in given.private_rpc_urls),
            quorum=given.agreeing,
            monotonic=monotonic,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What differs between a live cycle and a dry run."""

    clock: Clock
    endpoints: Endpoints
    signer: Signer
    simulator: Simulator
    ledger: SqlLedger
    database: Path | SecretStr
    supervisor: Supervisor
    planner: Planner
    notice: timedelta
    patience: timedelta
    pace: Pace
    fee_wait: timedelta = timedelta(0)
    may_begin_anew: bool = False
    keeps_window: bool = True


def chain_book(token_map: TokenMap) -> ChainBook:
    """Return what coins trade against on the map's chain: wrapped native coin, then stablecoins."""
    stable = [token_map.stablecoin_by_coin[coin].token for coin in STABLE_HUBS]
    return ChainBook(
        chain_id=token_map.chain_id,
        hubs=(token_map.held_by_coin[NATIVE_COIN].token, *stable),
        stable_hub=stable[0],
        native_usd_feed=token_map.usd_feed_by_coin[NATIVE_COIN],
    )


def chain_of(settings: Settings, nodes: Endpoints) -> Chain:
    """Return the reads of the settings' chain, through all the nodes."""
    vault, chain_id = settings.portfolio.vault, settings.chain.id
    chains = [
        (rpc.endpoint, RpcChain(rpc, chain_id=chain_id, contract=vault)) for rpc in nodes.public
    ]
    if len(chains) == 1:
        return chains[0][1]
    return QuorumChain(chains, quorum=nodes.quorum, monotonic=nodes.monotonic)


def sources(settings: Settings, *, nodes: Endpoints, clock: Clock) -> Sources:
    """Return where everything comes from that decides."""
    token_map = load_token_map(bundled_token_map(settings.chain.id), chain_id=settings.chain.id)
    rankings, regimes = readers(settings)
    return Sources(
        clock=clock,
        rankings=rankings,
        regimes=regimes,
        chain=chain_of(settings, nodes),
        venue=FailoverVenue([venue(settings, rpc) for rpc in nodes.public]),
        token_map=token_map,
        chain_book=chain_book(token_map),
        policy=settings.policy_in_force(),
        max_gap_s=settings.signals.max_gap_s,
        regime_rules=settings.regime.rules(),
        quarantine=settings.quarantine.rules(),
        bargaining=bargaining(settings, nodes.first, clock=clock),
    )


def schedule(settings: Settings, *, notice: timedelta) -> Schedule:
    return Schedule(portfolio=settings.portfolio.name, cron=settings.schedule.cron, notice=notice)


def service(settings: Settings, means: Means, *, tell: Listener) -> Service:
    """Return the service that runs cycles with these means."""
    given = sources(settings, nodes=means.endpoints, clock=means.clock)
    deciding = _deciding(settings, means, given, tell)
    sender = _sender(settings, means, given, tell)
    cycle = Cycle(
        clock=means.clock,
        ledger=means.ledger,
        deciding=deciding,
        executing=_executing(settings, means, given, sender, tell),
        patience=means.patience,
        tell=tell,
    )
    return Service(
        engine=Engine(
            database=means.database, cycle=cycle, guard=partial(translated, "the ledger's database")
        ),
        schedule=schedule(settings, notice=means.notice),
        clock=means.clock,
        supervisor=means.supervisor,
        settle=sender.settle_pending,
        tell=tell,
        rests=partial(rests, means.ledger),
        watch=Watching(
            accepting=deciding.accepting,
            portfolio=settings.portfolio.name,
            every=timedelta(seconds=settings.regime.watch_s),
        ),
        look=Breakers(
            sources=given,
            ledger=means.ledger,
            book=deciding.book,
            rules=settings.breakers.rules(),
            every=timedelta(seconds=settings.breakers.look_s),
        ).look,
    )


def _deciding(settings: Settings, means: Means, given: Sources, tell: Listener) -> Deciding:
    return Deciding(
        sources=given,
        planner=means.planner,
        ledger=means.ledger,
        book=RegimeBook(means.ledger),
        account=means.signer.address,
        notice=means.notice,
        is_approval_required=settings.schedule.approval == "required",
        exit_notice=timedelta(seconds=settings.regime.exit_notice_s),
        is_exit_approval_required=settings.regime.exit_approval == "required",
        holding=_holding(means, given, tell),
        tell=tell,
        timing=_timing(settings, means, given),
        sifting=_sifting(settings, means),
    )


def _sifting(settings: Settings, means: Means) -> Sifting | None:
    skips = settings.policy.on_revert is OnRevert.SKIP_AND_REPORT
    return Sifting(simulator=means.simulator) if skips else None


def _timing(settings: Settings, means: Means, given: Sources) -> Timing | None:
    """Return what picks the moment in the execution window, None where there is no window."""
    rules = settings.schedule.window()
    if rules is None or not means.keeps_window:
        return None
    return Timing(rules=rules, sources=given, fees=RpcFeeHistory(means.endpoints.first))


def _holding(means: Means, given: Sources, tell: Listener) -> Holding:
    return Holding(
        chain=given.chain,
        clock=means.clock,
        ceiling=given.policy.max_fee_per_gas_wei,
        patience=means.fee_wait,
        tell=tell,
    )


def _sender(settings: Settings, means: Means, given: Sources, tell: Listener) -> Sender:
    custody = Custody(
        chain=given.chain,
        ledger=means.ledger,
        account=means.signer.address,
        chain_id=settings.chain.id,
        contract=settings.portfolio.vault,
        tell=tell,
        may_begin_anew=means.may_begin_anew,
    )
    return Sender(
        custody=custody,
        route=_route(settings, means),
        chain=given.chain,
        signer=means.signer,
        ledger=means.ledger,
        broadcaster=RpcBroadcaster(*means.endpoints.public, private=means.endpoints.private),
        clock=means.clock,
        pace=means.pace,
        limits=FeeLimits(
            ceiling=given.policy.max_fee_per_gas_wei,
            raise_bps=settings.chain.replacement_raise_bps,
        ),
    )


def _executing(
    settings: Settings, means: Means, given: Sources, sender: Sender, tell: Listener
) -> Executing:
    known = watched_tokens(given.token_map, given.chain_book)
    return Executing(
        sources=given,
        ledger=means.ledger,
        gate=Gate(
            simulator=means.simulator,
            known=tuple(token.address for token in known),
            guard=router_guard(settings, means.endpoints.first),
        ),
        sender=sender,
        account=means.signer.address,
        tell=tell,
        route=_route(settings, means),
        holding=_holding(means, given, tell),
    )


def _route(settings: Settings, means: Means) -> Route:
    """Return the way of what is opened from now on; a fork has one way."""
    return settings.chain.route if means.endpoints.private else Route.PUBLIC
