"""Which cycle is due when: the slots of a cron expression, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from croniter import croniter


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A time at which a cycle is scheduled, and the id of that cycle for ever.

    `is_exit`: it is known to lead out of the index.
    """

    cycle_id: str
    scheduled_at: datetime
    is_exit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The slots of one portfolio; `notice` is how long before its slot a cycle begins."""

    portfolio: str
    cron: str
    notice: timedelta

    def upcoming(self, now: datetime) -> Slot:
        """Return the first slot after `now`."""
        return self._slot(croniter(self.cron, now.astimezone(UTC)).get_next(datetime))

    def latest(self, now: datetime) -> Slot:
        """Return the last slot at or before `now`."""
        just_after = now.astimezone(UTC) + timedelta(microseconds=1)
        return self._slot(croniter(self.cron, just_after).get_prev(datetime))

    def due(
        self, now: datetime, *, since: datetime, has_begun: Callable[[str], bool]
    ) -> Slot | None:
        """Return the cycle to begin at `now`, if there is one.

        The next slot is due once its notice begins. Before that, the latest slot is caught up if it
        never began, unless it lies before `since`, when the service was first started.
        """
        upcoming = self.upcoming(now)
        if upcoming.scheduled_at - self.notice <= now:
            return None if has_begun(upcoming.cycle_id) else upcoming
        latest = self.latest(now)
        if latest.scheduled_at < since or has_begun(latest.cycle_id):
            return None
        return latest

    def _slot(self, at: datetime) -> Slot:
        at = at.astimezone(UTC)
        return Slot(cycle_id=f"{self.portfolio}-{at:%Y-%m-%dT%H%MZ}", scheduled_at=at)
