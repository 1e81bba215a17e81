"""The agent as a process: asked to stop, killed, started again, and idle."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.adapters.ledger import Access, open_ledger
from agent.domain.intent import TxState
from tests.fakes import StillClock
from tests.fork.deployments import edit, staged

pytestmark = pytest.mark.fork

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 60


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        yield ready


@pytest.fixture
def deployed(stage, tmp_path):
    with stage.node.undone():
        settings = stage.deploy(tmp_path / "agent")
        edit(settings, "confirmations = 1", "confirmations = 3")
        yield settings


@contextmanager
def process(settings, *arguments, **environ):
    """Start the agent; whatever happens, it has ended in the end."""
    command = [sys.executable, "-m", "agent", "run", "--settings", str(settings), *arguments]
    started = subprocess.Popen(  # noqa: S603 - our own arguments
        command, cwd=ROOT, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.05)


@contextmanager
def mining(node):
    """Let blocks come every second."""
    node.rpc("evm_setIntervalMining", 1)
    try:
        yield
    finally:
        node.rpc("evm_setIntervalMining", 0)
        node.rpc("evm_setAutomine", True)  # noqa: FBT003 - JSON-RPC


def states(settings):
    path = settings.parent / "agent.sqlite"
    with open_ledger(path, clock=StillClock(), access=Access.READ) as ledger:
        return [status.state for status in ledger.intents()]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_cut_off_goes_on_and_signs_nothing_twice(stage, deployed, how):
    with process(deployed, "--once") as first:
        # The fork mines only what is sent, so the first batch waits for blocks upon its own.
        until(lambda: stage.nonce() == 1)
        first.send_signal(how)
        code = first.wait(PATIENCE_S)
    assert code == (-how if how == signal.SIGKILL else 130)
    unfinished = states(deployed)

    with mining(stage.node), process(deployed, "--once") as second:
        out, errors = second.communicate(timeout=PATIENCE_S * 2)

    assert second.returncode == 0, errors.decode()
    assert "went well" in out.decode()
    assert TxState.MINED not in unfinished
    assert len(unfinished) == stage.nonce() > 1
    assert set(states(deployed)) <= {TxState.MINED, TxState.FINAL_OK}


def test_a_second_instance_is_refused(stage, deployed):
    with process(deployed, "--once"):
        until(lambda: stage.nonce() == 1)
        with process(deployed, "--once") as second:
            _, errors = second.communicate(timeout=PATIENCE_S)

    assert second.returncode == 6
    assert "another agent" in errors.decode()


def listening_ports(pid):
    """Return the local TCP ports that a process listens on, from /proc."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink()) if descriptor.is_symlink() else ""
        inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    rows = []
    for table in ("tcp", "tcp6"):
        rows += [line.split() for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def test_an_idle_service_is_ready_listens_nowhere_and_stops_when_asked(deployed, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(PATIENCE_S)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"}
        with process(deployed, **environ) as service:
            said = [notified.recv(300).decode() for _ in range(4)]
            ports = listening_ports(service.pid)
            service.terminate()
            _, events = service.communicate(timeout=PATIENCE_S)
            while said[-1] != "STOPPING=1":
                said.append(notified.recv(300).decode())

    assert service.returncode == 0
    assert ["READY=1", "WATCHDOG=1"] == said[:2]
    assert said[2].startswith("STATUS=next cycle index-")
    assert ports == []
    names = [
        line.partition('"event": "')[2].partition('"')[0] for line in events.decode().splitlines()
    ]
    watched = {"signal_accepted", "stance_switched"}
    assert ["service_started", "service_stopping", "service_stopped"] == [
        name for name in names if name not in watched
    ]
    assert "signal_accepted" in names


def test_a_service_shows_no_secret(stage, deployed):
    edit(deployed, stage.node.url, stage.node.url + "/?key=s3cr3t-key")

    with process(deployed) as service:
        until((deployed.parent / "agent.sqlite").exists)
        service.terminate()
        out, events = service.communicate(timeout=PATIENCE_S)

    assert service.returncode == 0
    assert b"s3cr3t" not in out + events
    assert b"correct horse" not in out + events
