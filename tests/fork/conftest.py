"""The twin and a fork of it, started once; every test finds the fork as it was at the start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anvil.node import Node
from anvil.twin import forked_twin, manifest


@pytest.fixture(scope="session")
def twin() -> dict:
    """What stands on the twin: its manifest."""
    return manifest()


@pytest.fixture(scope="session")
def running_fork() -> Iterator[Node]:
    with forked_twin() as node:
        yield node


@pytest.fixture
def fork(running_fork) -> Iterator[Node]:
    with running_fork.undone():
        yield running_fork
