"""`agent tx`: the transactions of the agent, what is true of them, and acts on them."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.frame import Json, SettingsFile

tx_app = typer.Typer(
    help="Transactions: list, show, doctor, bump, cancel, fill-gap, rebroadcast, reconcile.",
    no_args_is_help=True,
)

Name = Annotated[
    str, typer.Argument(help="Nonce, transaction hash, or how the intent's id begins.")
]


@tx_app.command("list")
def list_all(
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """List the transactions that are open."""
    from agent.cli.tx_views import show_list

    show_list(settings, every=every, as_json=as_json)


@tx_app.command()
def show(name: Name, settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show one transaction with all its attempts."""
    from agent.cli.tx_views import show_one

    show_one(settings, name, as_json=as_json)


@tx_app.command()
def doctor(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Say of every open transaction what is true, why, and what comes next."""
    from agent.cli.tx_views import show_diagnoses

    show_diagnoses(settings, as_json=as_json)


@tx_app.command()
def bump(name: Name, settings: SettingsFile = None, as_json: Json = False) -> None:
    """Send it at a higher price, on the same nonce."""
    _act(settings, name, "bump", as_json=as_json)


@tx_app.command()
def cancel(name: Name, settings: SettingsFile = None, as_json: Json = False) -> None:
    """Replace it by a transfer of nothing to the account itself."""
    _act(settings, name, "cancel", as_json=as_json)


@tx_app.command("fill-gap")
def fill_gap(name: Name, settings: SettingsFile = None, as_json: Json = False) -> None:
    """Use up a nonce that nothing was signed for and that others wait for."""
    _act(settings, name, "fill-gap", as_json=as_json)


@tx_app.command()
def rebroadcast(name: Name, settings: SettingsFile = None, as_json: Json = False) -> None:
    """Send its newest bytes again, to every endpoint of its route."""
    _act(settings, name, "rebroadcast", as_json=as_json)


@tx_app.command()
def reconcile(
    by: Annotated[str, typer.Option(help="Who decides it.")],
    note: Annotated[str, typer.Option(help="What happened, as far as it is known.")] = "",
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Account for nonces and batches on chain that the ledger does not know."""
    from agent.cli.tx_views import reconcile_with_chain

    reconcile_with_chain(settings, by=by, note=note, as_json=as_json)


def _act(settings: SettingsFile, name: str, deed: str, *, as_json: bool) -> None:
    from agent.cli.tx_views import act

    act(settings, name, deed, as_json=as_json)
