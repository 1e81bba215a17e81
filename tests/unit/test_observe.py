"""Events: JSON for machines, plain values, and one id for all of a cycle's."""

import io
import json
import logging

import pytest

from agent import observe
from agent.domain.bodies import SignalName, SignalRefused
from agent.domain.happening import Ending, StepEnd

REFUSED = SignalRefused(
    signal=SignalName.RANKING, source="ranking.json", sha256=None, reason="too old"
)


@pytest.fixture
def lines():
    stream = io.StringIO()
    observe.configure(stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_a_line(lines):
    observe.signal_refused(REFUSED)

    (event,) = lines()
    assert {"event", "level", "timestamp", "signal", "source", "reason"} == event.keys()
    assert ("signal_refused", "warning") == (event["event"], event["level"])


def test_the_cycles_id_is_bound_to_every_event_inside(lines):
    with observe.cycle("index-2026-11-23T0000Z"):
        observe.signal_refused(REFUSED)
    observe.signal_refused(REFUSED)

    inside, outside = lines()
    assert inside["cycle_id"] == "index-2026-11-23T0000Z"
    assert "cycle_id" not in outside


@pytest.mark.parametrize(
    ("ending", "level"),
    [(Ending.DONE, "info"), (Ending.SKIPPED, "warning"), (Ending.HALTED, "error")],
)
def test_the_summary_is_as_loud_as_the_ending(lines, ending, level):
    observe.cycle_ended(StepEnd(ending=ending))

    assert level == lines()[0]["level"]


def test_a_traceback_shows_no_local_variables(lines):
    def fail():
        password = "hunter2 is secret"  # noqa: S105 - what must not show
        raise KeyError(len(password))

    try:
        fail()
    except KeyError as error:
        observe.unexpected_error(error)

    (event,) = lines()
    assert "KeyError" in event["exception"]
    assert "hunter2" not in json.dumps(event)


def test_warnings_of_libraries_come_the_same_way(lines):
    logging.getLogger("dbos").setLevel(logging.WARNING)
    logging.getLogger("dbos").propagate = True
    logging.getLogger("dbos").warning("a queue is %s", "odd")
    logging.getLogger("dbos").info("chatter")

    (event,) = lines()
    assert ("a queue is odd", "dbos") == (event["event"], event["logger"])
