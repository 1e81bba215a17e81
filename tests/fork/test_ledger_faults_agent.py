"""A ledger that is damaged, locked, not writable or on a full disk: the agent signs nothing and says why."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fork.deployments import agent, staged

pytestmark = pytest.mark.fork

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 90


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        yield ready


@pytest.fixture
def deployed(stage, tmp_path):
    with stage.node.undone():
        yield stage.deploy(tmp_path / "agent")


def limited(settings, *, file_bytes):
    """Run the agent as a process whose files cannot grow beyond a size: its disk is full."""
    code = (
        "import resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({file_bytes}, {file_bytes})); "
        "from agent.cli.app import app; sys.argv = ['agent', *sys.argv[1:]]; app()"
    )
    command = [sys.executable, "-c", code, "run", "--once", "--settings", str(settings)]
    return subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip


@pytest.mark.parametrize("file_bytes", [4_096, 300_000])
def test_a_full_disk_signs_nothing_and_goes_on_once_there_is_room(stage, deployed, file_bytes):
    ran = limited(deployed, file_bytes=file_bytes)

    assert ran.returncode == 6, ran.stderr[-2_000:]
    assert "ledger" in ran.stderr
    assert 0 == stage.nonce()
    again = agent("run", "--once", "--settings", deployed)
    assert again.exit_code == 0, again.stderr


def test_a_damaged_ledger_signs_nothing(stage, deployed):
    path = deployed.parent / "agent.sqlite"
    assert agent("run", "--once", "--settings", deployed).exit_code == 0
    before = stage.nonce()
    whole = path.read_bytes()
    for left in path.parent.glob("agent.sqlite-*"):
        left.unlink()
    path.write_bytes(whole[: len(whole) // 2])

    for command in (("run", "--once"), ("tx", "rebroadcast", "0")):
        ran = agent(*command, "--settings", deployed)
        assert ran.exit_code == 6
        assert "restore the last backup" in ran.stderr
    assert before == stage.nonce()


def test_a_ledger_that_another_program_writes_to_signs_nothing(stage, deployed):
    assert agent("init", deployed.parent / "other", "--vault", stage.vault).exit_code == 0
    path = deployed.parent / "agent.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE mine (a)")
        other.execute("BEGIN IMMEDIATE")
        ran = agent("run", "--once", "--settings", deployed)

    assert ran.exit_code == 6
    assert "database is locked" in ran.stderr
    assert 0 == stage.nonce()
    shutil.rmtree(deployed.parent / "other")
