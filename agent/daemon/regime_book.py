"""The regime's machine, kept up with the log: only what was added since the last look is read."""

from __future__ import annotations

import threading

from agent.daemon.standing import REGIME_KINDS, body_of
from agent.domain.regime import BEGINNING, RegimeCommanded, RegimeRead, RegimeState, after
from agent.ports import Ledger


class RegimeBook:
    """Where the machine stands by everything on record; other processes may add to it."""

    def __init__(self, ledger: Ledger) -> None:
        """Know nothing before the first look."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._seq, self._state = 0, BEGINNING

    def state(self) -> RegimeState:
        with self._lock:
            for record in self._ledger.records(kinds=REGIME_KINDS, after=self._seq):
                event = body_of(record)
                if isinstance(event, RegimeRead | RegimeCommanded):
                    self._state = after(self._state, event)
                self._seq = record.seq
            return self._state
