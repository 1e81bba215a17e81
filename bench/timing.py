"""How long something takes at its fastest, which is what a busy machine disturbs least."""

from __future__ import annotations

import time
from collections.abc import Callable


def fastest_us(action: Callable[[], object], *, runs: int = 5, loops: int = 1) -> float:
    """Return microseconds per call: the least of `runs` averages over `loops` calls."""
    found = []
    for _ in range(runs):
        begun = time.perf_counter()
        for _ in range(loops):
            action()
        found.append((time.perf_counter() - begun) / loops)
    return min(found) * 1e6


def verdict(what: str, *, holds: bool) -> bool:
    """Print a target and whether it is met; return that."""
    print(f"  {'met   ' if holds else 'MISSED'}  {what}")
    return holds
