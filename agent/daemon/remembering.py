"""What the log remembers for the next plan: reports with their plans, and the prices of proposals."""

from __future__ import annotations

from collections.abc import Callable

from agent.daemon.standing import body_of
from agent.domain.bodies import PlanMade, ProposalMade, Reported
from agent.domain.memory import Memory
from agent.domain.record import RecordKind
from agent.planning.remembering import PastCycle, remembered
from agent.ports import Ledger

KINDS = (RecordKind.PROPOSAL, RecordKind.PLAN, RecordKind.REPORT)


def memory_of(ledger: Ledger) -> Callable[[int], Memory]:
    """Return what tells the memory of a ledger at a time."""
    return lambda now: memory(ledger, now=now)


def memory(ledger: Ledger, *, now: int) -> Memory:
    """Return what the log says at `now`, the time of the block that a plan is made at.

    The last report of a plan counts: a report that was made again says the same of later facts.
    """
    plans: dict[str, PlanMade] = {}
    past: dict[str, PastCycle] = {}
    proposals = []
    for record in ledger.records(kinds=KINDS):
        body = body_of(record)
        if isinstance(body, ProposalMade):
            proposals.append(body.proposal)
        elif isinstance(body, PlanMade):
            plans[body.plan_id] = body
        elif isinstance(body, Reported) and body.report.plan_id in plans:
            plan = plans[body.report.plan_id].plan
            past[body.report.plan_id] = PastCycle(plan=plan, report=body.report)
    return remembered(tuple(past.values()), proposals, now=now)
