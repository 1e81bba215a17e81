"""The regime's state machine: what leads out, what leads in, and what no sequence can bring about."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.canonical import from_json, to_json
from agent.domain.regime import (
    BEGINNING,
    MONTH,
    RegimeCommanded,
    RegimeRead,
    RegimeRules,
    RegimeState,
    after,
    state_of,
)
from agent.domain.signal import Regime

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = RegimeRules(
    exit_probability=Decimal("0.6"),
    entry_probability=Decimal("0.7"),
    exit_confirmations=2,
    entry_confirmations=3,
    min_out_s=5 * 86_400,
    max_reentries=1,
)
BULL, BEAR, NEUTRAL = Regime.BULLISH, Regime.BEARISH, Regime.NEUTRAL


def read(day, regime, probability="0.9", rules=RULES):
    at = START + day * DAY
    return RegimeRead(
        regime=regime,
        probability=Decimal(probability),
        issued_at=at,
        sha256=hashlib.sha256(f"{day} {regime} {probability}".encode()).hexdigest(),
        at=at,
        rules=rules,
    )


def command(day, stance, max_reentries=1):
    return RegimeCommanded(
        stance=stance, by="op", reason="test", at=START + day * DAY, max_reentries=max_reentries
    )


def run(*events):
    return state_of(events)


def days(*regimes, start=0):
    return tuple(read(start + n, regime) for n, regime in enumerate(regimes))


@pytest.mark.parametrize(
    ("regime", "probability", "expected"),
    [
        (BULL, "0.7", BULL),
        (BULL, "0.69", None),
        (BEAR, "0.6", BEAR),
        (BEAR, "0.59", None),
        (NEUTRAL, "1", None),
    ],
)
def test_the_first_clear_reading_decides(regime, probability, expected):
    assert expected is run(read(0, regime, probability)).stance


def test_an_exit_needs_its_confirmations_and_no_more():
    first = run(*days(BULL, BEAR))
    second = after(first, read(2, BEAR))

    assert (BULL, BEAR) == (first.stance, second.stance)
    assert START + 2 * DAY == second.since


@pytest.mark.parametrize("between", [(NEUTRAL, "1"), (BULL, "0.69"), (BEAR, "0.59")])
def test_what_is_not_clear_does_not_interrupt_an_exit(between):
    events = (read(0, BULL), read(1, BEAR), read(2, *between), read(3, BEAR))

    assert BEAR is run(*events).stance


@pytest.mark.parametrize("between", [(NEUTRAL, "1"), (BULL, "0.69"), (BEAR, "0.59")])
def test_what_is_not_clear_interrupts_a_way_in(between):
    events = (read(0, BEAR), read(10, BULL), read(11, BULL), read(12, *between), read(13, BULL))

    state = run(*events)

    assert BEAR is state.stance
    assert "1 of 3" in state.waits


def test_a_clear_bullish_reading_ends_what_led_out():
    assert BULL is run(*days(BULL, BEAR, BULL, BEAR)).stance


def test_the_same_reading_again_confirms_nothing():
    again = replace(read(1, BEAR), at=START + 9 * DAY)

    assert BULL is run(read(0, BULL), read(1, BEAR), again, again).stance


def test_a_reading_older_than_the_last_confirms_nothing():
    assert BULL is run(read(2, BULL), read(3, BEAR), read(1, BEAR)).stance


def test_neutral_keeps_the_stance():
    for regime in (BULL, BEAR):
        state = run(read(0, regime), *days(*[NEUTRAL] * 50, start=1))

        assert (regime, START) == (state.stance, state.since)


def test_a_way_in_waits_for_the_dwell_and_says_so():
    out = run(*days(BEAR, BULL, BULL, BULL, BULL))
    later = after(out, read(5, BULL))

    assert BEAR is out.stance
    assert "not in before 2026-01-10" in out.waits
    assert BULL is later.stance
    assert (later.since,) == later.reentries


def test_an_exit_has_no_dwell():
    entered = run(*days(BEAR, *[BULL] * 5))

    state = run(*days(BEAR, *[BULL] * 5), read(6, BEAR), read(7, BEAR))

    assert BULL is entered.stance
    assert BEAR is state.stance


def test_the_month_must_have_a_re_entry_left():
    events = days(BEAR, *[BULL] * 5, BEAR, BEAR, *[BULL] * 15)

    state = run(*events)

    assert BEAR is state.stance
    assert "1 re-entries in 30 days, max_reentries is 1" in state.waits
    assert BULL is after(state, read(40, BULL)).stance


def test_an_operator_leads_out_and_holds_it_there():
    state = run(read(0, BULL), command(1, BEAR), *days(*[BULL] * 40, start=2))

    assert (BEAR, "op: test") == (state.stance, state.held_by)
    assert BULL is after(after(state, command(50, None)), read(51, BULL)).stance


def test_an_operator_leads_in_without_dwell_and_bearish_readings_lead_out_again():
    state = run(read(0, BEAR), command(1, BULL))

    assert BULL is state.stance
    assert BEAR is run(read(0, BEAR), command(1, BULL), read(2, BEAR), read(3, BEAR)).stance


def test_an_operator_cannot_lead_in_more_often_than_the_month_allows():
    events = (read(0, BEAR), command(1, BULL), command(2, BEAR), command(3, BULL))

    state = run(*events)

    assert BEAR is state.stance
    assert "max_reentries" in state.waits
    assert state.held_by


def test_a_clock_that_was_set_back_brings_no_re_entry_forward():
    back = replace(read(9, BULL), at=START - 100 * DAY)

    state = run(read(0, BEAR), back)

    assert START == state.at


def test_the_state_survives_its_canonical_form():
    state = run(*days(BULL, BEAR, BEAR, NEUTRAL))

    assert state == from_json(RegimeState, to_json(state))


RULESETS = st.builds(
    RegimeRules,
    exit_probability=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("0.8")]),
    entry_probability=st.sampled_from([Decimal(0), Decimal("0.6"), Decimal("0.9")]),
    exit_confirmations=st.integers(1, 3),
    entry_confirmations=st.integers(1, 3),
    min_out_s=st.integers(0, 10 * 86_400),
    max_reentries=st.integers(0, 3),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 4 * 86_400),
        st.sampled_from([BULL, BULL, BEAR, BEAR, NEUTRAL, "in", "out", "follow"]),
        st.sampled_from(["0", "0.55", "0.7", "1"]),
    ),
    max_size=60,
)
COMMANDS = {"in": BULL, "out": BEAR, "follow": None}


def events_of(steps, rules):
    at = START
    for index, (seconds, what, probability) in enumerate(steps):
        at += timedelta(seconds=seconds)
        if what in COMMANDS:
            yield RegimeCommanded(
                stance=COMMANDS[what],
                by="op",
                reason="any",
                at=at,
                max_reentries=rules.max_reentries,
            )
        else:
            yield RegimeRead(
                regime=what,
                probability=Decimal(probability),
                issued_at=at,
                sha256=str(index),
                at=at,
                rules=rules,
            )


def walk(steps, rules):
    """Yield (state before, event, state after)."""
    state = BEGINNING
    for event in events_of(steps, rules):
        following = after(state, event)
        yield state, event, following
        state = following


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, rules=RULESETS)
def test_nothing_re_enters_more_often_than_the_rules_allow(steps, rules):
    entries = [
        event.at
        for before, event, following in walk(steps, rules)
        if (before.stance, following.stance) == (BEAR, BULL)
    ]

    for entry in entries:
        assert len([e for e in entries if entry - MONTH < e <= entry]) <= rules.max_reentries


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, rules=RULESETS)
def test_nothing_stays_in_against_a_confirmed_bearish_regime(steps, rules):
    streak, last = 0, None
    for _, event, following in walk(steps, rules):
        if isinstance(event, RegimeCommanded):
            streak = 0 if event.stance is BULL else streak
            continue
        if last is not None and event.issued_at <= last:
            continue
        last = event.issued_at
        if event.regime is BULL and event.probability >= rules.entry_probability:
            streak = 0
        elif event.regime is BEAR and event.probability >= rules.exit_probability:
            streak += 1
            if streak >= rules.exit_confirmations:
                assert BEAR is following.stance


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, rules=RULESETS)
def test_readings_alone_never_re_enter_within_the_dwell(steps, rules):
    for before, event, following in walk(steps, rules):
        switched_in = (before.stance, following.stance) == (BEAR, BULL)
        if switched_in and isinstance(event, RegimeRead):
            assert (event.at - before.since).total_seconds() >= rules.min_out_s
            assert not before.held_by
