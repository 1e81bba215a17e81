"""The agent is killed at each point that it passes, once, and started again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent import ports
from anvil.torture.ground import Ground
from anvil.torture.run import Result
from anvil.torture.schedule import Schedule, Start
from anvil.torture.troubles import once_each

PARTS = 6
CHANGE_NOTHING = {"intents", "records", "load_content", "checkpoints"}
"""Of the ledger's methods; the others commit."""


def methods(protocol: type) -> set[str]:
    return {
        name for name, value in vars(protocol).items() if callable(value) and name[0] != "_"
    } - {"address"}


def points_of(ground: Ground, start: Start) -> list[str]:
    """Return the points to die at: those of a fresh start that a recorded plan does not pass."""
    points = ground.sites[start].points.keys()
    if start is Start.FRESH:
        points -= ground.sites[Start.PLANNED].points.keys()
    return sorted(points)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("start", Start)
def test_an_agent_killed_at_any_point_goes_on_from_there(
    start: Start, part: int, ground: Ground, holds: Callable[[Schedule], Result]
) -> None:
    for schedule in once_each(points_of(ground, start)[part::PARTS], start):
        result = holds(schedule)

        assert result.lives == 2, schedule.lines()


def test_every_method_that_commits_signs_or_sends_has_a_point(ground: Ground) -> None:
    passed = {point for site in ground.sites.values() for point in site.points}
    wanted = {f"commit:{name}" for name in methods(ports.Ledger) - CHANGE_NOTHING}
    wanted |= {f"{name}" for name in methods(ports.Signer)}
    wanted |= {name.removesuffix("_raw") for name in methods(ports.Broadcaster)}

    for point in wanted:
        assert {f"{point}:before", f"{point}:after"} <= passed
    for name in CHANGE_NOTHING:
        assert f"commit:{name}:before" not in passed
