"""A process of our own that plans, so that NumPy, SciPy and compiled code are not in the daemon's memory.

It speaks over one socket pair: a request is the name of a deed and its arguments, an answer what came
of it. It ends when the socket does, so it never outlives us, and after a while without requests; the
next one starts another.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import agent
from agent.adapters.planner.freight import packed, unpacked
from agent.domain.plan import Plan, PlanInputs, Proposal
from agent.errors import AgentError, PlanningProcessError

TIMEOUT_S = 300.0
"""Longer than any plan takes; what takes longer hangs."""

IDLE_S = 600.0
ATTEMPTS = 2
ENDING_S = 5.0

INHERITED = ("PATH", "HOME", "LANG", "LC_", "PYTHON", "NUMBA_", "TMPDIR", "LD_LIBRARY_PATH", "TZ")
"""Beginnings of the environment's names that the process gets to see: it needs no setting or secret."""


class PlannerProcess:
    """A planner in another process, started by `command` and the number of its socket."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        idle_s: float = IDLE_S,
        timeout_s: float = TIMEOUT_S,
        ending_s: float = ENDING_S,
    ) -> None:
        """Take the command; nothing is started before `prepare` or the first request.

        After `idle_s` without a request the process is ended; it has `timeout_s` for an answer, and
        `ending_s` to end by itself before it is killed.
        """
        self._command, self._ending_s = command, ending_s
        self._idle_s, self._timeout_s = idle_s, timeout_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[bytes, bytes] | None = None
        self._timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """Return the number of the process, None while there is none."""
        return None if self._process is None else self._process.pid

    def prepare(self) -> None:
        """Start the process, if need be, and let it get ready by itself."""
        with self._lock:
            self._started()
            self._rest()

    def propose(self, inputs: PlanInputs, *, executes_at: datetime) -> Proposal:
        proposal: Proposal = self._ask("propose", inputs, executes_at=executes_at)
        return proposal

    def plan(self, inputs: PlanInputs, *, proposal_id: str) -> Plan:
        plan: Plan = self._ask("plan", inputs, proposal_id=proposal_id)
        return plan

    def __enter__(self) -> Self:
        """Return this; the end of the block ends the process."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, deed: str, inputs: PlanInputs, **named: object) -> Any:  # noqa: ANN401 - a deed's
        request = packed((deed, inputs, named))
        with self._lock:
            for _ in range(ATTEMPTS):
                try:
                    answer = self._answer(request)
                except (EOFError, OSError):
                    self._end()
                    continue
                self._rest()
                return _delivered(answer, deed)
        raise PlanningProcessError(
            deed=deed,
            reason=f"it ended without an answer, {ATTEMPTS} times",
            mend="see its last lines above, or an out-of-memory kill in the system's journal",
        )

    def _answer(self, request: bytes) -> bytes:
        connection = self._started()
        connection.send_bytes(request)
        if not connection.poll(self._timeout_s):
            self._end()
            raise PlanningProcessError(
                deed="a request",
                reason=f"it did not answer within {self._timeout_s:.0f} s and was ended",
                mend="look at the load of the machine, then run again",
            )
        return connection.recv_bytes()

    def _started(self) -> Connection[bytes, bytes]:
        self._forget_timer()
        if self._connection is not None and self._process and self._process.poll() is None:
            return self._connection
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                (*self._command, str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=environment(os.environ),
            )
        self._connection = Connection(ours.detach())
        return self._connection

    def _rest(self) -> None:
        """End the process after a while, unless it is asked again."""
        self._timer = threading.Timer(self._idle_s, self._end_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_if_idle(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread():
                self._end()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _end(self) -> None:
        self._forget_timer()
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self._ending_s)
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the process gets of an environment: the way to its modules, and one thread for BLAS.

    On the small matrices of the optimum more threads make it many times slower.
    """
    kept = {name: value for name, value in given.items() if name.startswith(INHERITED)}
    ours = str(Path(agent.__file__).parent.parent)
    path = os.pathsep.join(part for part in (ours, kept.get("PYTHONPATH")) if part)
    return {**kept, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}


def _delivered(answer: bytes, deed: str) -> Any:  # noqa: ANN401 - a deed's
    outcome, value = unpacked(answer)
    if outcome == "done":
        return value
    if outcome == "refused":
        kind, args, facts = value
        refusal: AgentError = kind.__new__(kind, *args)
        vars(refusal).update(facts)
        raise refusal
    words, trace = value
    failure = PlanningProcessError(
        deed=deed, reason=f"it failed with {words}", mend="report it with the recorded inputs"
    )
    failure.add_note(trace)
    raise failure
