"""What operators are told: a notice with a stable id, and where it stands on its way to each channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Level(StrEnum):
    """How much a notice matters: for the record, to be looked at, or somebody is to act."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def weight(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message. `id` begins the hash of the log's record that it tells of: told twice, it is the same."""

    id: str
    at: datetime
    level: Level
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From hour `begins` up to hour `ends` of the UTC day only errors are sent; equal hours mean never."""

    begins: int
    ends: int

    def until(self, at: datetime) -> datetime:
        """Return when a notice of `at` may be sent: then, or when the quiet hours end."""
        if not self._holds(at.hour):
            return at
        end = at.replace(hour=self.ends, minute=0, second=0, microsecond=0)
        return end if end > at else end + timedelta(days=1)

    def _holds(self, hour: int) -> bool:
        if self.begins <= self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """What a channel is told: from which level on, and when it wants quiet."""

    least: Level
    quiet: QuietHours

    def wants(self, notice: Notice) -> bool:
        return notice.level.weight >= self.least.weight

    def earliest(self, notice: Notice, now: datetime) -> datetime:
        """Return when the notice may be sent; an error always at once."""
        return now if notice.level is Level.ERROR else self.quiet.until(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one channel; `attempts` were made so far."""

    notice: Notice
    channel: str
    attempts: int
