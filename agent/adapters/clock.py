"""The time of this machine, and waits that end early when the process is asked to stop."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from agent.errors import StopRequestedError


class SystemClock:
    """A `Clock` of the system's time; `stop` may be called from a signal handler or another thread."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        if self._stopped.wait(max(seconds, 0)):
            raise StopRequestedError

    def stop(self) -> None:
        self._stopped.set()
