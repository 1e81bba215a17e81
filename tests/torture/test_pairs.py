"""Every point to die at meets every trouble of the nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anvil.torture.ground import Ground
from anvil.torture.run import Result
from anvil.torture.schedule import Schedule, Start
from anvil.torture.troubles import pairwise

PARTS = 24


@pytest.mark.parametrize("part", range(PARTS))
def test_no_point_is_unsafe_in_any_trouble(
    part: int, ground: Ground, holds: Callable[[Schedule], Result]
) -> None:
    points = sorted(ground.sites[Start.PLANNED].points)
    for schedule in pairwise(points, Start.PLANNED)[part::PARTS]:
        holds(schedule)
