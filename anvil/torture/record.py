"""What an agent passes when nothing strikes it: the points there are, and a plan to start from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from anvil.torture.ground import Ground, Site, prepared
from anvil.torture.run import Result, ran
from anvil.torture.schedule import Schedule, Start, Strike

PLANNED_AT = "commit:open_intent:before"
"""The first commit after the one of the plan."""

OF_THE_CASE = ("line", "words")


class UnfitError(Exception):
    """An agent that nothing strikes does not do well: there is nothing to torture."""


@contextmanager
def recorded(*starts: Start) -> Iterator[Ground]:
    """Provide the ground with what is passed from each of the starts."""
    with prepared(*starts) as ground:
        for start, site in ground.sites.items():
            if start is Start.PLANNED:
                _plan(ground, site)
            site.points = _undisturbed(ground, start).passed
        yield ground


def _undisturbed(ground: Ground, start: Start) -> Result:
    result = ran(ground, Schedule(seed=0, start=start))
    if result.wrong or result.is_halted or result.lives > 1:
        raise UnfitError("\n".join([*result.history, *map(str, result.wrong), *result.ends]))
    return result


def _plan(ground: Ground, site: Site) -> None:
    """Let an agent plan and be killed, and keep what it leaves as the start of the site."""
    strike = Strike(life=0, point=PLANNED_AT, hit=1)
    schedule = Schedule(seed=0, start=Start.PLANNED, strikes=(strike,))
    result = ran(ground, schedule, is_cut=True)
    kept = site.files.parent / "planned"
    shutil.copytree(ground.workplace / "case", kept)
    for name in OF_THE_CASE:
        (kept / name).unlink(missing_ok=True)
    site.files, site.clock_s = kept, result.clock_s
    site.snapshot = site.stage.node.rpc("evm_snapshot")
