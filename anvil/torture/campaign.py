"""Many schedules in several processes: started, watched, started again where one ends, and summed up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from anvil.torture.outcome import RUN, Outcome, judged_seeds, load_outcomes, report, table

POLL_S = 5.0
MOST_STARTS = 20
REPORT = "report.json"


class CampaignError(Exception):
    """A campaign cannot be run as asked; the text says why."""


def run_campaign(  # noqa: PLR0913 - what a campaign is
    directory: Path,
    *,
    first: int,
    schedules: int,
    workers: int,
    is_resumed: bool,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Run the schedules of `schedules` seeds from `first` on, and return what came of all.

    Raises:
        CampaignError: the directory has results of another run, or workers keep failing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if load_outcomes(directory) and not is_resumed:
        raise CampaignError(f"{directory} has results already: give --resume, or another --out")
    began = time.monotonic()
    seeds = set(range(first, first + schedules))
    before = len(judged_seeds(load_outcomes(directory)) & seeds)
    arguments = ["--out", str(directory), "--first", str(first), "--schedules", str(schedules)]
    with ExitStack() as running:
        started = [_Worker(running, arguments, number, workers) for number in range(workers)]
        while any(worker.is_at_work() for worker in started):
            time.sleep(POLL_S)
            done = len(judged_seeds(load_outcomes(directory)) & seeds)
            tell(_progress(done, before, schedules, time.monotonic() - began))
    return [kept for kept in load_outcomes(directory) if kept.seed in seeds]


class _Worker:
    """A process of this package, started again as long as it does not end well."""

    def __init__(self, running: ExitStack, arguments: Sequence[str], number: int, of: int) -> None:
        self._command = [
            *(sys.executable, "-m", "anvil.torture", *arguments),
            *("--worker", str(number), "--workers", str(of)),
        ]
        self._starts = 0
        self._process = self._start()
        running.callback(self._end)

    def is_at_work(self) -> bool:
        code = self._process.poll()
        if code is not None and code != 0:
            if self._starts >= MOST_STARTS:
                raise CampaignError(f"a worker ended with {code}, after {self._starts} starts")
            self._process = self._start()
            return True
        return code is None

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL)

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()


def _progress(done: int, before: int, schedules: int, elapsed_s: float) -> str:
    per_minute = (done - before) / elapsed_s * 60
    left = f"{(schedules - done) / per_minute:.0f} min left" if per_minute else "beginning"
    return f"{done:,} of {schedules:,} schedules, {per_minute:.0f} a minute, {left}"


def report_of(directory: Path) -> list[str]:
    """Write the report of a run beside its results, and return it as a table.

    Raises:
        CampaignError: there are no results.
    """
    outcomes = load_outcomes(directory)
    if not outcomes:
        raise CampaignError(f"{directory} has no results")
    points = json.loads((directory / RUN).read_text())["points"]
    figures = report(outcomes, points)
    (directory / REPORT).write_text(json.dumps(figures, indent=1) + "\n")
    return list(table(figures))


def commit() -> str:
    """Return the commit that is checked out, with a plus where files differ from it."""
    try:
        asked = ["git", "rev-parse", "--short=12", "HEAD"], ["git", "status", "--porcelain", "-uno"]
        head, changed = (
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            for command in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")
