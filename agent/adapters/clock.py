"""The time of this machine, and waits that end early when the process is asked to stop."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from agent.errors import StopRequestedError


class SystemClock:
    """A `Clock` of the system's time; setting `stop`, which a signal handler may, ends every wait."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        if self._stop.wait(max(seconds, 0)):
            raise StopRequestedError
