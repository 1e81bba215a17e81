"""`agent drill`: rehearsals of what one hopes never to need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.frame import Json, SettingsFile, console, load_settings, print_json

if TYPE_CHECKING:
    from agent.bootstrap.drilling import Drill

drill_app = typer.Typer(help="Rehearsals on a fork.", no_args_is_help=True)


@drill_app.callback()
def _root() -> None:
    """Make `flatten` a command of its own, with others to come beside it."""


@drill_app.command()
def flatten(
    fork_url: Annotated[
        str, typer.Option(metavar="URL", help="An Anvil fork; its block time is the clock.")
    ],
    out: Annotated[Path, typer.Option(help="New directory for ledger, log and keys.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Sell the whole portfolio on a fork, and say how long it takes and what it costs."""
    from agent.bootstrap.drilling import drill_flatten
    from agent.cli.run import asked_to_stop, telling
    from agent.domain.happening import Ending

    given = load_settings(settings)
    with asked_to_stop() as stop, telling(as_json=as_json) as tell:
        seen = drill_flatten(given, fork_url=fork_url, out=out, stop=stop, tell=tell)
    if as_json:
        print_json(_tree(seen))
    else:
        _print(seen)
    if seen.end.ending is not Ending.DONE:
        typer.echo(f"error: {seen.end.reason}", err=True)
        raise typer.Exit(seen.end.exit_code)


def _print(seen: Drill) -> None:
    from agent.cli.tables import filled, heading, plain_table
    from agent.cli.words import bps, dollars

    rows = [
        ("took", f"{seen.seconds:.1f} s of the agent, and {seen.blocks} blocks"),
        ("sent", f"{seen.batches} batches, {seen.gas_used:,} gas"),
        ("sold", f"{dollars(seen.sold_usd)} of {dollars(seen.portfolio_usd)}"),
        ("cost", f"{dollars(seen.cost_usd, places=2)}, {bps(seen.cost_bps)} of the portfolio"),
        *(
            ("left", f"{skip.symbol} {dollars(skip.notional_usd)}: {skip.reason}")
            for skip in seen.left
        ),
    ]
    screen = console()
    screen.print(heading("Panic exit"))
    screen.print(filled(plain_table("", "~"), rows))


def _tree(seen: Drill) -> dict[str, object]:
    return {
        "cycle_id": seen.cycle_id,
        "ending": str(seen.end.ending),
        "reason": seen.end.reason,
        "milliseconds": int(seen.seconds * 1_000),
        "batches": seen.batches,
        "blocks": seen.blocks,
        "gas_used": seen.gas_used,
        "portfolio_usd": seen.portfolio_usd,
        "sold_usd": seen.sold_usd,
        "cost_usd": seen.cost_usd,
        "left": seen.left,
    }
