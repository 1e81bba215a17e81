"""`agent notify`: a notice by hand, to see that the channels work."""

from __future__ import annotations

from pathlib import Path

import typer

from agent.bootstrap.notifying import try_channels as send
from agent.cli.frame import console, load_settings, print_json
from agent.cli.tables import filled, plain_table
from agent.errors import MessengerUnavailableError


def try_channels(settings_file: Path | None, *, words: str, as_json: bool) -> None:
    """Send to every channel, and say what became of it; ends badly if one did not take it."""
    tried = send(load_settings(settings_file), words=words)
    if as_json:
        print_json(tried)
    else:
        rows = ((one.channel, one.reason or "took it") for one in tried)
        console().print(filled(plain_table("channel", "~"), rows))
    if any(one.reason for one in tried):
        raise typer.Exit(MessengerUnavailableError.exit_code)
