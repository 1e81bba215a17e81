"""`agent signals`: look at the signals, publish their schemas, convert tables of market caps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.frame import Json, SettingsFile, console, load_settings, print_json

signals_app = typer.Typer(help="Signals: show, schemas, conversion.", no_args_is_help=True)

TOP = 10
DAY = "%Y-%m-%d"
MOMENT = "%Y-%m-%dT%H:%M:%S%z"


@signals_app.command()
def show(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Fetch both signals and show what the agent would act on."""
    from datetime import UTC

    from agent.bootstrap.signals import fetch_signals
    from agent.cli.views_signals import signals_view

    ranking, regime = fetch_signals(load_settings(settings), now=datetime.now(UTC))
    if as_json:
        print_json({"ranking": ranking, "regime": regime})
    else:
        console().print(signals_view(ranking, regime, top=TOP))


@signals_app.command()
def schema(
    name: Annotated[str, typer.Argument(help="ranking or regime; both without it.")] = "",
) -> None:
    """Print the published JSON Schemas."""
    from agent.bootstrap.signals import schema as schema_of
    from agent.domain.bodies import SignalName

    names = [SignalName(name)] if name in list(SignalName) else list(SignalName)
    if name and len(names) > 1:
        raise typer.BadParameter(f"{name!r} is neither ranking nor regime")
    for each in names:
        typer.echo(schema_of(each), nl=False)


@signals_app.command()
def convert(
    table: Annotated[Path, typer.Argument(help="Parquet or CSV table of market caps.")],
    day: Annotated[datetime, typer.Option("--date", formats=[DAY], help="Which day of it.")],
    out: Annotated[Path, typer.Option("--out", help="The ranking to write.")],
    issued_at: Annotated[
        datetime | None,
        typer.Option(formats=[MOMENT], help="Time of issue, such as 2025-03-03T00:00:00Z."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn one day of a market cap table into a ranking."""
    from agent.bootstrap.signals import write_ranking
    from agent.cli.views_signals import conversion_view

    report = write_ranking(table, day=day.date(), out=out, issued_at=issued_at)
    if as_json:
        print_json(report)
    else:
        console().print(conversion_view(report, out))


@signals_app.command()
def clear(
    sha256: Annotated[str, typer.Argument(help="The refused ranking's hash, or how it begins.")],
    by: Annotated[str, typer.Option(help="Who looked at it.")],
    reason: Annotated[str, typer.Option(help="Why it may pass; it is kept in the log.")],
    settings: SettingsFile = None,
) -> None:
    """Let a ranking pass that the quarantine stopped."""
    from agent.bootstrap.quarantine import clear as let_pass

    cleared = let_pass(load_settings(settings), sha256, by=by, reason=reason)
    typer.echo(f"ranking {cleared.ranking_sha256} passes; the next cycle may act on it")
