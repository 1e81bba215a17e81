"""The process that plans: the same plans as in ours, errors as they were raised, and every way it can end."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.planner import PlannerProcess, environment
from agent.adapters.planner.freight import packed, unpacked
from agent.bootstrap.planner import LocalPlanner, planner_process
from agent.domain.canonical import content_id
from agent.domain.units import Ppm
from agent.errors import InfeasibleTargetError, PlanningProcessError
from tests.worlds import USDC, with_policy, world

ROOT = Path(__file__).parent.parent.parent
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
INPUTS = world(coins=6, usd_by_token={USDC: 10_000})

ENDS_AT_ONCE = (sys.executable, "-c", "raise SystemExit(1)")
ENDS_WHEN_ASKED = (
    sys.executable,
    "-c",
    (
        "import sys; from multiprocessing.connection import Connection;"
        "Connection(int(sys.argv[1])).recv_bytes()"
    ),
)
HANGS = (sys.executable, "-c", "import time; time.sleep(600)")
BUG = (
    sys.executable,
    "-c",
    (
        "import sys; from agent.adapters.planner import serve;"
        "serve(int(sys.argv[1]), {'plan': lambda *_, **__: 1 // 0})"
    ),
)


@pytest.fixture(scope="module")
def running():
    with planner_process() as planner:
        planner.prepare()
        yield planner


def is_alive(pid):
    return Path(f"/proc/{pid}").exists()


def test_a_plan_is_the_same_wherever_it_is_made(running):
    here = LocalPlanner()

    assert running.propose(INPUTS, executes_at=MONDAY) == here.propose(INPUTS, executes_at=MONDAY)
    assert running.plan(INPUTS, proposal_id="ab") == here.plan(INPUTS, proposal_id="ab")


def test_a_refusal_arrives_as_it_was_raised(running):
    impossible = with_policy(INPUTS, max_coin_weight_ppm=Ppm(50_000), top_n=10)

    with pytest.raises(InfeasibleTargetError) as here:
        LocalPlanner().plan(impossible, proposal_id="")
    with pytest.raises(InfeasibleTargetError) as there:
        running.plan(impossible, proposal_id="")

    assert (str(here.value), vars(here.value)) == (str(there.value), vars(there.value))


def test_a_killed_process_is_replaced_and_the_plan_made_all_the_same(running):
    before = running.plan(INPUTS, proposal_id="")
    killed = running.pid
    os.kill(killed, signal.SIGKILL)

    assert before == running.plan(INPUTS, proposal_id="")
    assert killed != running.pid


def test_the_planning_code_is_not_loaded_where_it_only_waits():
    names = ("numpy", "scipy", "numba")
    code = f"import agent.bootstrap.live, sys; print([n for n in {names} if n in sys.modules])"
    said = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )

    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [ENDS_AT_ONCE, ENDS_WHEN_ASKED])
def test_a_process_that_ends_twice_is_an_error(command):
    with (
        PlannerProcess(command) as planner,
        pytest.raises(PlanningProcessError, match="asked for plan: it ended without an answer, 2"),
    ):
        planner.plan(INPUTS, proposal_id="")


def test_a_process_that_hangs_is_ended():
    planner = PlannerProcess(HANGS, timeout_s=0.2, ending_s=0.05)
    planner.prepare()
    hanging = planner.pid

    with planner, pytest.raises(PlanningProcessError, match="did not answer within 0 s"):
        planner.plan(INPUTS, proposal_id="")

    assert not is_alive(hanging)
    assert planner.pid is None


def test_a_bug_is_told_with_its_trace():
    with (
        PlannerProcess(BUG) as planner,
        pytest.raises(PlanningProcessError, match="it failed with ZeroDivisionError") as found,
    ):
        planner.plan(INPUTS, proposal_id="")

    assert "Traceback" in found.value.__notes__[0]


def test_the_end_of_the_block_ends_the_process():
    with PlannerProcess(ENDS_WHEN_ASKED) as planner:
        planner.prepare()
        pid = planner.pid

    assert not is_alive(pid)


def test_an_idle_process_ends_and_comes_back_when_it_is_needed():
    with PlannerProcess(HANGS, idle_s=0.05, ending_s=0.05) as planner:
        planner.prepare()
        first = planner.pid
        # A process that does not listen to its socket is killed after a while.
        for _ in range(400):
            if planner.pid is None:
                break
            time.sleep(0.05)
        assert planner.pid is None
        planner.prepare()

        assert planner.pid not in {None, first}


def test_settings_and_secrets_stay_here():
    given = {"PATH": "/bin", "AGENT_CHAIN__RPC_URL": "secret", "NUMBA_CACHE_DIR": "/c"}
    found = environment(given)

    assert found["PATH"] == "/bin"
    assert found["NUMBA_CACHE_DIR"] == "/c"
    assert found["OPENBLAS_NUM_THREADS"] == "1"
    assert "AGENT_CHAIN__RPC_URL" not in found


def test_inputs_and_plans_travel_unchanged():
    plan = LocalPlanner().plan(INPUTS, proposal_id="")

    assert unpacked(packed(INPUTS)) == INPUTS
    assert unpacked(packed(plan)) == plan


def test_a_plan_without_numba_is_the_same():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from agent.bootstrap.planner import LocalPlanner\n"
        "from agent.domain.canonical import content_id\n"
        "from tests.worlds import world\n"
        "print(content_id(LocalPlanner().plan(world(coins=20), proposal_id='')))"
    )
    said = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )

    assert said.stdout.strip() == content_id(LocalPlanner().plan(world(coins=20), proposal_id=""))
