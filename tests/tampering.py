"""The log under a long attack: `python -m tests.tampering 100000` damages an export so often, and counts.

Every damaged file must be refused, with the place named. The kinds are those of `tests.mutations`, an
older export shown to who has seen a newer checkpoint, and checkpoints that another key signed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import repeat
from pathlib import Path

from agent.domain.record import Checkpoint
from agent.errors import LogVerificationError
from agent.log.checkpoint import signed
from agent.log.keys import create_key, load_key
from tests.exports import Export, export_of, verified
from tests.logbook import START, SteppingClock
from tests.mutations import MUTATIONS, Material, mutations

SEED = 20_261_124
CHUNK = 250
WEEKS = 2
ROLLBACK, WRONG_KEY = "rollback", "wrong_key"
KINDS = (*MUTATIONS, ROLLBACK, WRONG_KEY)
KEY, STRANGE = "key.pem", "strange.pem"
OURS, THEIRS = "ours.jsonl", "theirs.jsonl"

Damaged = tuple[bytes, Checkpoint | None]
"""A file, and the checkpoint that its reader has seen before."""


def stage(home: Path) -> None:
    """Write what is attacked: an export, another log's that the same key closed, and the keys."""
    key = create_key(home / KEY)
    create_key(home / STRANGE)
    for name, hours in ((OURS, 0), (THEIRS, 1)):
        place = home / name.partition(".")[0]
        place.mkdir()
        clock = SteppingClock(START + timedelta(hours=hours))
        (home / name).write_bytes(export_of(place, weeks=WEEKS, start=clock, key=key)[0])


def attacked(home: Path, kind: str, seed: int, count: int) -> Counter[str]:
    """Return how many of `count` damaged files of a kind were refused, and how many were not."""
    key = load_key(home / KEY).public
    found: Counter[str] = Counter()
    for data, seen in _damaged(home, kind, seed, count):
        try:
            verified(data, key, after=seen)
        except LogVerificationError as error:
            found["refused" if error.where else "refused without a place"] += 1
        else:
            found["went through"] += 1
    return found


def _damaged(home: Path, kind: str, seed: int, count: int) -> Iterator[Damaged]:
    rng = random.Random(seed)
    if kind == ROLLBACK:
        yield from (_rolled_back(home, rng) for _ in range(count))
    elif kind == WRONG_KEY:
        yield from (_signed_by_another(home, rng) for _ in range(count))
    else:
        material = Material(ours=(home / OURS).read_bytes(), theirs=(home / THEIRS).read_bytes())
        for mutation in mutations(kind, material, seed=seed, count=count):
            yield mutation.data, None


@cache
def _export(home: Path) -> Export:
    return Export.of((home / OURS).read_bytes())


def _rolled_back(home: Path, rng: random.Random) -> Damaged:
    """Return a genuine older export, for a reader who has seen a later checkpoint."""
    export = _export(home)
    older, newer = sorted(rng.sample(range(1, len(export.checkpoints) + 1), 2))
    return export.until(older).data(), export.checkpoints[newer - 1]


def _signed_by_another(home: Path, rng: random.Random) -> Damaged:
    """Return the export with some of its checkpoints signed by another key."""
    export, strange = _export(home), load_key(home / STRANGE)
    count = len(export.checkpoints)
    chosen = rng.sample(range(count), rng.randint(1, count))
    checkpoints = [
        signed(checkpoint, strange) if i in chosen else checkpoint
        for i, checkpoint in enumerate(export.checkpoints)
    ]
    return replace(export, checkpoints=tuple(checkpoints)).data(), None


def campaign(count: int, *, jobs: int) -> dict[str, Counter[str]]:
    """Return for each kind what became of its share of `count` damaged files."""
    each = -(-count // len(KINDS))
    sizes = [CHUNK] * (each // CHUNK) + ([each % CHUNK] if each % CHUNK else [])
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(jobs) as pool:
        home = Path(place)
        stage(home)
        tasks = [(kind, SEED + i, size) for i, size in enumerate(sizes) for kind in KINDS]
        kinds, seeds, counts = zip(*tasks, strict=True)
        for kind, counted in zip(
            kinds, pool.map(attacked, repeat(home), kinds, seeds, counts), strict=True
        ):
            found[kind].update(counted)
    return found


def main() -> int:
    """Print the figures; return 1 where anything was not refused with its place."""
    parser = argparse.ArgumentParser(prog="python -m tests.tampering", description=main.__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    began = time.monotonic()
    found = campaign(given.count, jobs=given.jobs)
    total = sum((counted for counted in found.values()), Counter())
    rows = [*found.items(), ("all", total)]
    lines = [f"| {kind} | {row.total():,} | {row['refused']:,} |" for kind, row in rows]
    seconds = f"seed {SEED}, {time.monotonic() - began:.0f} s on {given.jobs} processes"
    head = ["| damage | files | refused, with the place |", "|---|---|---|"]
    sys.stdout.write("\n".join([*head, *lines, seconds, ""]))
    return 0 if total["refused"] == total.total() else 1


if __name__ == "__main__":
    sys.exit(main())
