"""A process that runs its share of a campaign's schedules, one after the other, and keeps what came of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from anvil.rpc import NodeError
from anvil.torture.ground import Ground
from anvil.torture.outcome import RUN, Outcome, judged_seeds, load_outcomes, outcome, unjudged
from anvil.torture.record import recorded
from anvil.torture.run import Result, ran
from anvil.torture.schedule import Schedule, Start, drawn

ROUND = 300
"""Schedules on one Anvil, which grows with each."""

FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which seeds are this worker's: every `of`-th from the `number`-th on."""

    first: int
    schedules: int
    number: int
    of: int

    @property
    def seeds(self) -> range:
        return range(self.first + self.number, self.first + self.schedules, self.of)


def work(directory: Path, share: Share, *, commit: str) -> None:
    """Run what of the share is not done yet."""
    done = judged_seeds(load_outcomes(directory))
    open_seeds = (seed for seed in share.seeds if seed not in done)
    path = directory / f"results-{share.number}.jsonl"
    while seeds := list(islice(open_seeds, ROUND)):
        with path.open("a", buffering=1) as results:
            for kept in _round(directory, seeds, commit):
                print(kept.line(), file=results)


def _round(directory: Path, seeds: Sequence[int], commit: str) -> Iterator[Outcome]:
    """Run schedules on one ground; a failure of the harness ends the round, and what is left of it is lost."""
    with recorded(*Start) as ground:
        _keep_points(directory, ground)
        for seed in seeds:
            try:
                result = ran(ground, schedule_of(ground, seed))
            except (NodeError, OSError, RuntimeError, LookupError) as error:
                yield unjudged(seed, error, commit=commit)
                return
            if result.wrong:
                _keep_history(directory, result)
            yield outcome(result, commit=commit)
            if result.is_hung:
                return


def schedule_of(ground: Ground, seed: int) -> Schedule:
    return drawn(seed, {start: site.points for start, site in ground.sites.items()})


def _keep_points(directory: Path, ground: Ground) -> None:
    points = sorted({point for site in ground.sites.values() for point in site.points})
    (directory / RUN).write_text(json.dumps({"points": points}))


def _keep_history(directory: Path, result: Result) -> None:
    kept = directory / FAILED
    kept.mkdir(exist_ok=True)
    (kept / f"{result.schedule.seed}.txt").write_text("\n".join(told(result)) + "\n")


def told(result: Result) -> list[str]:
    """Return the history of a schedule and its verdict, for a person to read."""
    verdict = [f"wrong: {finding}" for finding in result.wrong] or ["nothing is wrong"]
    return [*result.history, *(f"end: {end}" for end in result.ends), *verdict]
