"""The regime's machine as the ledger has it, and the operator's word in it."""

from __future__ import annotations

from agent.adapters.clock import SystemClock
from agent.bootstrap.ledgers import Access, open_ledger
from agent.daemon.standing import regime_state
from agent.domain.record import BETWEEN_CYCLES
from agent.domain.regime import BEGINNING, RegimeCommanded, RegimeState
from agent.domain.signal import Regime
from agent.settings import Settings


def stance_on_record(settings: Settings) -> RegimeState:
    """Return where the machine stands; before the first run it is at its beginning.

    Raises:
        LedgerError: it cannot be read, or is damaged.
    """
    if not settings.ledger.is_begun:
        return BEGINNING
    with open_ledger(settings, access=Access.READ) as ledger:
        return regime_state(ledger)


def override(settings: Settings, stance: Regime | None, *, by: str, reason: str) -> RegimeState:
    """Record an operator's command beside a running service, and return where that leads.

    Raises:
        LedgerError: it cannot be written.
    """
    command = RegimeCommanded(
        stance=stance,
        by=by,
        reason=reason,
        at=SystemClock().now(),
        max_reentries=settings.regime.max_reentries,
    )
    with open_ledger(settings, access=Access.APPEND) as ledger:
        ledger.append(command, cycle_id=BETWEEN_CYCLES)
        return regime_state(ledger)
