"""The live service: the operator's key, the node of the settings, the system's time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from agent.adapters.clock import SystemClock
from agent.adapters.keystore import load_key
from agent.adapters.ledger import Access, open_ledger
from agent.adapters.signer import LocalSigner
from agent.adapters.simulator_rpc import RpcSimulator
from agent.adapters.supervisor import SystemdSupervisor
from agent.bootstrap.wiring import Means, endpoints, service
from agent.domain.happening import Listener
from agent.execution.sender import Pace
from agent.log import keys as log_keys
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
    clock = SystemClock(stop)
    with (
        endpoints(settings) as nodes,
        # The lock comes before the key: an instance that must not trade never holds it.
        open_ledger(
            settings.ledger.place,
            clock=clock,
            access=Access.TRADE,
            origin=settings.portfolio.name,
            checkpoint_key=log_keys.load_key(settings.log.checkpoint_key),
        ) as ledger,
    ):
        signer = LocalSigner(load_key(settings.key.keystore, settings.key.password_file))
        patience_s = 0 if is_attended else settings.schedule.retry_s
        means = Means(
            clock=clock,
            endpoints=nodes,
            signer=signer,
            simulator=RpcSimulator(nodes.first),
            ledger=ledger,
            database=settings.ledger.place,
            supervisor=SystemdSupervisor(),
            notice=timedelta(hours=settings.schedule.notice_hours),
            patience=timedelta(seconds=patience_s),
            pace=Pace(
                confirmations=settings.chain.confirmations,
                bump_blocks=settings.chain.bump_blocks,
            ),
        )
        yield service(settings, means, tell=tell)
