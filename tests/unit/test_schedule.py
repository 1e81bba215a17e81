"""Slots of the schedule: what is due, what is caught up, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.daemon.schedule import Schedule

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
LONG_AGO = MONDAY - 10 * WEEK
SCHEDULE = Schedule(portfolio="index", cron="0 0 * * MON", notice=timedelta(hours=12))


def due(now, *, since=LONG_AGO, begun=()):
    slot = SCHEDULE.due(now, since=since, has_begun=lambda cycle_id: cycle_id in begun)
    return slot.cycle_id if slot else None


def test_a_cycle_id_names_portfolio_and_slot():
    assert SCHEDULE.upcoming(MONDAY - timedelta(hours=1)).cycle_id == "index-2026-11-23T0000Z"


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(seconds=1), timedelta(days=6)])
def test_the_latest_slot_is_at_or_before_now(offset):
    assert MONDAY == SCHEDULE.latest(MONDAY + offset).scheduled_at
    assert MONDAY + WEEK == SCHEDULE.upcoming(MONDAY + offset).scheduled_at


def test_a_cycle_is_due_when_its_notice_begins_and_not_before():
    begun = {"index-2026-11-16T0000Z"}

    assert due(MONDAY - timedelta(hours=12, seconds=1), begun=begun) is None
    assert due(MONDAY - timedelta(hours=12), begun=begun) == "index-2026-11-23T0000Z"


def test_a_cycle_that_has_begun_is_not_due_again():
    assert due(MONDAY - timedelta(hours=1), begun={"index-2026-11-23T0000Z"}) is None
    assert due(MONDAY + timedelta(hours=1), begun={"index-2026-11-23T0000Z"}) is None


def test_only_the_latest_missed_cycle_is_caught_up():
    assert due(MONDAY + timedelta(days=2)) == "index-2026-11-23T0000Z"
    assert due(MONDAY + timedelta(days=2), begun={"index-2026-11-23T0000Z"}) is None


def test_a_missed_cycle_gives_way_when_the_next_notice_begins():
    assert due(MONDAY + WEEK - timedelta(hours=3)) == "index-2026-11-30T0000Z"


def test_what_was_due_before_the_first_start_is_not_caught_up():
    assert due(MONDAY + timedelta(days=2), since=MONDAY + timedelta(days=1)) is None


def test_slots_are_in_utc_whatever_the_zone_of_now():
    tokyo = MONDAY.astimezone(datetime.strptime("+0900", "%z").tzinfo)

    assert MONDAY == SCHEDULE.latest(tokyo).scheduled_at
