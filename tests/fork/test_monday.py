"""`make run`, the whole Monday, as a new user starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from anvil.twin import twin

pytestmark = pytest.mark.fork
ROOT = Path(__file__).parent.parent.parent


def monday(out, *arguments, **environment):
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "anvil.monday", "--out", str(out), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def named_id(output, name):
    return next(line.split()[-1] for line in output.splitlines() if line.startswith(f"{name} "))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return monday(tmp_path_factory.mktemp("first"))


def test_monday_goes_from_signals_to_a_verified_log(first):
    assert 0 == first.returncode, first.stdout + first.stderr
    assert "left out" in first.stdout
    assert "Planned and realised" in first.stdout
    assert "the log is complete to block" in first.stdout


def test_the_same_inputs_give_the_same_plan_id(first, tmp_path):
    second = monday(tmp_path)

    assert named_id(first.stdout, "plan") == named_id(second.stdout, "plan")
    assert named_id(first.stdout, "proposal") == named_id(second.stdout, "proposal")


@pytest.mark.parametrize(("universe", "regime"), [("fill", "bullish"), ("strict", "bearish")])
def test_every_mode_ends_well(tmp_path, universe, regime):
    ended = monday(tmp_path, "--universe", universe, "--regime", regime)

    assert 0 == ended.returncode, ended.stdout + ended.stderr


def test_any_node_of_the_chain_can_be_forked(tmp_path):
    with twin() as node:
        ended = monday(tmp_path, MAINNET_RPC_URL=node.url)

    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert "fork of mainnet" in ended.stdout


def test_a_ranking_of_one_s_own_is_followed(tmp_path):
    sample = json.loads((ROOT / "agent/data/samples/ranking.json").read_bytes())
    own = tmp_path / "own.json"
    own.write_text(json.dumps({**sample, "rows": sample["rows"][:150], "source": "my own"}))

    ended = monday(tmp_path / "out", "--ranking", str(own), "--universe", "fill")

    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert "150 coins by my own" in ended.stdout
