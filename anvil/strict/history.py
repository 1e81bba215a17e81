"""What happened, in order: every answer, fault and block, for a person to read afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SHORT = 18
"""Characters of a hash that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history. `endpoint` is None for what happens to the chain itself."""

    number: int
    height: int
    endpoint: int | None
    what: str
    facts: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        place = "chain" if self.endpoint is None else f"node {self.endpoint}"
        facts = " ".join(f"{name}={_shown(value)}" for name, value in self.facts)
        return f"{self.number:>5}  block {self.height:<6} {place:<7} {self.what} {facts}".rstrip()


class History:
    """Keeps events; `echo` gets each as it happens."""

    def __init__(self, echo: Callable[[str], None] | None = None) -> None:
        self._events: list[Event] = []
        self._echo = echo

    def __iter__(self) -> Iterator[Event]:
        return iter(tuple(self._events))

    def __len__(self) -> int:
        return len(self._events)

    def note(
        self,
        what: str,
        *,
        height: int,
        endpoint: int | None = None,
        **facts: Any,  # noqa: ANN401 - whatever explains the event
    ) -> None:
        event = Event(
            number=len(self._events) + 1,
            height=height,
            endpoint=endpoint,
            what=what,
            facts=tuple(facts.items()),
        )
        self._events.append(event)
        if self._echo is not None:
            self._echo(str(event))

    def lines(self) -> list[str]:
        return [str(event) for event in self._events]

    def named(self, what: str) -> list[Event]:
        """Return the events of one name."""
        return [event for event in self._events if event.what == what]


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever explains the event
    text = str(value)
    return f"{text[:SHORT]}…" if text.startswith("0x") and len(text) > SHORT + 2 else text
