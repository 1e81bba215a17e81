"""The ground that schedules run on, made once in each process that tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from anvil.torture.ground import Ground
from anvil.torture.record import recorded
from anvil.torture.run import Result, ran
from anvil.torture.schedule import Schedule, Start
from anvil.torture.worker import told


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    with recorded(*Start) as made:
        yield made


@pytest.fixture
def holds(ground: Ground) -> Callable[[Schedule], Result]:
    """Run a schedule, and fail with its history if anything is wrong."""

    def run(schedule: Schedule) -> Result:
        result = ran(ground, schedule)
        if result.wrong:
            pytest.fail("\n".join(told(result)))
        return result

    return run
