"""Planners behind the port: in this process, or in one of their own."""

from __future__ import annotations

import sys
from datetime import datetime

from agent.adapters.planner import PlannerProcess
from agent.domain.plan import Plan, PlanInputs, Proposal
from agent.planning.planner import plan
from agent.planning.proposing import propose

COMMAND = (sys.executable, "-m", "agent.bootstrap.planner_main")


class LocalPlanner:
    """The planner in this process: for a command that plans once."""

    def prepare(self) -> None:
        """Do nothing: whatever is slow to import is imported when it is needed."""

    def propose(self, inputs: PlanInputs, *, executes_at: datetime) -> Proposal:
        return propose(inputs, executes_at=executes_at)

    def plan(self, inputs: PlanInputs, *, proposal_id: str) -> Plan:
        return plan(inputs, proposal_id=proposal_id)


def planner_process() -> PlannerProcess:
    """Return the planner in a process of its own; `with` ends it."""
    return PlannerProcess(COMMAND)
