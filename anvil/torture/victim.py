"""The agent under torture: the live wiring, with wrappers that say over the line which point is reached."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from dbos import Queue
from dbos._dbos import _get_or_create_dbos_registry
from pydantic import SecretStr
from sqlalchemy.engine.default import DefaultDialect
from web3.providers.rpc import HTTPProvider

from agent.adapters.ledger import SqlLedger
from agent.adapters.rpc import Answer, Call, Rpc
from agent.adapters.supervisor import SystemdSupervisor
from agent.bootstrap.live import live_means
from agent.bootstrap.planner import LocalPlanner
from agent.bootstrap.wiring import endpoints, service
from agent.domain.happening import Ending, Happening
from agent.domain.intent import SignedTransaction, UnsignedTransaction
from agent.domain.units import Address
from agent.errors import AgentError, RetryableError
from agent.ports import Signer
from agent.settings import Settings, load_settings
from agent.workflow.engine import Engine
from agent.workflow.service import Service
from anvil.torture.bugs import plant
from anvil.torture.line import Line, Provider
from anvil.torture.powerloss import synced_copies

SEND = "eth_sendRawTransaction"
SLOT_S = 12.0
RETRY_S = 3_600
SETTLE_EVERY_S = 60
LONGEST_SETTLING = 200
POLL_S = 0.01
REST_S = 60.0
WORKFLOW = "workflow"
"""Who commits when it is not the ledger: the engine's own tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one life of the agent is to do; `seed` decides its jitter, `bug` what is wrong with it."""

    settings: str
    line: str
    seed: int
    bug: str = ""
    is_power_watched: bool = False

    def document(self) -> dict[str, Any]:
        return asdict(self)


def live(errand: Errand) -> int:
    """Live one life, and return the exit code."""
    random.seed(errand.seed)
    line = Line(Path(errand.line))
    points = _Points(line)
    settings = load_settings(Path(errand.settings))
    with _commits_watched(points), synced_copies(is_wanted=errand.is_power_watched):
        try:
            return _trade(settings, errand, line, points)
        except AgentError as error:
            line.ask(ended=type(error).__name__, reason=str(error), code=error.exit_code)
            return error.exit_code


def _trade(settings: Settings, errand: Errand, line: Line, points: _Points) -> int:
    clock = _LineClock(line)

    def connect(url: SecretStr) -> Rpc:
        return _WatchedRpc(url, points, clock, Provider(line, url.get_secret_value()))

    with (
        endpoints(settings, connect=connect, monotonic=clock.monotonic) as nodes,
        live_means(
            settings,
            nodes=nodes,
            clock=clock,
            supervisor=SystemdSupervisor({}),
            patience=timedelta(seconds=RETRY_S),
        ) as lived,
    ):
        means = replace(
            lived,
            signer=_WatchedSigner(lived.signer, points),
            ledger=cast(SqlLedger, _WatchedLedger(lived.ledger, points)),
            planner=LocalPlanner(),
            pace=replace(lived.pace, poll_s=SLOT_S),
        )
        return _lived(service(settings, plant(errand.bug, means), tell=_silently), clock, line)


def _lived(running: Service, clock: _LineClock, line: Line) -> int:
    """Run the cycle, then settle until nothing is pending, as the service does between cycles."""
    running.engine = cast(Engine, _Abrupt(running.engine))
    _, end, _ = running.run_once()
    if end.ending is Ending.DONE:
        _settle(running, clock)
    line.ask(ended=end.error or end.ending, reason=end.reason, code=end.exit_code)
    return end.exit_code


def _settle(running: Service, clock: _LineClock) -> None:
    for _ in range(LONGEST_SETTLING):
        try:
            if not running.settle():
                return
        except RetryableError:
            pass  # the service tries again at its next minute
        clock.sleep(SETTLE_EVERY_S)


