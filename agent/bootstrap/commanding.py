"""An operator's word beside a running service: approve, reject, pause, resume, flatten; each in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.adapters.clock import SystemClock
from agent.bootstrap.ledgers import Access, SqlLedger, open_ledger
from agent.bootstrap.regime import override
from agent.daemon.commanding import rejection, standing_pause
from agent.daemon.standing import body_of, standing_proposal
from agent.domain.bodies import (
    ApprovalGiven,
    Command,
    OperatorCommanded,
    ProposalMade,
    ProposalRejected,
)
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeState
from agent.domain.signal import Regime
from agent.errors import ApprovalRefusedError
from agent.settings import Settings


def approve(settings: Settings, proposal_id: str, *, by: str, note: str) -> ProposalMade:
    """Record the approval of the proposal whose id begins with `proposal_id`, and return it.

    Raises:
        ApprovalRefusedError: no such proposal stands, or it was rejected.
    """
    with open_ledger(settings, access=Access.APPEND) as ledger:
        cycle_id, made = _standing(ledger, proposal_id)
        rejected = rejection(ledger, cycle_id, made.proposal_id)
        if rejected is not None:
            raise ApprovalRefusedError(
                proposal_id=made.proposal_id, reason=f"it was rejected by {rejected.by}"
            )
        given = ApprovalGiven(proposal_id=made.proposal_id, by=by, note=note)
        ledger.append(given, cycle_id=cycle_id)
        return made


def reject(settings: Settings, proposal_id: str, *, by: str, reason: str) -> ProposalMade:
    """Record the rejection of the proposal whose id begins with `proposal_id`, and return it.

    Batches that were signed already are not taken back; those that were not never will be.

    Raises:
        ApprovalRefusedError: no such proposal stands.
    """
    with open_ledger(settings, access=Access.APPEND) as ledger:
        cycle_id, made = _standing(ledger, proposal_id)
        rejected = ProposalRejected(proposal_id=made.proposal_id, by=by, reason=reason)
        ledger.append(rejected, cycle_id=cycle_id)
        return made


def _standing(ledger: SqlLedger, proposal_id: str) -> tuple[str, ProposalMade]:
    for record in reversed(ledger.records(kinds=(RecordKind.PROPOSAL,))):
        made = body_of(record)
        if isinstance(made, ProposalMade) and made.proposal_id.startswith(proposal_id):
            if standing_proposal(ledger, record.cycle_id) != made:
                raise ApprovalRefusedError(proposal_id=made.proposal_id, reason="it is over")
            return record.cycle_id, made
    raise ApprovalRefusedError(proposal_id=proposal_id, reason="there is none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """What was commanded, and whether it changed anything: a second pause pauses nothing."""

    command: Command
    by: str
    reason: str
    at: datetime
    is_news: bool


def command(settings: Settings, what: Command, *, by: str, reason: str) -> Commanded:
    """Record a pause or its end; the service acts on it within seconds."""
    now = SystemClock().now()
    with open_ledger(settings, access=Access.APPEND) as ledger:
        was_paused = standing_pause(ledger, regime=Regime.BULLISH) is not None
        given = OperatorCommanded(command=what, by=by, reason=reason, at=now)
        ledger.append(given, cycle_id=BETWEEN_CYCLES)
    is_news = was_paused is not (what is Command.PAUSE)
    return Commanded(command=what, by=by, reason=reason, at=now, is_news=is_news)


def flatten(settings: Settings, *, by: str, reason: str) -> RegimeState:
    """Command everything out to stablecoins, and to stay out; goes through a pause that stands."""
    return override(settings, Regime.BEARISH, by=by, reason=reason)
