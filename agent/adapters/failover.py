"""Quotes and rehearsals from whichever node has them: at a block named by its hash, any node says the same.

The node that answered last is asked first; one that fails is left alone until that one fails, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from agent.domain.block import Block
from agent.domain.pool import PoolRef, PoolState
from agent.domain.quote import QuoteRequest
from agent.errors import NodeUnfitError, RpcUnavailableError
from agent.ports import SimulatedCall, SimulatedOutcome, Simulator, Venue, Watch

P = TypeVar("P")
T = TypeVar("T")


class _Ring(Generic[P]):
    """The same thing behind several nodes."""

    def __init__(self, members: Sequence[P]) -> None:
        self._members = tuple(members)
        self._at = 0

    @property
    def current(self) -> P:
        return self._members[self._at]

    def ask(self, read: Callable[[P], T]) -> T:
        """Return what the first member says that can; raise what the last one raises if none can."""
        count = len(self._members)
        for step in range(count):
            place = (self._at + step) % count
            try:
                answer = read(self._members[place])
            except (RpcUnavailableError, NodeUnfitError):
                if step == count - 1:
                    raise
            else:
                self._at = place
                return answer
        raise AssertionError("there is at least one node")


class FailoverVenue:
    """Port `Venue` over one venue behind several nodes."""

    def __init__(self, venues: Sequence[Venue]) -> None:
        self._ring = _Ring(venues)

    @property
    def name(self) -> str:
        return self._ring.current.name

    def ping(self) -> None:
        self._ring.ask(lambda venue: venue.ping())

    def foresee(self, *, block: Block) -> None:
        self._ring.current.foresee(block=block)

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[PoolState, ...]:
        return self._ring.ask(
            lambda venue: venue.fetch_liquidity(requests=requests, pools=pools, block=block)
        )


class FailoverSimulator:
    """Port `Simulator` over several nodes."""

    def __init__(self, simulators: Sequence[Simulator]) -> None:
        self._ring = _Ring(simulators)

    @property
    def name(self) -> str:
        return self._ring.current.name

    def simulate(
        self, *, calls: Sequence[SimulatedCall], watch: Watch, block: Block
    ) -> tuple[SimulatedOutcome, ...]:
        return self._ring.ask(
            lambda simulator: simulator.simulate(calls=calls, watch=watch, block=block)
        )
