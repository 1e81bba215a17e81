"""Cycles on the durable engine, with a real database and a clock that a test holds."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from agent.adapters.ledger import translated
from agent.daemon.schedule import Schedule, Slot
from agent.domain.happening import Ending, Resumed
from agent.errors import (
    LedgerUnusableError,
    NonceMismatchError,
    RpcUnavailableError,
    StopRequestedError,
)
from agent.workflow.engine import Engine
from agent.workflow.service import Service
from tests.fakes import START, FakeLedger, FakeSupervisor, HeldClock
from tests.steps import ScriptedSteps, failing, scripted_cycle

WEEK = timedelta(days=7)
SLOT = Slot(cycle_id="index-2026-11-23T0000Z", scheduled_at=START)
SCHEDULE = Schedule(portfolio="index", cron="0 0 * * MON", notice=timedelta(hours=12))
PATIENCE_S = 20


@pytest.fixture
def database(tmp_path):
    return tmp_path / "agent.sqlite"


@pytest.fixture
def clock():
    return HeldClock(START)


def service(  # noqa: PLR0913 - what a test may want otherwise
    database, clock, steps, *, settle=lambda: None, told=None, ledger=None
):
    cycle = scripted_cycle(steps, clock=clock, ledger=ledger or FakeLedger())
    return Service(
        engine=Engine(database=database, cycle=cycle, guard=partial(translated, "the database")),
        schedule=SCHEDULE,
        clock=clock,
        supervisor=FakeSupervisor(),
        settle=settle,
        tell=(told if told is not None else []).append,
    )


@contextmanager
def running(service, clock):
    """Run the service in a thread of its own, and stop it in the end."""
    stopped = []

    def run():
        try:
            service.run_forever()
        except StopRequestedError:
            stopped.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: "ready" in service.supervisor.said)
        yield
    finally:
        clock.stop()
        thread.join(PATIENCE_S)
    assert stopped == [True]


def until(condition, clock=None):
    """Return once the condition holds, while the clock moves on slowly; fail if it takes long."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.01)
        if clock is not None:
            clock.advance(timedelta(seconds=1))


def test_run_once_runs_the_latest_slot(database, clock):
    steps = ScriptedSteps(executes=START)

    slot, end, is_news = service(database, clock, steps).run_once()

    assert (SLOT, Ending.DONE, True) == (slot, end.ending, is_news)
    assert steps.done[-1] == "report"


def test_a_cycle_that_went_well_is_never_run_again(database, clock):
    service(database, clock, ScriptedSteps(executes=START)).run_once()
    again = ScriptedSteps(executes=START)

    _, end, is_news = service(database, clock, again).run_once()

    assert (Ending.DONE, False) == (end.ending, is_news)
    assert again.done == []


def test_a_cycle_that_was_given_up_can_be_run_again_by_hand(database, clock):
    down = RpcUnavailableError(endpoint="node", reason="down")
    first = ScriptedSteps(executes=START, acts={"plan": failing(down)})
    assert service(database, clock, first).run_once()[1].ending is Ending.HALTED
    again = ScriptedSteps(executes=START)

    _, end, is_news = service(database, clock, again).run_once()

    assert (Ending.DONE, True) == (end.ending, is_news)
    assert again.done[0] == "begin"


def test_a_cycle_that_was_cut_off_goes_on_behind_its_last_finished_step(database, clock):
    cut_off = ScriptedSteps(executes=START, acts={"send-1": failing(StopRequestedError())})
    with pytest.raises(StopRequestedError):
        service(database, clock, cut_off).run_once()
    resumed, told = ScriptedSteps(executes=START), []

    _, end, is_news = service(database, clock, resumed, told=told).run_once()

    assert (Ending.DONE, True) == (end.ending, is_news)
    assert ["send-1", "report"] == resumed.done
    assert [Resumed(cycle_id=SLOT.cycle_id)] == told


def test_the_service_runs_each_weeks_cycle_once(database):
    clock = HeldClock(START - timedelta(days=2))
    steps = ScriptedSteps(executes=START)

    with running(service(database, clock, steps), clock):
        clock.advance(timedelta(days=1, hours=12))
        until(lambda: "propose" in steps.done, clock)
        clock.advance(timedelta(hours=12))
        until(lambda: "report" in steps.done, clock)
        clock.advance(timedelta(days=3))
        assert steps.done.count("begin") == 1
        steps.executes = START + WEEK
        clock.advance(timedelta(days=3, hours=12))
        until(lambda: steps.done.count("begin") == 2, clock)
        clock.advance(timedelta(hours=12))
        until(lambda: steps.done.count("report") == 2, clock)


def test_a_sleeping_cycle_survives_a_restart(database):
    clock = HeldClock(START - timedelta(hours=12))
    before = ScriptedSteps(executes=START)
    with running(service(database, clock, before), clock):
        until(lambda: "propose" in before.done, clock)
    assert "plan" not in before.done

    later, after = HeldClock(START - timedelta(hours=1)), ScriptedSteps(executes=START)
    with running(service(database, later, after), later):
        until(lambda: later.waiting >= 2)
        assert after.done == []
        later.advance(timedelta(hours=1))
        until(lambda: "report" in after.done, later)

    assert after.done[0] == "plan"


def test_a_missed_cycle_is_caught_up_once(database):
    first = HeldClock(START - timedelta(days=5))
    with running(service(database, first, ScriptedSteps(executes=START)), first):
        pass
    clock, steps = HeldClock(START + timedelta(days=1)), ScriptedSteps(executes=START)

    with running(service(database, clock, steps), clock):
        until(lambda: "report" in steps.done, clock)
        clock.advance(timedelta(days=2))
        until(lambda: clock.waiting >= 1)

    assert steps.done.count("begin") == 1


