"""`agent run` and `agent dry-run`: cycles with the operator's key on schedule, or one on a fork."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

import agent
from agent import observe
from agent.bootstrap.dry_run import EXPORT_NAME, dry_service
from agent.bootstrap.live import live_service
from agent.cli.frame import console, load_settings, log_events, print_json
from agent.cli.views_run import Story
from agent.domain.happening import Ending, Happening, Listener, StepEnd
from agent.errors import StopRequestedError


def run_service(settings_file: Path | None) -> None:
    """Run cycles on the schedule until asked to stop."""
    log_events(is_service=True)
    settings = load_settings(settings_file)
    observe.service_started(version=agent.__version__, settings=settings.public())
    try:
        with (
            asked_to_stop() as stop,
            live_service(settings, stop=stop, is_attended=False, tell=_ignore) as service,
        ):
            service.run_forever()
    except StopRequestedError:
        observe.service_stopped()


def run_once(settings_file: Path | None, *, as_json: bool) -> None:
    """Run the cycle of the latest slot now, and finish what an earlier run left."""
    settings = load_settings(settings_file)
    with (
        asked_to_stop() as stop,
        telling(as_json=as_json) as tell,
        live_service(settings, stop=stop, is_attended=True, tell=tell) as service,
    ):
        slot, end, is_news = service.run_once()
    _conclude(slot.cycle_id, end, is_news=is_news, as_json=as_json, details="agent log show")


def dry_run(settings_file: Path | None, *, fork_url: str, out: Path, as_json: bool) -> None:
    """Run the cycle of the latest slot on a fork, with a throwaway key."""
    settings = load_settings(settings_file)
    with (
        asked_to_stop() as stop,
        telling(as_json=as_json) as tell,
        dry_service(settings, fork_url=fork_url, out=out, stop=stop, tell=tell) as service,
    ):
        slot, end, is_news = service.run_once()
    details = f"agent log show --export {out / EXPORT_NAME}"
    _conclude(slot.cycle_id, end, is_news=is_news, as_json=as_json, details=details)


@contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """Provide an event that SIGTERM and Ctrl-C set; whatever is under way ends at its next wait."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        observe.service_stopping(reason=signal.Signals(number).name)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def telling(*, as_json: bool) -> Iterator[Listener]:
    """Provide a listener that prints what happens, below it on a terminal what is being done."""
    if as_json:
        yield _ignore
        return
    screen, story = console(), Story()
    with screen.status(story.under_way) as status:

        def tell(happening: Happening) -> None:
            words = story.told(happening)
            if words is not None:
                screen.print(words)
            status.update(story.under_way)

        yield tell


def _ignore(_: Happening) -> None:
    """Tell nobody: the events say it."""


def _conclude(cycle_id: str, end: StepEnd, *, is_news: bool, as_json: bool, details: str) -> None:
    if as_json:
        print_json({"cycle_id": cycle_id, "is_news": is_news, "end": end})
    elif end.ending is Ending.DONE:
        words = "went well" if is_news else "went well before: nothing was done"
        typer.echo(f"\ncycle {cycle_id} {words}; details: {details}")
    if end.ending is not Ending.DONE:
        typer.echo(f"error: {end.reason}", err=True)
        raise typer.Exit(end.exit_code)
