"""What the log says stands of a cycle: its proposal, its plan, and whether the proposal may go ahead."""

from __future__ import annotations

from collections.abc import Iterable

from agent import errors
from agent.domain.bodies import (
    BODY_BY_KIND,
    ApprovalGiven,
    Body,
    Halted,
    PlanMade,
    ProposalMade,
    SignalAccepted,
    SignalName,
    SignedOff,
)
from agent.domain.canonical import from_json
from agent.domain.plan import Plan
from agent.domain.record import Record, RecordKind
from agent.domain.regime import RegimeCommanded, RegimeRead, RegimeState, state_of
from agent.domain.signal_rules import LastSignal
from agent.ports import Ledger

REGIME_KINDS = (RecordKind.REGIME_READ, RecordKind.REGIME_COMMANDED)
KINDS = (RecordKind.PROPOSAL, RecordKind.APPROVAL, RecordKind.PLAN, RecordKind.HALT)


def standing_proposal(ledger: Ledger, cycle_id: str) -> ProposalMade | None:
    """Return the cycle's last proposal, unless the cycle ended after it."""
    found: ProposalMade | None = None
    for body in _bodies(ledger, cycle_id):
        if isinstance(body, ProposalMade):
            found = body
        elif isinstance(body, Halted):
            found = None
    return found


def standing_plan(ledger: Ledger, cycle_id: str) -> PlanMade | None:
    """Return the plan of the standing proposal, None if there is none yet."""
    found: PlanMade | None = None
    for body in _bodies(ledger, cycle_id):
        if isinstance(body, PlanMade):
            found = body
        elif isinstance(body, ProposalMade | Halted):
            found = None
    return found


def recorded_plan(ledger: Ledger, cycle_id: str, plan_id: str) -> Plan:
    """Return a plan that was recorded, whether it stands or not."""
    bodies = _bodies(ledger, cycle_id)
    return next(b.plan for b in bodies if isinstance(b, PlanMade) and b.plan_id == plan_id)


def is_approved(ledger: Ledger, cycle_id: str, proposal_id: str) -> bool:
    return any(
        isinstance(body, ApprovalGiven) and body.proposal_id == proposal_id
        for body in _bodies(ledger, cycle_id)
    )


def last_halt(ledger: Ledger, cycle_id: str) -> Halted | None:
    """Return how the cycle ended early, None if it has not, or has begun anew since."""
    *_, last = (None, *_bodies(ledger, cycle_id))
    return last if isinstance(last, Halted) else None


def unreviewed_halt(ledger: Ledger) -> tuple[str, Halted] | None:
    """Return the first cycle, and how it ended, that needs a review and was not signed off since."""
    open_halts: dict[str, Halted] = {}
    for record in ledger.records(kinds=(RecordKind.HALT, RecordKind.SIGN_OFF)):
        body = body_of(record)
        if isinstance(body, SignedOff):
            open_halts.pop(record.cycle_id, None)
        elif isinstance(body, Halted) and needs_review(body):
            open_halts.setdefault(record.cycle_id, body)
    return next(iter(open_halts.items()), None)


def regime_state(ledger: Ledger) -> RegimeState:
    """Return where the regime's machine stands, by everything on record."""
    bodies = map(body_of, ledger.records(kinds=REGIME_KINDS))
    return state_of(b for b in bodies if isinstance(b, RegimeRead | RegimeCommanded))


def last_signal(ledger: Ledger, name: SignalName) -> LastSignal | None:
    """Return the last signal of a kind that was accepted."""
    for record in reversed(ledger.records(kinds=(RecordKind.SIGNAL_ACCEPTED,))):
        body = body_of(record)
        if isinstance(body, SignalAccepted) and body.signal is name:
            return LastSignal(issued_at=body.issued_at, sequence=body.sequence, sha256=body.sha256)
    return None


def wants_review(error: str) -> bool:
    """Return whether after an error of that name no cycle can begin before somebody signs it off."""
    kind = getattr(errors, error, errors.HaltError)
    return kind is errors.ReviewNeededError or needs_review(Halted(error=error, reason=""))


def needs_review(halted: Halted) -> bool:
    kind = getattr(errors, halted.error, errors.HaltError)
    return issubclass(kind, errors.HaltError) and kind.needs_review


def _bodies(ledger: Ledger, cycle_id: str) -> Iterable[Body]:
    return map(body_of, ledger.records(cycle_id=cycle_id, kinds=KINDS))


def body_of(record: Record) -> Body:
    body: Body = from_json(BODY_BY_KIND[record.kind], record.body)
    return body
