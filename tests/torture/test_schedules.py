"""Seeded schedules, which combine everything; `make torture` runs thousands more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anvil.torture.ground import Ground
from anvil.torture.run import Result, ran
from anvil.torture.schedule import Blow, Schedule, Start, Strike
from anvil.torture.worker import schedule_of

SCHEDULES = 50
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_a_seeded_schedule_does_no_harm(
    part: int, ground: Ground, holds: Callable[[Schedule], Result]
) -> None:
    for seed in range(part, SCHEDULES, PARTS):
        holds(schedule_of(ground, seed))


def test_a_second_instance_is_refused_whatever_the_first_does(
    holds: Callable[[Schedule], Result],
) -> None:
    blow = Strike(life=0, point="send:before", hit=1, blow=Blow.SECOND_INSTANCE)
    result = holds(Schedule(seed=0, start=Start.PLANNED, strikes=(blow,)))

    assert result.lives == 1
    assert result.struck == (blow,)


def test_a_schedule_goes_the_same_way_twice(ground: Ground) -> None:
    schedule = schedule_of(ground, 4)
    first, second = ran(ground, schedule), ran(ground, schedule)

    assert (first.lives, first.struck, first.ends) == (second.lives, second.struck, second.ends)
    assert first.faults == second.faults
