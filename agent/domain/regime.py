"""The regime's state machine: readings and commands in, the stance to hold out, nothing else decides it.

The stance is `bullish` (in the index) or `bearish` (out, in stablecoins). Going out needs confirmed
bearish readings alone; only coming back in is rationed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce

from agent.domain.signal import Regime, RegimeSignal

MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRules:
    """When the stance follows the readings; times in seconds, probabilities from 0 to 1.

    A bearish reading counts from `exit_probability`, a bullish one from `entry_probability`; others
    change nothing. A switch needs so many counting readings, to come back in without another between
    them. `min_out_s` after an exit there is no re-entry, and at most `max_reentries` in 30 days.
    """

    exit_probability: Decimal
    entry_probability: Decimal
    exit_confirmations: int
    entry_confirmations: int
    min_out_s: int
    max_reentries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRead:
    """A reading that was accepted at `at`, under the rules that were in force."""

    regime: Regime
    probability: Decimal
    issued_at: datetime
    sha256: str
    at: datetime
    rules: RegimeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeCommanded:
    """Somebody, or a circuit breaker, decides: out and stay out, in again, or follow readings again.

    `stance` bearish holds the portfolio out until another command; bullish goes in at once, within
    `max_reentries`, and bearish readings count from there; None ends a hold.
    """

    stance: Regime | None
    by: str
    reason: str
    at: datetime
    max_reentries: int


RegimeEvent = RegimeRead | RegimeCommanded


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeState:
    """Where the machine stands. `stance` is None until the first clear reading or command.

    `since` is when the stance was taken, `why` in one line; `held_by` who holds it out ("" nobody);
    `waits` why confirmed bullish readings have not led in yet. `reentries` are those of the last 30 days.
    """

    stance: Regime | None = None
    since: datetime | None = None
    why: str = ""
    held_by: str = ""
    waits: str = ""
    bearish_streak: int = 0
    bullish_streak: int = 0
    reentries: tuple[datetime, ...] = ()
    last: RegimeRead | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What a plan acts on: in the index or out of it, since when, and why."""

    regime: Regime
    since: datetime
    why: str


BEGINNING = RegimeState()


def reading_of(signal: RegimeSignal, *, at: datetime, rules: RegimeRules) -> RegimeRead:
    return RegimeRead(
        regime=signal.regime,
        probability=signal.probability,
        issued_at=signal.issued_at,
        sha256=signal.sha256,
        at=at,
        rules=rules,
    )


def state_of(events: Iterable[RegimeEvent]) -> RegimeState:
    """Return where the machine stands after all events, in their order."""
    return reduce(after, events, BEGINNING)


def is_news(state: RegimeState, reading: RegimeRead) -> bool:
    """Return whether a reading is later than the last one; the same one again confirms nothing."""
    return state.last is None or reading.issued_at > state.last.issued_at


def stance_of(state: RegimeState) -> Stance | None:
    if state.stance is None or state.since is None:
        return None
    return Stance(regime=state.stance, since=state.since, why=state.why)


def after(state: RegimeState, event: RegimeEvent) -> RegimeState:
    """Return where the machine stands after one more event. Time never runs back in it."""
    at = event.at if state.at is None else max(event.at, state.at)
    recent = tuple(moment for moment in state.reentries if at - moment < MONTH)
    state = replace(state, at=at, reentries=recent)
    if isinstance(event, RegimeCommanded):
        return _after_command(state, event, at)
    return _after_reading(state, event, at) if is_news(state, event) else state


def _after_reading(state: RegimeState, reading: RegimeRead, at: datetime) -> RegimeState:
    rules = reading.rules
    is_bearish = reading.regime is Regime.BEARISH and reading.probability >= rules.exit_probability
    is_bullish = reading.regime is Regime.BULLISH and reading.probability >= rules.entry_probability
    # What is neither may interrupt a way in, never a way out.
    state = replace(
        state,
        last=reading,
        waits="",
        bearish_streak=0 if is_bullish else state.bearish_streak + is_bearish,
        bullish_streak=state.bullish_streak + 1 if is_bullish else 0,
    )
    if is_bearish:
        return _going_out(state, reading, at)
    return _going_in(state, reading, at) if is_bullish else state


def _going_out(state: RegimeState, reading: RegimeRead, at: datetime) -> RegimeState:
    if state.stance is Regime.BEARISH:
        return state
    needed = reading.rules.exit_confirmations if state.stance is Regime.BULLISH else 1
    if state.bearish_streak < needed:
        return state
    why = f"{state.bearish_streak} bearish in a row, the last at {reading.probability}"
    return replace(state, stance=Regime.BEARISH, since=at, why=why)


def _going_in(state: RegimeState, reading: RegimeRead, at: datetime) -> RegimeState:
    if state.stance is Regime.BULLISH:
        return state
    if state.held_by:
        return replace(state, waits=f"held out by {state.held_by}")
    why = f"{state.bullish_streak} bullish in a row, the last at {reading.probability}"
    if state.stance is None:
        return replace(state, stance=Regime.BULLISH, since=at, why=why)
    waits = _waits(state, reading.rules, at)
    if waits:
        return replace(state, waits=waits)
    return _reentered(state, at, why)


def _waits(state: RegimeState, rules: RegimeRules, at: datetime) -> str:
    """Return why confirmed bullish readings do not lead in now, "" if they do."""
    if state.bullish_streak < rules.entry_confirmations:
        return f"{state.bullish_streak} of {rules.entry_confirmations} bullish readings in a row"
    assert state.since is not None, "a stance has its time"  # noqa: S101
    may_enter = state.since + timedelta(seconds=rules.min_out_s)
    if at < may_enter:
        return f"out since {state.since:%Y-%m-%d %H:%M}, not in before {may_enter:%Y-%m-%d %H:%M}"
    return _used_up(state, rules.max_reentries)


def _used_up(state: RegimeState, max_reentries: int) -> str:
    if len(state.reentries) < max_reentries:
        return ""
    return f"{len(state.reentries)} re-entries in 30 days, max_reentries is {max_reentries}"


def _reentered(state: RegimeState, at: datetime, why: str) -> RegimeState:
    return replace(
        state,
        stance=Regime.BULLISH,
        since=at,
        why=why,
        waits="",
        held_by="",
        bearish_streak=0,
        reentries=(*state.reentries, at),
    )


def _after_command(state: RegimeState, command: RegimeCommanded, at: datetime) -> RegimeState:
    why = f"{command.by}: {command.reason}"
    match command.stance:
        case Regime.BEARISH:
            since = state.since if state.stance is Regime.BEARISH else at
            return replace(state, stance=Regime.BEARISH, since=since, why=why, held_by=why)
        case Regime.BULLISH:
            return _commanded_in(state, command, at, why)
        case _:
            return replace(state, held_by="")


def _commanded_in(
    state: RegimeState, command: RegimeCommanded, at: datetime, why: str
) -> RegimeState:
    state = replace(state, bearish_streak=0)
    if state.stance is Regime.BULLISH:
        return state
    if state.stance is None:
        return replace(state, stance=Regime.BULLISH, since=at, why=why)
    waits = _used_up(state, command.max_reentries)
    return replace(state, waits=waits) if waits else _reentered(state, at, why)
