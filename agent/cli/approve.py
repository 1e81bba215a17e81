"""`agent approve`: an operator lets a proposal go ahead."""

from __future__ import annotations

from pathlib import Path

from agent.bootstrap.approving import approve
from agent.cli.frame import console, load_settings
from agent.cli.words import moment


def approve_proposal(settings_file: Path | None, proposal_id: str, *, by: str, note: str) -> None:
    """Record the approval, and say when the proposal is executed."""
    made = approve(load_settings(settings_file), proposal_id, by=by, note=note)
    console().print(
        f"approved {made.proposal_id} of {made.proposal.cycle_id}; it executes at "
        f"{moment(made.proposal.executes_at)} or as soon as the service sees this",
        soft_wrap=True,
    )