def hasten_recovery() -> None:
    """Let the engine look for cycles that were killed at once, not after a second of real time."""
    _queue()._polling_interval_sec = POLL_S  # noqa: SLF001 - the library has no setting for it


def _queue() -> Queue:
    return _get_or_create_dbos_registry().get_internal_queue()


class _Abrupt:
    """An engine that is left without tidying up: this process ends soon, and so may any."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever an engine has
        return getattr(self._engine, name)

    def __enter__(self) -> Engine:
        return self._engine.__enter__()

    def __exit__(self, *_: object) -> None:
        """Leave its threads to the end of the process."""


def _silently(_: Happening) -> None:
    """Tell nobody."""


class _LineClock:
    """A `Clock` of the torturer's time."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._line.ask(now=True)["t"], UTC)

    def sleep(self, seconds: float) -> None:
        self._line.ask(sleep=seconds)

    def monotonic(self) -> float:
        return float(self._line.ask(now=True)["t"])


class _Points:
    """Says what is reached, and dies there when told to. `act` is what this thread is committing."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.acts = threading.local()

    def reached(self, point: str) -> None:
        is_of_cycle = threading.current_thread() is not threading.main_thread()
        if is_of_cycle and not point.startswith(f"commit:{WORKFLOW}"):
            _queue()._polling_interval_sec = REST_S  # noqa: SLF001 - as in `hasten_recovery`
        if self._line.ask(reached=point)["die"]:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def act(self) -> str:
        return getattr(self.acts, "name", WORKFLOW)


class _WatchedRpc(Rpc):
    """Says when a read was answered, and when bytes are about to leave or have left."""

    def __init__(
        self, url: SecretStr, points: _Points, clock: _LineClock, provider: Provider
    ) -> None:
        super().__init__(url, sleep=clock.sleep)
        self._provider = cast(HTTPProvider, provider)
        self._points = points

    def answers(self, calls: Sequence[Call]) -> list[Answer]:
        found = super().answers(calls)
        kind = "+".join(sorted({method for method, _ in calls}))
        self._points.reached(f"read:{kind}")
        return found

    def once(self, method: str, params: list[Any]) -> Answer:
        what = "send" if method == SEND else f"call:{method}"
        self._points.reached(f"{what}:before")
        try:
            return super().once(method, params)
        finally:
            self._points.reached(f"{what}:after")


class _WatchedSigner:
    """Says when something is about to be signed, and has been."""

    def __init__(self, signer: Signer, points: _Points) -> None:
        self._signer = signer
        self._points = points

    @property
    def address(self) -> Address:
        return self._signer.address

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        self._points.reached("sign:before")
        signed = self._signer.sign(transaction)
        self._points.reached("sign:after")
        return signed


class _WatchedLedger:
    """Gives commits the name of the ledger's method that makes them."""

    def __init__(self, ledger: SqlLedger, points: _Points) -> None:
        self._ledger = ledger
        self._points = points

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the ledger has
        found = getattr(self._ledger, name)
        return self._named(name, found) if callable(found) else found

    def _named(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the method's
            acts = self._points.acts
            acts.name = name
            try:
                return method(*arguments, **named)
            finally:
                del acts.name

        return watched


@contextmanager
def _commits_watched(points: _Points) -> Iterator[None]:
    """Say before and after every commit that changes a database."""
    plain: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit
    changes: dict[int, int] = {}

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401 - DBAPI
        driver = getattr(connection, "driver_connection", connection)
        total = driver.total_changes
        if changes.get(id(driver), 0) == total:
            plain(dialect, connection)
            return
        changes[id(driver)] = total
        act = points.act
        points.reached(f"commit:{act}:before")
        plain(dialect, connection)
        points.reached(f"commit:{act}:after")

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign] # it has no event for this
    try:
        yield
    finally:
        DefaultDialect.do_commit = plain  # type: ignore[method-assign] # as above


def errand_of(document: Mapping[str, Any]) -> Errand:
    return Errand(**document)
