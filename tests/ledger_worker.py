"""A process beside the test's own that works on a ledger: `python -m tests.ledger_worker ROLE PATH`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from agent.adapters.ledger import Access, open_ledger
from agent.domain.bodies import Halted
from agent.domain.intent import TxState
from agent.errors import LedgerError
from tests.logbook import SteppingClock, attempt, intent

NOBODY = 65_534


class DeadlyClock(SteppingClock):
    """A clock whose next look is the process's last."""

    is_armed = False

    def now(self) -> datetime:
        if self.is_armed:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().now()


def hold(path: Path) -> None:
    """Trade until the standard input closes."""
    with open_ledger(path, clock=SteppingClock(), origin="index"):
        print("ready", flush=True)  # noqa: T201 - how the test knows
        sys.stdin.read()


def die(path: Path) -> None:
    """Die after a state was changed, before its record and the commit."""
    clock = DeadlyClock()
    with open_ledger(path, clock=clock, origin="index") as ledger:
        ledger.open_intent(intent())
        ledger.reserve_nonce(intent().intent_id, nonce=11)
        ledger.record_signed(attempt(intent().intent_id, nonce=11))
        clock.is_armed = True
        ledger.advance(intent().intent_id, state=TxState.IN_DOUBT)


def stream(path: Path) -> None:
    """Append without end, and say each record's hash once it is durable."""
    with open_ledger(path, clock=SteppingClock(), origin="index") as ledger:
        for number in range(1_000_000):
            record = ledger.append(Halted(error="E", reason=str(number)), cycle_id="index-1")
            print(record.hash, flush=True)  # noqa: T201 - how the test knows


def append(path: Path) -> None:
    """Append 40 records beside a trading process."""
    with open_ledger(path, clock=SteppingClock(), access=Access.APPEND) as ledger:
        for number in range(40):
            ledger.append(Halted(error="E", reason=str(number)), cycle_id=f"beside-{os.getpid()}")


def trade(path: Path) -> None:
    """Try to trade as a user without rights, and say what came of it."""
    if os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        open_ledger(path, clock=SteppingClock(), origin="index").close()
    except LedgerError as error:
        print(error, flush=True)  # noqa: T201 - what the test reads


ROLES: Mapping[str, Callable[[Path], None]] = {
    role.__name__: role for role in (hold, die, stream, append, trade)
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Path(sys.argv[2]))
