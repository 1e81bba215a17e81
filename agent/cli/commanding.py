"""`agent approve`, `reject`, `pause`, `resume`, `flatten`: an operator's word, kept in the log."""

from __future__ import annotations

from pathlib import Path

import typer

from agent.bootstrap import commanding
from agent.bootstrap.preview import exit_preview
from agent.cli.frame import console, load_settings
from agent.cli.views_plan import plan_view
from agent.cli.words import moment
from agent.domain.bodies import Command
from agent.errors import AgentError
from agent.settings import Settings


def approve_proposal(settings_file: Path | None, proposal_id: str, *, by: str, note: str) -> None:
    """Record the approval, and say when the proposal is executed."""
    made = commanding.approve(load_settings(settings_file), proposal_id, by=by, note=note)
    _say(
        f"approved {made.proposal_id} of {made.proposal.cycle_id}; it executes at "
        f"{moment(made.proposal.executes_at)} or as soon as the service sees this"
    )


def reject_proposal(settings_file: Path | None, proposal_id: str, *, by: str, reason: str) -> None:
    """Record the rejection, and say what it ends."""
    made = commanding.reject(load_settings(settings_file), proposal_id, by=by, reason=reason)
    _say(
        f"rejected {made.proposal_id} of {made.proposal.cycle_id}: what of it is not signed yet "
        "never will be; the next slot makes a new proposal"
    )


def pause_agent(settings_file: Path | None, *, by: str, reason: str) -> None:
    """Record a pause, and say how to end it."""
    given = commanding.command(load_settings(settings_file), Command.PAUSE, by=by, reason=reason)
    state = "paused" if given.is_news else "was paused already"
    _say(
        f"{state}: no cycle begins and nothing more is signed; what is sent already is followed. "
        "agent resume ends it; agent flatten goes through it"
    )


def resume_agent(settings_file: Path | None, *, by: str, reason: str) -> None:
    """Record the end of a pause, and say what follows."""
    given = commanding.command(load_settings(settings_file), Command.RESUME, by=by, reason=reason)
    _say(
        "resumed: a cycle that was missed is caught up with full notice, unless the next one's has begun"
        if given.is_news
        else "was not paused: nothing changes"
    )


def flatten_portfolio(settings_file: Path | None, *, by: str, reason: str, is_sure: bool) -> None:
    """Command the exit; unless somebody is sure, show what it costs and ask first."""
    settings = load_settings(settings_file)
    if not is_sure:
        _show_cost(settings)
        typer.confirm("Sell everything into stablecoins now?", abort=True)
    commanding.flatten(settings, by=by, reason=reason)
    _say(
        "commanded: the service goes out within a minute and stays out; follow it with agent status. "
        "agent regime override follow lets it follow the readings again"
    )


def _show_cost(settings: Settings) -> None:
    """Print what the exit would do; that it cannot be known keeps nobody from commanding it."""
    screen = console()
    try:
        with console(stderr=True).status("reading the chain and planning the exit"):
            seen = exit_preview(settings)
    except AgentError as error:
        screen.print(f"what it costs cannot be said now: {error}", soft_wrap=True)
        return
    screen.print(plan_view(seen.planned.plan, plan_id=seen.planned.plan_id))
    for breach in seen.breaches:
        screen.print(
            f"a limit stands against it: {breach.limit} allows {breach.allowed}, found {breach.found}: "
            f"{breach.mend}",
            soft_wrap=True,
        )


def _say(words: str) -> None:
    console().print(words, soft_wrap=True)