def test_a_first_start_catches_nothing_up(database):
    clock, steps = HeldClock(START + timedelta(days=1)), ScriptedSteps(executes=START)
    idle = service(database, clock, steps)

    with running(idle, clock):
        clock.advance(timedelta(days=3))
        until(lambda: "next cycle index-2026-11-30T0000Z" in idle.supervisor.said[-1], clock)

    assert steps.done == []


def test_what_was_mined_is_settled_while_nothing_else_is_due(database):
    clock, settled = HeldClock(START + timedelta(days=1)), []
    idle = service(database, clock, ScriptedSteps(executes=START), settle=lambda: settled.append(1))

    with running(idle, clock):
        until(lambda: settled, clock)


def test_a_node_that_is_down_does_not_stop_the_service(database):
    clock = HeldClock(START + timedelta(days=1))
    down = failing(*[RpcUnavailableError(endpoint="node", reason="down")] * 3)
    idle = service(database, clock, ScriptedSteps(executes=START), settle=down)

    with running(idle, clock):
        for _ in range(4):
            clock.advance(timedelta(minutes=2))


def test_the_supervisor_hears_ready_status_heartbeat_and_stopping(database):
    clock = HeldClock(START + timedelta(days=1))
    idle = service(database, clock, ScriptedSteps(executes=START))

    with running(idle, clock):
        until(lambda: "heartbeat" in idle.supervisor.said)

    assert idle.supervisor.said[0] == "ready"
    assert idle.supervisor.said[-1] == "stopping"


def test_the_engine_listens_on_nothing(database, clock, monkeypatch):
    bound = []
    monkeypatch.setattr(socket.socket, "bind", lambda *args: bound.append(args))

    service(database, clock, ScriptedSteps(executes=START)).run_once()

    assert bound == []


SWITCH = Slot(cycle_id="index-2026-11-23T000000Z-out", scheduled_at=START)


def test_a_switch_starts_its_cycle_at_once_and_only_until_it_went_well(database, clock):
    clock.advance(timedelta(hours=1))  # the Monday before is none of this service's
    steps = ScriptedSteps(executes=START)
    watched = service(database, clock, steps)
    watched.watch = lambda _: SWITCH

    with running(watched, clock):
        until(lambda: steps.done[-1:] == ["report"], clock)
        until(lambda: any("next cycle" in said for said in watched.supervisor.said), clock)

    assert steps.done.count("begin") == 1


def test_a_switch_that_did_not_go_well_is_tried_again_after_a_while(database, clock):
    clock.advance(timedelta(hours=1))
    down = RpcUnavailableError(endpoint="node", reason="down")
    steps = ScriptedSteps(executes=START, acts={"begin": failing(down)})
    watched = service(database, clock, steps)
    watched.watch = lambda _: SWITCH

    with running(watched, clock):
        until(lambda: watched.engine.under_way() == () and steps.done == ["begin"])
        clock.advance(timedelta(minutes=11))
        until(lambda: steps.done[:2] == ["begin", "begin"], clock)


def test_a_paused_service_begins_nothing_and_catches_up_once_it_may(database):
    clock = HeldClock(START - timedelta(days=2))
    steps = ScriptedSteps(executes=START)
    paused = ["paused by Ada: audit"]
    run = service(database, clock, steps)
    run.rests = lambda _: paused[0]

    with running(run, clock):
        clock.advance(timedelta(days=2, hours=1))
        until(lambda: "paused by Ada: audit" in run.supervisor.said, clock)
        assert steps.done == []
        paused[0] = ""
        until(lambda: "report" in steps.done, clock)

    assert steps.done.count("begin") == 1


FULL = LedgerUnusableError(what="the disk is full", mend="make room")


class FullLedger(FakeLedger):
    """A ledger whose disk has no room any more, not even for how a cycle ended."""

    def append(self, *_args, **_named):
        raise FULL


def broken_off(service, clock):
    """Return what a service raises that ends by itself while time passes."""
    raised = []

    def run():
        try:
            service.run_forever()
        except LedgerUnusableError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        until(lambda: "ready" in service.supervisor.said)
        clock.advance(WEEK)
        until(lambda: not thread.is_alive(), clock)
    finally:
        clock.stop()
        thread.join(PATIENCE_S)
    return raised


def test_a_service_whose_database_fails_in_a_cycle_ends_with_its_words(database, clock):
    steps = ScriptedSteps(executes=START, acts={"begin": failing(*[FULL] * 9)})

    assert [FULL] == broken_off(service(database, clock, steps, ledger=FullLedger()), clock)
    assert {"begin"} == set(steps.done)


def test_a_database_that_fails_while_settling_ends_the_service(database, clock):
    steps = ScriptedSteps(executes=START)

    assert [FULL] == broken_off(service(database, clock, steps, settle=failing(FULL)), clock)


def test_any_other_halt_while_settling_is_said_and_looked_at_again(database, clock):
    halt = NonceMismatchError(account="0x1", expected=7, found=9)
    looks = []
    held = service(
        database,
        clock,
        ScriptedSteps(executes=START),
        settle=lambda: looks.append(1) or failing(halt)(),
    )

    with running(held, clock):
        until(lambda: any(w.startswith("halted: ") for w in held.supervisor.said), clock)
        until(lambda: len(looks) > 1, clock)


def test_what_the_database_of_cycles_raises_says_what_to_do(database, clock):
    database.write_bytes(b"this is no database " * 400)

    with pytest.raises(LedgerUnusableError, match=r"not a database.*restore the last backup"):
        service(database, clock, ScriptedSteps(executes=START)).run_once()
