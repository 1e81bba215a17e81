"""All commands, and where each is implemented."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.drill import drill_app
from agent.cli.frame import ErrorLines, Json, SettingsFile, log_events
from agent.cli.log import log_app
from agent.cli.regime import regime_app
from agent.cli.signals import signals_app
from agent.cli.tx import tx_app

app = typer.Typer(
    name="agent",
    help="Keeps crypto index portfolios at their target, on chain.",
    cls=ErrorLines,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: laying it out with Rich takes longer than all else
)
app.add_typer(signals_app, name="signals")
app.add_typer(regime_app, name="regime")
app.add_typer(log_app, name="log")
app.add_typer(tx_app, name="tx")
app.add_typer(drill_app, name="drill")

FORK = "An Anvil fork; its block time is the clock."


def main() -> None:
    app()


@app.callback()
def _root() -> None:
    log_events(is_service=False)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Where the settings go.")] = Path(),
    vault: Annotated[str | None, typer.Option(help="Contract that holds the funds.")] = None,
    rpc_url: Annotated[str | None, typer.Option(help="The node's address.")] = None,
    ranking: Annotated[str | None, typer.Option(help="Path or http(s) address.")] = None,
    regime: Annotated[str | None, typer.Option(help="Path or http(s) address.")] = None,
    keystore: Annotated[str | None, typer.Option(help="Encrypted key file.")] = None,
    password_file: Annotated[str | None, typer.Option(help="File with its password.")] = None,
) -> None:
    """Write a settings file and the key pair of the log."""
    from agent.cli.init import write_deployment

    given = {
        "vault": vault,
        "rpc_url": rpc_url,
        "ranking": ranking,
        "regime": regime,
        "keystore": keystore,
        "password_file": password_file,
    }
    write_deployment(directory, {key: value for key, value in given.items() if value is not None})


@app.command()
def check(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Try what a cycle needs, and say how to mend what is wrong."""
    from agent.cli.check import run_checks

    run_checks(settings, as_json=as_json)


@app.command()
def plan(
    settings: SettingsFile = None,
    fork_url: Annotated[str | None, typer.Option(metavar="URL", help=FORK)] = None,
    all_orders: Annotated[bool, typer.Option("--all", help="Show every order.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a cycle would do now, and its cost; sign nothing."""
    from agent.cli.plan import show_plan

    show_plan(settings, fork_url=fork_url, all_orders=all_orders, as_json=as_json)


@app.command()
def dry_run(
    fork_url: Annotated[str, typer.Option(metavar="URL", help=FORK)],
    out: Annotated[Path, typer.Option(help="New directory for ledger, log and keys.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Run a whole cycle on an Anvil fork with a throwaway key."""
    from agent.cli.run import dry_run as run

    run(settings, fork_url=fork_url, out=out, as_json=as_json)


@app.command()
def run(
    settings: SettingsFile = None,
    once: Annotated[
        bool, typer.Option("--once", help="The latest slot's cycle, then end.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run cycles on the schedule, as a service."""
    from agent.cli.run import run_once, run_service

    if once:
        run_once(settings, as_json=as_json)
    else:
        run_service(settings)


@app.command()
def approve(
    proposal_id: Annotated[str, typer.Argument(help="The proposal, or how its id begins.")],
    by: Annotated[str, typer.Option(help="Who approves.")],
    note: Annotated[str, typer.Option(help="Anything worth keeping.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Let a proposal go ahead."""
    from agent.cli.commanding import approve_proposal

    approve_proposal(settings, proposal_id, by=by, note=note)


@app.command()
def reject(
    proposal_id: Annotated[str, typer.Argument(help="The proposal, or how its id begins.")],
    by: Annotated[str, typer.Option(help="Who rejects.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")],
    settings: SettingsFile = None,
) -> None:
    """Stop a proposal: what of it is not signed yet never will be."""
    from agent.cli.commanding import reject_proposal

    reject_proposal(settings, proposal_id, by=by, reason=reason)


@app.command()
def pause(
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")],
    settings: SettingsFile = None,
) -> None:
    """Rest: no cycle begins and nothing more is signed, until resume."""
    from agent.cli.commanding import pause_agent

    pause_agent(settings, by=by, reason=reason)


@app.command()
def resume(
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")] = "",
    settings: SettingsFile = None,
) -> None:
    """End a pause."""
    from agent.cli.commanding import resume_agent

    resume_agent(settings, by=by, reason=reason)


@app.command()
def flatten(
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not show what it costs, do not ask.")
    ] = False,
    settings: SettingsFile = None,
) -> None:
    """Out to stablecoins at once, and stay out; shows what it costs, and asks."""
    from agent.cli.commanding import flatten_portfolio

    flatten_portfolio(settings, by=by, reason=reason, is_sure=yes)


@app.command()
def coverage(
    settings: SettingsFile = None,
    cycle: Annotated[str | None, typer.Argument(help="By default the last that proposed.")] = None,
    as_json: Json = False,
) -> None:
    """Show what of the index is held, in what form, and how that went before."""
    from agent.cli.coverage import show_coverage

    show_coverage(settings, cycle, as_json=as_json)


@app.command()
def status(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show the last and next cycle, what is in flight, and the log's end."""
    from agent.cli.status import show_status

    show_status(settings, as_json=as_json)


@app.command()
def notify(
    words: Annotated[str, typer.Argument(help="What to say.")] = "Do you read this?",
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Send a notice to every channel, to try them."""
    from agent.cli.notify import try_channels

    try_channels(settings, words=words, as_json=as_json)


@app.command()
def explain(
    cycle: Annotated[
        str | None, typer.Argument(help="The cycle's id; the last one without.", show_default=False)
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Read this export, not the ledger.")] = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Say of every coin why it is traded or not, and what began the cycle."""
    from agent.cli.explain import explain_cycle

    explain_cycle(settings, cycle, export=export, as_json=as_json)


@app.command()
def methodology(settings: SettingsFile = None) -> None:
    """Print the index's rules in words, as the settings put them in force."""
    from agent.cli.methodology import print_methodology

    print_methodology(settings)
