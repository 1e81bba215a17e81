"""`agent log`: read, review, sign off, export, verify and replay the signed-trade log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.frame import Json, SettingsFile

log_app = typer.Typer(
    help="The signed-trade log: show, review, sign-off, export, verify, replay.",
    no_args_is_help=True,
)

CycleId = Annotated[str | None, typer.Argument(help="Cycle id; the latest without it.")]
FromExport = Annotated[
    Path | None,
    typer.Option("--export", exists=True, dir_okay=False, help="Read this export, not the ledger."),
]


@log_app.command()
def show(
    cycle: CycleId = None,
    every: Annotated[bool, typer.Option("--all", help="Show every cycle.")] = False,
    export: FromExport = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Show what a cycle planned, signed, saw mined and realised."""
    from agent.cli.log_reading import show_cycles

    show_cycles(settings, cycle, every=every, export=export, as_json=as_json)


@log_app.command()
def review(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Walk the cycles that nobody signed off yet, and mark what is unusual."""
    from agent.cli.log_reading import review_cycles

    review_cycles(settings, as_json=as_json)


@log_app.command("sign-off")
def sign_off(
    cycle: Annotated[str, typer.Argument(help="The cycle that was reviewed.")],
    by: Annotated[str, typer.Option(help="Who reviewed it.")],
    note: Annotated[str, typer.Option(help="Anything worth keeping.")] = "",
    head: Annotated[
        str | None, typer.Option(help="The head that the review showed; refused if it moved on.")
    ] = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Append to the log who reviewed a cycle."""
    from agent.cli.log_reading import sign_off_cycle

    sign_off_cycle(settings, cycle, by=by, note=note, head=head, as_json=as_json)


@log_app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The file to write; - is the standard output.")],
    as_sealed: Annotated[
        bool, typer.Option("--as-sealed", help="End at the last checkpoint; needs no key.")
    ] = False,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Close the log with a checkpoint and write all that proves it to a file."""
    from agent.cli.log_proving import export_log

    export_log(settings, out, as_sealed=as_sealed, as_json=as_json)


@log_app.command()
def verify(
    export: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A closed export.")],
    key: Annotated[Path, typer.Option(help="Public key of the checkpoints, a PEM file.")],
    after: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A checkpoint or export seen before; shows rollbacks."
        ),
    ] = None,
    rpc: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Ask this node, too; the chain is the witness."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove an export from itself and the public key; exit code 8 if it does not hold."""
    from agent.cli.log_proving import verify_export

    verify_export(export, key, after=after, rpc=rpc, as_json=as_json)


@log_app.command()
def replay(
    cycle: CycleId = None,
    export: FromExport = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Compute a recorded plan anew from its recorded inputs."""
    from agent.cli.log_proving import replay_cycle

    replay_cycle(settings, cycle, export=export, as_json=as_json)
