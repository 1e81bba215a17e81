"""What operators have told the agent, as the log has it: paused or not, and proposals that were rejected."""

from __future__ import annotations

from agent.daemon.schedule import Slot
from agent.daemon.standing import body_of
from agent.domain.bodies import Command, OperatorCommanded, ProposalRejected
from agent.domain.record import RecordKind
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.errors import AgentPausedError, ProposalRejectedError
from agent.ports import Ledger

KINDS = (RecordKind.COMMAND, RecordKind.REGIME_COMMANDED)


def standing_pause(ledger: Ledger, *, regime: Regime) -> OperatorCommanded | None:
    """Return the pause that keeps cycles of a regime from trading, None if none does.

    A pause holds until it is lifted. An exit that is commanded after it goes through all the same:
    who says flatten means it.
    """
    pause: OperatorCommanded | None = None
    for record in ledger.records(kinds=KINDS):
        body = body_of(record)
        if isinstance(body, OperatorCommanded):
            pause = body if body.command is Command.PAUSE else None
        elif isinstance(body, RegimeCommanded) and body.stance is Regime.BEARISH is regime:
            pause = None
    return pause


def rests(ledger: Ledger, slot: Slot) -> str:
    """Return why the cycle of a slot is not to begin now, "" where it may."""
    pause = standing_pause(ledger, regime=Regime.BEARISH if slot.is_exit else Regime.BULLISH)
    return "" if pause is None else f"paused by {pause.by}: {pause.reason}"


def rejection(ledger: Ledger, cycle_id: str, proposal_id: str) -> ProposalRejected | None:
    """Return the rejection of a proposal; it ends it whatever was said before or after."""
    for record in ledger.records(cycle_id=cycle_id, kinds=(RecordKind.REJECTION,)):
        body = body_of(record)
        if isinstance(body, ProposalRejected) and body.proposal_id == proposal_id:
            return body
    return None


def check_not_rejected(ledger: Ledger, cycle_id: str, proposal_id: str) -> None:
    """Return unless somebody rejected the proposal.

    Raises:
        ProposalRejectedError
    """
    found = rejection(ledger, cycle_id, proposal_id)
    if found is not None:
        raise ProposalRejectedError(proposal_id=proposal_id, by=found.by, reason=found.reason)


def check_go(ledger: Ledger, cycle_id: str, proposal_id: str, *, regime: Regime) -> None:
    """Return if a batch of the proposal's plan may be signed now.

    Raises:
        ProposalRejectedError, AgentPausedError: the rest of the cycle is dropped.
    """
    check_not_rejected(ledger, cycle_id, proposal_id)
    pause = standing_pause(ledger, regime=regime)
    if pause is not None:
        raise AgentPausedError(by=pause.by, reason=pause.reason)
