"""`agent methodology`: the index's rules in words, from the settings."""

from __future__ import annotations

from pathlib import Path

import typer

from agent.bootstrap.methodology import methodology_of
from agent.cli.frame import load_settings


def print_methodology(settings_file: Path | None) -> None:
    typer.echo(methodology_of(load_settings(settings_file)), nl=False)
