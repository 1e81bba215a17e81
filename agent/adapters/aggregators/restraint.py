"""How hard a service may be asked: its rate limit, and a breaker that leaves it alone after failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a service allows and what we wait for: calls per second, a burst, calls a ladder, seconds.

    `lifetime_s` is how long a firm offer of it is used, which is at most what the service says.
    """

    calls_per_s: float
    burst: int
    calls_per_ladder: int
    timeout_s: float
    lifetime_s: int


class Pace:
    """Spaces calls so that no more than `calls_per_s` leave, `burst` of them at once."""

    def __init__(self, limits: Limits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / limits.calls_per_s
        self._slack_s = (limits.burst - 1) * self._interval_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = monotonic()

    def reserve(self) -> float:
        """Take the next free moment, and return how many seconds away it is."""
        with self._lock:
            now = self._monotonic()
            due = max(self._next_at, now - self._slack_s)
            self._next_at = due + self._interval_s
            return max(0.0, due - now)

    def back_off(self, seconds: float) -> None:
        """Let nothing leave for so long: the service said that it was too much."""
        with self._lock:
            pause = self._monotonic() + seconds + self._slack_s
            self._next_at = max(self._next_at, pause)


class Breaker:
    """Opens after `threshold` failures in a row; after `rest_s` one call tries whether it is over."""

    def __init__(
        self,
        *,
        threshold: int = 4,
        rest_s: float = 60.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold, self._rest_s, self._monotonic = threshold, rest_s, monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def lets_through(self) -> bool:
        """Return whether a call may be made; the one that tries again pushes the rest of them back."""
        with self._lock:
            if self._failures < self._threshold:
                return True
            now = self._monotonic()
            if now < self._rests_until:
                return False
            self._rests_until = now + self._rest_s
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._threshold:
                self._rests_until = self._monotonic() + self._rest_s
