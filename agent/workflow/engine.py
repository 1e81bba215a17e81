"""The durable engine: DBOS on the ledger's database, listening on nothing and telling nobody.

A cycle is a workflow; its steps' results are kept, so that after a restart it goes on behind the last
one that finished. When something is due is not the engine's to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from dbos import (
    DBOS,
    DBOSConfig,
    DBOSConfiguredInstance,
    SetWorkflowID,
    WorkflowHandle,
    WorkflowStatus,
)
from pydantic import SecretStr
from sqlalchemy.engine import URL

from agent import observe
from agent.daemon.run import Cycle, run_cycle
from agent.daemon.schedule import Slot
from agent.domain.canonical import canonical_bytes, from_json
from agent.domain.happening import StepEnd
from agent.errors import AgentError

WORKFLOW_VERSION = "1"
"""Pinned, so that a release finds the cycles that sleep in the database. Raise it only where a sleeping
cycle of the release before cannot go on, together with what moves it over."""

EXECUTOR = "agent"
SINCE = "service-since"
LONGEST_DRAIN_S = 60
"""How long a stop waits for the step that is under way."""


Guard = Callable[[], AbstractContextManager[None]]
"""Whatever the database raises inside leaves it as an error of the agent's."""


@DBOS.dbos_class("cycles")
class _Workflows(DBOSConfiguredInstance):
    """The workflows of this process; the library knows one instance for the process's whole life."""

    def __init__(self) -> None:
        super().__init__(config_name="cycles")
        self.cycle: Cycle | None = None
        self.guard: Guard = nullcontext
        self.running = 0
        self.ends: SimpleQueue[StepEnd | BaseException] = SimpleQueue()

    # No bound on recoveries: a cycle that sleeps through a hundred restarts is still to be run.
    @DBOS.workflow(name="cycle", max_recovery_attempts=None)
    def run(self, cycle_id: str, scheduled_at: str) -> str:
        assert self.cycle is not None, "the engine was entered"  # noqa: S101
        slot = Slot(cycle_id=cycle_id, scheduled_at=datetime.fromisoformat(scheduled_at))
        self.running += 1
        try:
            with self.guard():
                end = run_cycle(self.cycle, slot, _durably)
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, AgentError):
                observe.unexpected_error(error)
            self.ends.put(error)
            raise
        finally:
            self.running -= 1
        self.ends.put(end)
        return canonical_bytes(end).decode()

    @DBOS.workflow(name="since", max_recovery_attempts=None)
    def since(self, now: str) -> str:
        return now


_WORKFLOWS = _Workflows()


def _durably(name: str, act: Callable[[], str]) -> str:
    """Run a step once and keep its result. What a failure means is the step's own to say."""
    return DBOS.run_step({"name": name, "retries_allowed": False}, act)


class Engine:
    """Durable cycles on one database, for as long as the context is entered.

    `guard` turns what the database raises into an error that says what to do.
    """

    def __init__(
        self, *, database: Path | SecretStr, cycle: Cycle, guard: Guard = nullcontext
    ) -> None:
        self._database, self._cycle, self._guard = database, cycle, guard

    def __enter__(self) -> Self:
        _WORKFLOWS.cycle, _WORKFLOWS.ends = self._cycle, SimpleQueue()
        _WORKFLOWS.guard = self._guard
        with self._guard():
            DBOS(config=_config(self._database))
            DBOS.launch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        DBOS.destroy(workflow_completion_timeout_sec=LONGEST_DRAIN_S if _WORKFLOWS.running else 0)

    def since(self, now: datetime) -> datetime:
        """Return when this was first asked on this database."""
        with self._guard(), SetWorkflowID(SINCE):
            return datetime.fromisoformat(_WORKFLOWS.since(now.isoformat()))

    def attempts(self, cycle_id: str) -> int:
        """Return how often the cycle was started."""
        number = 0
        while self._status(_workflow_id(cycle_id, number + 1)) is not None:
            number += 1
        return number

    def _status(self, workflow_id: str) -> WorkflowStatus | None:
        with self._guard():
            return DBOS.get_workflow_status(workflow_id)

    def under_way(self) -> tuple[str, ...]:
        """Return the workflow ids of the cycles that have begun and not ended."""
        with self._guard():
            found = DBOS.list_workflows(
                status=["PENDING", "ENQUEUED"], name="cycle", load_input=False, load_output=False
            )
        return tuple(workflow.workflow_id for workflow in found)

    def start(self, slot: Slot) -> str:
        """Start the cycle of a slot, and return the workflow's id."""
        workflow_id = _workflow_id(slot.cycle_id, self.attempts(slot.cycle_id) + 1)
        with self._guard(), SetWorkflowID(workflow_id):
            DBOS.start_workflow(_WORKFLOWS.run, slot.cycle_id, slot.scheduled_at.isoformat())
        return workflow_id

    def wait(self, workflow_id: str) -> StepEnd:
        """Return how the cycle that is under way in this process ends.

        Raises:
            StopRequestedError: it was asked to stop before that; it goes on after the next start.
        """
        outcome = _WORKFLOWS.ends.get()
        if isinstance(outcome, BaseException):
            raise outcome
        with self._guard():
            handle: WorkflowHandle[str] = DBOS.retrieve_workflow(workflow_id)
            handle.get_result(polling_interval_sec=0.05)  # until the engine has it, too
        return outcome

    def check(self) -> None:
        """Raise what broke a cycle off that ran in this process: it has no end, and no way to record one."""
        while not _WORKFLOWS.ends.empty():
            outcome = _WORKFLOWS.ends.get()
            if isinstance(outcome, BaseException):
                raise outcome

    def last_end(self, cycle_id: str) -> StepEnd | None:
        """Return how the last start of a cycle ended, None if it was not started or is under way."""
        status = self._status(_workflow_id(cycle_id, self.attempts(cycle_id)))
        if status is None or status.status != "SUCCESS":
            return None
        end: StepEnd = from_json(StepEnd, json.loads(str(status.output)))
        return end


def _workflow_id(cycle_id: str, attempt: int) -> str:
    return cycle_id if attempt == 1 else f"{cycle_id}/{attempt}"


def _address(database: Path | SecretStr) -> str:
    if isinstance(database, SecretStr):
        return database.get_secret_value()
    return URL.create("sqlite", database=str(database)).render_as_string()


def _config(database: Path | SecretStr) -> DBOSConfig:
    return {
        "name": "agent",
        "system_database_url": _address(database),
        "application_version": WORKFLOW_VERSION,
        "executor_id": EXECUTOR,
        "enable_otlp": False,
        "log_level": "WARNING",
        "max_executor_threads": 8,
        "sys_db_pool_size": 4,
    }
