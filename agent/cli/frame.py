"""What all commands share: settings, output for people or machines, and errors as one line each."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from agent.errors import AgentError, StopRequestedError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.settings import Settings

WIDTH, LEAST_WIDTH = 100, 92
UNEXPECTED_EXIT_CODE = 1
STOPPED_EXIT_CODE = 130

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="AGENT_SETTINGS",
        help="Settings file; by default ./agent.toml, else /etc/agent/agent.toml.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class ErrorLines(TyperGroup):
    """Commands that end in an `AgentError` say so in one line and exit with the error's code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer hides its context class
        try:
            return super().invoke(ctx)
        except AgentError as error:
            _refuse(error)
            raise typer.Exit(error.exit_code) from error
        except StopRequestedError:
            typer.echo("stopped: the same command goes on from here", err=True)
            raise typer.Exit(STOPPED_EXIT_CODE) from None
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except Exception as error:
            if type(error).__module__.startswith(("click", "typer")):
                raise
            _report_bug(error)
            raise typer.Exit(UNEXPECTED_EXIT_CODE) from error


def _refuse(error: AgentError) -> None:
    from agent import observe

    observe.command_refused(error=type(error).__name__, reason=str(error))
    for line in str(error).splitlines():
        typer.echo(f"error: {line}", err=True)


def _report_bug(error: Exception) -> None:
    from agent import observe

    observe.unexpected_error(error)
    words = " ".join(str(error).split())[:200]
    typer.echo(f"error: {type(error).__name__}: {words}: this is a bug, please report it", err=True)


def log_events(*, is_service: bool) -> None:
    """Let a service log its events; any other command only what should never happen."""
    from agent import observe

    observe.configure(level=logging.INFO if is_service else logging.CRITICAL)


def load_settings(path: Path | None) -> Settings:
    from agent.settings import load_settings as load

    return load(path)


def console(*, stderr: bool = False) -> Console:
    """Return where people read; without a terminal it is 100 columns wide and without colours.

    A narrower terminal than tables need wraps their lines itself, which loses nothing.
    """
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False, soft_wrap=False)
    screen.width = max(screen.width, LEAST_WIDTH) if screen.is_terminal else WIDTH
    return screen


def print_json(value: object) -> None:
    """Print a value of the domain; integers and decimals come as strings, as in the log."""
    from agent.domain.canonical import to_json

    typer.echo(json.dumps(to_json(value), indent=2))
