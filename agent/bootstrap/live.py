"""The live service: the operator's key, the node of the settings, the system's time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from agent.adapters.clock import SystemClock
from agent.adapters.failover import FailoverSimulator
from agent.adapters.keystore import load_key
from agent.adapters.ledger import Access, open_ledger
from agent.adapters.signer import LocalSigner
from agent.adapters.simulator_rpc import RpcSimulator
from agent.adapters.supervisor import SystemdSupervisor
from agent.bootstrap.notifying import telling
from agent.bootstrap.planner import planner_process
from agent.bootstrap.webhook import webhook
from agent.bootstrap.wiring import Endpoints, Means, endpoints, service
from agent.domain.happening import Listener
from agent.domain.intent import Route
from agent.execution.sender import Pace
from agent.log import keys as log_keys
from agent.ports import Clock, Supervisor
from agent.settings import Settings
from agent.workflow.service import Service


@contextmanager
def live_service(
    settings: Settings, *, stop: threading.Event, is_attended: bool, tell: Listener
) -> Iterator[Service]:
    """Provide the service that trades with the operator's key.

    Where somebody watches (`is_attended`), what is out of reach is reported at once, not tried again.

    Raises:
        KeyFileError, CheckpointKeyError, LedgerError, RpcUnavailableError, WrongChainError,
        NodeUnfitError: nothing is started.
    """
    patience_s = 0 if is_attended else settings.schedule.retry_s
    with (
        endpoints(settings) as nodes,
        live_means(
            settings,
            nodes=nodes,
            clock=SystemClock(stop),
            supervisor=SystemdSupervisor(),
            patience=timedelta(seconds=patience_s),
        ) as means,
        telling(settings, means.ledger, clock=SystemClock()),
        webhook(settings, ledger=means.ledger, clock=SystemClock()),
    ):
        means.planner.prepare()
        yield service(settings, means, tell=tell)


@contextmanager
def live_means(
    settings: Settings,
    *,
    nodes: Endpoints,
    clock: Clock,
    supervisor: Supervisor,
    patience: timedelta,
) -> Iterator[Means]:
    """Provide what a live cycle is run with.

    Raises:
        KeyFileError, CheckpointKeyError, LedgerError: nothing is started.
    """
    with (
        # The lock comes before the key: an instance that must not trade never holds it.
        open_ledger(
            settings.ledger.place,
            clock=clock,
            access=Access.TRADE,
            origin=settings.portfolio.name,
            checkpoint_key=log_keys.load_key(settings.log.checkpoint_key),
        ) as ledger,
        planner_process() as planner,
    ):
        yield Means(
            clock=clock,
            endpoints=nodes,
            signer=LocalSigner(load_key(settings.key.keystore, settings.key.password_file)),
            simulator=_simulator(settings, nodes),
            ledger=ledger,
            database=settings.ledger.place,
            supervisor=supervisor,
            planner=planner,
            notice=timedelta(hours=settings.schedule.notice_hours),
            patience=patience,
            fee_wait=timedelta(seconds=settings.schedule.fee_wait_s),
            pace=Pace(
                confirmations=settings.chain.confirmations,
                bump_blocks=settings.chain.bump_blocks,
                public_after_blocks=settings.chain.public_after_blocks,
            ),
        )


def _simulator(settings: Settings, nodes: Endpoints) -> FailoverSimulator:
    """Return what rehearses: what may go the private way alone is shown to the first node, and no other."""
    shown = nodes.public if settings.chain.route is Route.PUBLIC else nodes.public[:1]
    return FailoverSimulator([RpcSimulator(rpc) for rpc in shown])
