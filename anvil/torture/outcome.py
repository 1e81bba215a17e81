"""What is kept of a schedule, a line of JSON each, and the report that many of them add up to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from anvil.torture.oracle import Wrong
from anvil.torture.run import Result
from anvil.torture.schedule import DEADLY, Blow

RESULTS = "results-*.jsonl"
RUN = "run.json"
HARNESS = "harness"
"""A finding of this kind says that a schedule could not be judged."""

LOST = frozenset({Wrong.LOST, Wrong.UNRECORDED, Wrong.CONTRADICTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A schedule that was run, by its seed. `wrong` are the findings as (kind, words)."""

    seed: int
    commit: str
    wrong: tuple[tuple[str, str], ...] = ()
    ends: tuple[str, ...] = ()
    struck: tuple[tuple[str, str], ...] = ()
    faults: Mapping[str, int]
    acts: Mapping[str, int]
    lives: int = 0
    blocks: int = 0
    endpoints: int = 0
    is_halted: bool = False
    took_s: float = 0.0

    def line(self) -> str:
        return json.dumps(asdict(self))


def outcome(result: Result, *, commit: str) -> Outcome:
    """Return what is kept of a result."""
    return Outcome(
        seed=result.schedule.seed,
        commit=commit,
        wrong=tuple((str(finding.kind), finding.what) for finding in result.wrong),
        ends=result.ends,
        struck=tuple((str(strike.blow), strike.point) for strike in result.struck),
        faults=dict(result.faults),
        acts=dict(result.acts),
        lives=result.lives,
        blocks=result.blocks,
        endpoints=len(result.schedule.dialects),
        is_halted=result.is_halted,
        took_s=round(result.took_s, 3),
    )


def unjudged(seed: int, error: Exception, *, commit: str) -> Outcome:
    """Return what is kept of a schedule that the harness could not bring to its end."""
    words = f"{type(error).__name__}: {error}"
    return Outcome(seed=seed, commit=commit, wrong=((HARNESS, words),), faults={}, acts={})


def load_outcomes(directory: Path) -> list[Outcome]:
    """Return what a run has kept so far, by seed; of one that was run twice, the later."""
    found: dict[int, Outcome] = {}
    for path in sorted(directory.glob(RESULTS)):
        for line in path.read_text().splitlines():
            if line.endswith("}"):  # the last one may be cut off
                kept = Outcome(**{k: _fixed(v) for k, v in json.loads(line).items()})
                found[kept.seed] = kept
    return [found[seed] for seed in sorted(found)]


def _fixed(value: Any) -> Any:  # noqa: ANN401 - JSON
    return tuple(map(_fixed, value)) if isinstance(value, list) else value


def judged_seeds(outcomes: Iterable[Outcome]) -> set[int]:
    return {o.seed for o in outcomes if HARNESS not in {kind for kind, _ in o.wrong}}


def failures(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [o for o in outcomes if o.wrong]


def report(outcomes: Sequence[Outcome], points: Sequence[str]) -> dict[str, object]:
    """Return the figures of a run; `points` are all that an agent passes."""
    kinds = Counter(kind for o in outcomes for kind in {kind for kind, _ in o.wrong})
    blows = Counter(blow for o in outcomes for blow, _ in o.struck)
    struck = {point for o in outcomes for blow, point in o.struck if blow in DEADLY}
    times = [o.took_s for o in outcomes] or [0.0]
    return {
        "schedules": len(outcomes),
        "seeds": f"{outcomes[0].seed} to {outcomes[-1].seed}" if outcomes else "none",
        "commits": sorted({o.commit for o in outcomes}),
        "with several endpoints": sum(o.endpoints > 1 for o in outcomes),
        "lives": sum(o.lives for o in outcomes),
        "restarts": sum(o.lives - 1 for o in outcomes if o.lives),
        "killed": blows[Blow.KILL],
        "power lost": blows[Blow.POWER_LOSS],
        "second instances": blows[Blow.SECOND_INSTANCE],
        "foreign nonces": blows[Blow.FOREIGN_NONCE],
        "points died at": f"{len(struck & set(points))} of {len(points)}",
        "blocks": sum(o.blocks for o in outcomes),
        "faults": dict(sorted(_summed(o.faults for o in outcomes).items())),
        "acts": dict(sorted(_summed(o.acts for o in outcomes).items())),
        "doubles": kinds[Wrong.DOUBLE],
        "losses": sum(kinds[kind] for kind in LOST),
        "stuck": kinds[Wrong.STUCK],
        "fee caps broken": kinds[Wrong.FEES],
        "logs not verified": kinds[Wrong.LOG],
        "ledgers unsound": kinds[Wrong.LEDGER],
        "stopped without need": kinds[Wrong.HUMAN],
        "stopped for an operator": sum(o.is_halted for o in outcomes),
        "not judged": kinds[HARNESS],
        "seeds to replay": [o.seed for o in failures(outcomes)],
        "median seconds": round(median(times), 2),
        "95 % under seconds": round(quantiles(times, n=20)[-1], 2) if len(times) > 1 else times[0],
    }


def _summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def table(figures: Mapping[str, object]) -> Iterator[str]:
    """Yield the rows of a Markdown table."""
    yield "| | |"
    yield "|---|---|"
    for name, value in figures.items():
        yield f"| {name} | {_words(value)} |"


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
