"""`agent check`: what is ready, what is not, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from agent.bootstrap.checks import Finding, Verdict, findings
from agent.cli.frame import console, load_settings, print_json

STYLES = {Verdict.OK: "green", Verdict.WRONG: "bold red", Verdict.NOT_TRIED: "dim"}


def run_checks(settings_file: Path | None, *, as_json: bool) -> None:
    """Print what the checks find; exit with the code of the first that is wrong."""
    settings = load_settings(settings_file)
    screen = console()
    with screen.status("checking"):
        found = tuple(findings(settings))
    wrong = [finding for finding in found if finding.verdict is Verdict.WRONG]
    if as_json:
        print_json({"is_ready": not wrong, "findings": found})
    else:
        screen.print(_table(found))
        screen.print(_next_step(len(wrong)))
    if wrong:
        raise typer.Exit(wrong[0].exit_code)


def _table(found: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        style = STYLES[finding.verdict]
        table.add_row(finding.name, f"[{style}]{finding.verdict}[/]", finding.words)
    return table


def _next_step(wrong: int) -> str:
    if wrong:
        return f"\n{wrong} of these must be mended, then run agent check again"
    return "\nready: look at agent plan, then start agent run"
