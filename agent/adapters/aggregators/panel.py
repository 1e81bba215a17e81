"""All aggregators at once: a ladder of asks to each of them, until a deadline, with whatever came.

The asks come with what can gain most first; each service takes as many of them as it allows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from agent.adapters.aggregators.service import Deadline, RemoteService
from agent.domain.offer import Ask, Decline, Declined, FirmOffer, Offer, Service

WORKERS = 2
"""Calls of one service under way at once; its pace decides how many there are in a second."""

FIRM_DEADLINE_S = 10.0
"""For both calls that a firm offer may take; most live no longer than that."""


class Panel:
    """The services of the settings behind the port `Aggregators`."""

    def __init__(
        self,
        services: Sequence[RemoteService],
        *,
        deadline_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = {service.name: service for service in services}
        self._deadline_s, self._monotonic = deadline_s, monotonic

    @property
    def names(self) -> tuple[Service, ...]:
        return tuple(self._services)

    def fetch_offers(self, asks: Sequence[Ask]) -> tuple[Offer | Declined, ...]:
        """Return every service's answer to every ask, or why there is none, within the deadline."""
        ends = self._ends(self._deadline_s)
        lines = [
            _Line(service, asks, partial(service.fetch_offer, ends=ends), ends)
            for service in self._services.values()
        ]
        _work(lines, ends)
        return tuple(answer for line in lines for answer in line.answers())

    def fetch_firm(self, asks: Sequence[tuple[Service, Ask]]) -> tuple[FirmOffer | Declined, ...]:
        """Return to each ask an offer with its calldata, or why there is none, within the deadline."""
        ends = self._ends(min(FIRM_DEADLINE_S, self._deadline_s))
        line_by_service = {
            name: _Line(
                service,
                [ask for wanted, ask in asks if wanted is name],
                partial(service.fetch_firm, ends=ends),
                ends,
            )
            for name, service in self._services.items()
        }
        _work(list(line_by_service.values()), ends)
        answers = {name: line.answers() for name, line in line_by_service.items()}
        return tuple(next(answers[name]) for name, _ in asks)

    def _ends(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, monotonic=self._monotonic)


Answer = TypeVar("Answer", Offer, FirmOffer)


class _Line(Generic[Answer]):
    """The asks that wait for one service, and what came of those that were made."""

    def __init__(
        self,
        service: RemoteService,
        asks: Sequence[Ask],
        act: Callable[[Ask], Answer | Declined],
        ends: Deadline,
    ) -> None:
        self.name = service.name
        self._service, self._asks, self._ends = service, asks, ends
        self._act: Callable[[Ask], Answer | Declined] = act
        self._waiting: SimpleQueue[int] = SimpleQueue()
        for index in range(min(len(asks), service.calls_per_ladder)):
            self._waiting.put(index)
        self._answers: dict[int, Answer | Declined] = {}

    def work(self) -> None:
        """Ask until nothing waits or the time is over."""
        while self._ends.left_s() > 0:
            try:
                index = self._waiting.get_nowait()
            except Empty:
                return
            self._answers[index] = self._act(self._asks[index])

    def answers(self) -> Iterator[Answer | Declined]:
        """Yield an answer to each ask; a call that still hangs counts as never made."""
        came = dict(self._answers)
        for index, ask in enumerate(self._asks):
            yield came.get(index) or Declined(
                service=self.name,
                order_id=ask.order_id,
                amount_in=ask.amount_in,
                why=Decline.TOO_LATE,
                detail="the deadline came first"
                if index < self._service.calls_per_ladder
                else "its calls for one ladder were used up",
            )


def _work(lines: Sequence[_Line[Any]], ends: Deadline) -> None:
    """Let all lines ask at once, until each is through or the time is over."""
    workers = [
        threading.Thread(target=line.work, name=f"offers-{line.name}", daemon=True)
        for line in lines
        for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, ends.left_s()))
