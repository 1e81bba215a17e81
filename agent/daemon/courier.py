"""Carries notices from the log to the operators' channels: durably, at least once, in nobody's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent import observe
from agent.daemon.notices import Teller
from agent.domain.notice import ChannelRules, Delivery
from agent.errors import AgentError, MessengerUnavailableError
from agent.ports import Clock, Ledger, Messenger, Outbox

LOOK_EVERY_S = 5.0
FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 3_600
MAX_ATTEMPTS = 60
"""About two days and a half of trying, most of it hourly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Turns records into notices and sends them. The log is the queue: what was recorded is told.

    Before its first look at a log with a past it tells nothing of that past.
    """

    ledger: Ledger
    outbox: Outbox
    messengers: Sequence[Messenger]
    rules_by_channel: Mapping[str, ChannelRules]
    teller: Teller
    clock: Clock

    @property
    def look_every_s(self) -> float:
        """How often the log is looked at."""
        return LOOK_EVERY_S

    def look_safely(self) -> None:
        """Look, and report what goes wrong: notices must not end what they tell of."""
        try:
            self.look()
        except AgentError as error:
            observe.notices_held(reason=str(error))
        except Exception as error:  # noqa: BLE001 - as above
            observe.unexpected_error(error)

    def look(self) -> None:
        """Read what is new in the log, and send what is due."""
        self.read()
        for delivery in self.outbox.due(self.clock.now()):
            self._deliver(delivery)

    def read(self) -> None:
        """Turn what is new in the log into notices that are to be sent."""
        read = self.outbox.read_up_to()
        if read is None:
            past = self.ledger.records()
            self.outbox.put((), read_up_to=past[-1].seq if past else 0)
            return
        records = self.ledger.records(after=read)
        if not records:
            return
        now = self.clock.now()
        notices = [n for n in map(self.teller.notice, records) if n is not None]
        due = [
            (Delivery(notice=n, channel=name, attempts=0), rules.earliest(n, now))
            for n in notices
            for name, rules in self.rules_by_channel.items()
            if rules.wants(n)
        ]
        self.outbox.put(due, read_up_to=records[-1].seq)

    def _deliver(self, delivery: Delivery) -> None:
        messenger = next((m for m in self.messengers if m.name == delivery.channel), None)
        if messenger is None:
            self.outbox.failed(delivery, again_at=None, reason="the settings name it no more")
            return
        try:
            messenger.send(delivery.notice)
        except MessengerUnavailableError as error:
            again_at = next_attempt(delivery.attempts + 1, now=self.clock.now())
            self.outbox.failed(delivery, again_at=again_at, reason=error.reason)
            observe.notice_failed(
                notice_id=delivery.notice.id, channel=delivery.channel, is_given_up=again_at is None
            )
        else:
            self.outbox.delivered(delivery, at=self.clock.now())
            observe.notice_sent(notice_id=delivery.notice.id, channel=delivery.channel)


def next_attempt(attempts: int, *, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts; None gives up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempts - 1, 10))
    return now + timedelta(seconds=pause_s)
