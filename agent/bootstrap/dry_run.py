"""The dry run: the same cycle on an Anvil fork, with a key that nobody trusts and the fork's time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from agent.adapters.fork import Fork, ForkClock
from agent.adapters.ledger import Access, open_ledger
from agent.adapters.rpc import Rpc
from agent.adapters.signer import ThrowawaySigner
from agent.adapters.simulator_fork import ForkSimulator
from agent.adapters.supervisor import SystemdSupervisor
from agent.bootstrap.planner import planner_process
from agent.bootstrap.wiring import Endpoints, Means, service
from agent.domain.happening import Listener
from agent.domain.record import BETWEEN_CYCLES
from agent.domain.regime import RegimeCommanded
from agent.errors import SettingsError
from agent.execution.sender import Pace
from agent.log import keys as log_keys
from agent.settings import Settings
from agent.workflow.service import Service

LEDGER_NAME = "ledger.sqlite"
KEY_NAME = "checkpoint.pem"
PUBLIC_KEY_NAME = "checkpoint.pub"
EXPORT_NAME = "log.jsonl"


@contextmanager
def dry_service(  # noqa: PLR0913 - all that a dry run depends on, by keyword
    settings: Settings,
    *,
    fork_url: str,
    out: Path,
    stop: threading.Event,
    tell: Listener,
    command: Callable[[datetime], RegimeCommanded] | None = None,
) -> Iterator[Service]:
    """Provide a service that runs on the fork and keeps ledger, log and keys in `out`, a new directory.

    The operator's key is not read. The proposal is executed without notice. `command` gives at the
    fork's time what is commanded of the regime before the cycle.

    Raises:
        NodeUnfitError: the address is not an Anvil fork's. SettingsError: `out` holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise SettingsError(field="--out", value=str(out), mend="give a new or empty directory")
    with Rpc(SecretStr(fork_url)) as rpc:
        simulator = ForkSimulator(rpc)
        simulator.ping()
        signer = ThrowawaySigner(settings.portfolio.name, is_fork=True)
        Fork(rpc).appoint(signer.address, vault=settings.portfolio.vault)
        clock = ForkClock(rpc, stop)
        out.mkdir(parents=True, exist_ok=True)
        with (
            planner_process() as planner,
            open_ledger(
                out / LEDGER_NAME,
                clock=clock,
                access=Access.TRADE,
                origin=f"dry run of {settings.portfolio.name}",
                checkpoint_key=log_keys.create_key(out / KEY_NAME),
            ) as ledger,
        ):
            planner.prepare()
            if command is not None:
                ledger.append(command(clock.now()), cycle_id=BETWEEN_CYCLES)
            means = Means(
                clock=clock,
                endpoints=Endpoints(public=(rpc,)),
                signer=signer,
                simulator=simulator,
                ledger=ledger,
                database=out / LEDGER_NAME,
                supervisor=SystemdSupervisor({}),
                planner=planner,
                notice=timedelta(0),
                patience=timedelta(0),
                may_begin_anew=True,
                keeps_window=False,
                pace=Pace(confirmations=1, poll_s=0.01),
            )
            yield service(settings, means, tell=tell)
            if ledger.checkpoints():
                with (out / EXPORT_NAME).open("xb") as file:
                    file.writelines(ledger.export())
