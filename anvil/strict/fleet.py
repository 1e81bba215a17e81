"""Strict endpoints over one Anvil, started and ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from anvil.rpc import Call
from anvil.strict.answering import Answering, Arrival, Outcome, Pace
from anvil.strict.chain import FINALITY, Chain
from anvil.strict.dialects import DIALECTS
from anvil.strict.faults import Act
from anvil.strict.history import History
from anvil.strict.node import Node
from anvil.strict.refusals import Rules
from anvil.strict.script import Rule, Script
from anvil.strict.server import served
from anvil.strict.upstream import Upstream
from anvil.strict.world import World


class Fleet:
    """Running endpoints: their addresses, what stands behind them, and a way to upset it."""

    def __init__(self, world: World, pace: Pace, on_arrival: Arrival | None = None) -> None:
        self.world = world
        self.history = world.history
        self.urls: tuple[str, ...] = ()
        self._answering = Answering(world, pace, on_arrival)
        self._turn = threading.RLock()

    @property
    def url(self) -> str:
        """The first endpoint's address."""
        return self.urls[0]

    def do(self, act: Act) -> None:
        """Upset the chain or an endpoint; raises NodeError where the chain does not allow it."""
        with self._turn:
            self.world.do(act)

    def mine(self, blocks: int = 1) -> None:
        with self._turn:
            self.world.mine(blocks)

    def ask(self, index: int, calls: Sequence[Call]) -> Outcome:
        """Answer the calls of one request to an endpoint."""
        with self._turn:
            return self._answering.outcome(index, calls)


@contextmanager
def strict_fleet(  # noqa: PLR0913 - each is one knob of the fleet, all with defaults
    upstream: str,
    *,
    dialects: Sequence[str] = ("geth",),
    rules: Rules | None = None,
    script: Sequence[Rule] = (),
    pace: Pace | None = None,
    finality: int = FINALITY,
    is_development: bool = False,
    ports: Sequence[int] | None = (),
    echo: Callable[[str], None] | None = None,
    on_arrival: Arrival | None = None,
) -> Iterator[Fleet]:
    """Run an endpoint for each dialect in front of the Anvil at `upstream`, until the block is left.

    Meanwhile Anvil makes no block by itself. `is_development` lets Anvil's own methods through. Only
    one fleet at a time may stand before an Anvil. With `ports` None nothing listens: who asks calls `ask`.
    """
    history = History(echo)
    with ExitStack() as running:
        anvil = Upstream(upstream)
        running.callback(anvil.close)
        chain = Chain(anvil, history, finality=finality)
        running.callback(chain.close)
        nodes = [
            Node(i, chain, DIALECTS[name], rules or Rules()) for i, name in enumerate(dialects)
        ]
        for node in nodes:
            node.is_development = is_development
        world = World(chain, nodes, Script(script), history)
        fleet = Fleet(world, pace or Pace(), on_arrival)
        if ports is not None:
            places = [*ports, *[0] * (len(nodes) - len(ports))]
            fleet.urls = tuple(
                running.enter_context(served(partial(fleet.ask, i), port=places[i]))
                for i in range(len(nodes))
            )
        yield fleet
