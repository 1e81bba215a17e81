"""Letting a proposal go ahead, beside a running service."""

from __future__ import annotations

from agent.bootstrap.ledgers import Access, open_ledger
from agent.daemon.standing import body_of, standing_proposal
from agent.domain.bodies import ApprovalGiven, ProposalMade
from agent.domain.record import RecordKind
from agent.errors import ApprovalRefusedError
from agent.settings import Settings


def approve(settings: Settings, proposal_id: str, *, by: str, note: str) -> ProposalMade:
    """Record the approval of the proposal whose id begins with `proposal_id`, and return it.

    Raises:
        ApprovalRefusedError: no such proposal stands.
    """
    with open_ledger(settings, access=Access.APPEND) as ledger:
        for record in reversed(ledger.records(kinds=(RecordKind.PROPOSAL,))):
            made = body_of(record)
            if isinstance(made, ProposalMade) and made.proposal_id.startswith(proposal_id):
                if standing_proposal(ledger, record.cycle_id) != made:
                    raise ApprovalRefusedError(proposal_id=made.proposal_id, reason="it is over")
                given = ApprovalGiven(proposal_id=made.proposal_id, by=by, note=note)
                ledger.append(given, cycle_id=record.cycle_id)
                return made
    raise ApprovalRefusedError(proposal_id=proposal_id, reason="there is none")
