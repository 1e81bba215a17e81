"""Notices: who is told what and when, that nothing is lost on the way, and that nothing waits for it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from agent.daemon.courier import MAX_ATTEMPTS, Courier, next_attempt
from agent.daemon.notices import Teller
from agent.domain.bodies import Halted
from agent.domain.notice import ChannelRules, Level, Notice, QuietHours
from tests.fakes import START, FakeLedger, FakeMessenger, FakeOutbox, StillClock

NEVER = QuietHours(begins=0, ends=0)
ALL = ChannelRules(least=Level.INFO, quiet=NEVER)
ERROR = Halted(error="OutcomeMismatchError", reason="too much")
WARNING = Halted(error="PlanExpiredError", reason="too late")


class Desk:
    def __init__(self, *channels, rules=ALL, clock=None):
        self.ledger, self.outbox, self.clock = FakeLedger(), FakeOutbox(), clock or StillClock()
        self.channels = channels or (FakeMessenger(),)
        self.courier = Courier(
            ledger=self.ledger,
            outbox=self.outbox,
            messengers=self.channels,
            rules_by_channel={c.name: rules for c in self.channels},
            teller=Teller("index", needs_approval=frozenset()),
            clock=self.clock,
        )
        self.courier.read()

    def happens(self, body):
        count = len(self.ledger.by_key)
        return self.ledger.append(body, cycle_id="index-1", key=str(count))

    def sent(self, place=0):
        return [notice.title for notice in self.channels[place].sent]


def test_what_is_recorded_is_told_once_to_each_channel():
    desk = Desk(FakeMessenger("team"), FakeMessenger("pager"))
    record = desk.happens(ERROR)

    desk.courier.look()
    desk.courier.look()

    for channel in desk.channels:
        assert [record.hash[:16]] == [notice.id for notice in channel.sent]


def test_the_past_of_a_log_is_not_told():
    ledger = FakeLedger()
    ledger.append(ERROR, cycle_id="index-0")
    desk = Desk()
    desk.courier = replace(desk.courier, ledger=ledger, outbox=(outbox := FakeOutbox()))

    desk.courier.look()

    assert desk.sent() == []
    assert outbox.position == ledger.records()[-1].seq


def test_a_channel_that_is_down_is_tried_again_and_the_others_do_not_wait():
    desk = Desk(FakeMessenger("down", refuses=2), FakeMessenger("up"))
    desk.happens(ERROR)

    with capture_logs() as events:
        desk.courier.look()
    assert [] == desk.sent(0) != desk.sent(1)
    desk.courier.look()
    assert desk.channels[0].refuses == 1
    for _ in range(2):
        desk.clock.sleep(60)
        desk.courier.look()

    assert desk.sent(0) == desk.sent(1)
    assert "notice_failed" in [event["event"] for event in events]
    assert "too much" not in str(events)


def test_what_was_handed_over_and_not_noted_is_sent_again_with_the_same_id():
    desk = Desk()
    desk.happens(ERROR)
    desk.courier.read()
    (delivery,) = desk.outbox.due(desk.clock.now())
    desk.channels[0].send(delivery.notice)

    desk.courier.look()

    first, second = desk.channels[0].sent
    assert first == second


def test_a_channel_is_told_from_its_level_on():
    desk = Desk(rules=ChannelRules(least=Level.ERROR, quiet=NEVER))
    desk.happens(WARNING)
    desk.happens(ERROR)

    desk.courier.look()

    assert ["index: halted: nothing more is signed until a review"] == desk.sent()


def test_quiet_hours_hold_back_all_but_errors():
    night = QuietHours(begins=START.hour, ends=(START.hour + 8) % 24)
    desk = Desk(rules=ChannelRules(least=Level.INFO, quiet=night))
    desk.happens(WARNING)
    desk.happens(ERROR)

    desk.courier.look()
    assert len(desk.sent()) == 1
    desk.clock.sleep(8 * 3_600)
    desk.courier.look()

    assert "index: cycle ended early (PlanExpiredError)" == desk.sent()[1]


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        (22, 7, "2026-11-22T23:30+00:00", "2026-11-23T07:00+00:00"),
        (22, 7, "2026-11-23T06:59+00:00", "2026-11-23T07:00+00:00"),
        (22, 7, "2026-11-23T07:00+00:00", "2026-11-23T07:00+00:00"),
        (1, 5, "2026-11-23T03:00+00:00", "2026-11-23T05:00+00:00"),
        (1, 5, "2026-11-23T05:01+00:00", "2026-11-23T05:01+00:00"),
        (0, 0, "2026-11-23T00:00+00:00", "2026-11-23T00:00+00:00"),
    ],
)
def test_quiet_hours_end(begins, ends, at, until):
    found = QuietHours(begins=begins, ends=ends).until(datetime.fromisoformat(at))

    assert datetime.fromisoformat(until) == found


def test_pauses_grow_to_an_hour_and_end():
    pauses = [next_attempt(n, now=START) for n in range(1, MAX_ATTEMPTS)]

    assert START + timedelta(seconds=30) == pauses[0]
    assert START + timedelta(hours=1) == pauses[-1]
    assert next_attempt(MAX_ATTEMPTS, now=START) is None


def test_a_channel_that_the_settings_dropped_is_given_up():
    desk = Desk()
    desk.happens(ERROR)
    desk.courier.read()

    replace(desk.courier, messengers=()).look()

    assert len(desk.outbox.given_up) == 1
    assert desk.outbox.open() == ()


def test_a_bug_in_the_telling_ends_nothing():
    desk = Desk()
    desk.happens(ERROR)
    broken = replace(desk.courier, teller=None)

    with capture_logs() as events:
        broken.look_safely()

    assert ["unexpected_error"] == [event["event"] for event in events]


def test_notices_are_values():
    assert isinstance(Desk().courier.teller.notice(Desk().happens(ERROR)), Notice)
