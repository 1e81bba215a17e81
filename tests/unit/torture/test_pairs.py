"""The covering array has every pair, in a fraction of the schedules that one for each would take."""

from itertools import product

from anvil.torture.schedule import Start
from anvil.torture.troubles import TROUBLES, pairs_of, pairwise

POINTS = [f"point {number}" for number in range(20)]


def test_every_point_meets_every_trouble() -> None:
    met = set().union(*map(pairs_of, pairwise(POINTS, Start.PLANNED)))

    assert set(product(POINTS, TROUBLES)) <= met


def test_fewer_schedules_than_half_the_pairs_are_needed() -> None:
    assert len(pairwise(POINTS, Start.PLANNED)) < len(POINTS) * len(TROUBLES) / 2


def test_the_same_points_give_the_same_schedules() -> None:
    assert pairwise(POINTS, Start.PLANNED) == pairwise(POINTS, Start.PLANNED)


def test_troubles_differ() -> None:
    assert len(set(TROUBLES.values())) == len(TROUBLES)
