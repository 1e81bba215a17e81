"""Whether an endpoint is worth asking: a circuit breaker for each, opened by failures in a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 3
"""In a row, before an endpoint is left alone for a while."""

REST_S = 15.0
LONGEST_REST_S = 240.0


@dataclass(slots=True)
class Breaker:
    """Counts failures; once open, one call goes through after each rest, and every rest is twice as long."""

    monotonic: Callable[[], float]
    failures: int = 0
    open_until: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES and self.monotonic() < self.open_until

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES:
            rest_s = min(REST_S * 2 ** (self.failures - FAILURES), LONGEST_REST_S)
            self.open_until = self.monotonic() + rest_s
