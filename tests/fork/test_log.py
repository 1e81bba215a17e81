"""The log of a real cycle on the forked twin: an auditor's commands, with the chain as witness."""

import json
import shutil

import pytest

from anvil.calls import transact
from tests.fork.deployments import ACCOUNT, agent, staged

pytestmark = pytest.mark.fork


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        yield ready


@pytest.fixture(scope="module")
def done(stage, tmp_path_factory):
    """The settings of a deployment that has run one cycle."""
    settings = stage.deploy(tmp_path_factory.mktemp("agent"))
    result = agent("run", "--once", "--settings", settings)
    assert result.exit_code == 0, result.stderr
    return settings


@pytest.fixture
def deployed(stage, done, tmp_path, monkeypatch):
    """A copy of it; what happens to the chain is undone."""
    shutil.copytree(done.parent, tmp_path / "agent")
    monkeypatch.setenv("AGENT_SETTINGS", str(tmp_path / "agent" / "agent.toml"))
    with stage.node.undone():
        yield tmp_path / "agent"


def log(*words, code=0):
    result = agent("log", *words)
    assert result.exit_code == code, result.output + result.stderr
    return result


def verify(deployed, *words, code=0):
    return log(
        "verify", deployed / "log.jsonl", "--key", deployed / "checkpoint.pub", *words, code=code
    )


def test_the_chain_confirms_an_honest_log(stage, deployed):
    log("export", deployed / "log.jsonl")

    verdict = json.loads(verify(deployed, "--rpc", stage.node.url, "--json").stdout)["verdict"]

    assert verdict["is_chain_checked"] is True
    assert verdict["account"] == ACCOUNT
    assert int(verdict["next_nonce"]) == stage.nonce() == int(verdict["landed"])


@pytest.mark.usefixtures("deployed")
def test_a_real_plan_is_computed_anew():
    assert "computed anew, the plan is the same" in log("replay").stdout


def test_a_cycle_is_reviewed_and_signed_off(deployed):
    (waiting,) = json.loads(log("review", "--json").stdout)
    assert waiting["remarks"] == []
    log("sign-off", waiting["cycle"]["cycle_id"], "--by", "ann", "--head", waiting["cycle"]["head"])

    assert json.loads(log("review", "--json").stdout) == []
    log("export", deployed / "log.jsonl")
    verify(deployed)


def test_a_nonce_that_the_log_does_not_know_shows(stage, deployed):
    log("export", deployed / "log.jsonl")
    used = stage.nonce()
    transact(stage.node, ACCOUNT, ACCOUNT, "0x")

    verify(deployed)
    said = verify(deployed, "--rpc", stage.node.url, code=8).stderr
    assert f"nonce {used} of {ACCOUNT} was used on chain and the export does not know it" in said


def test_a_log_of_what_never_happened_shows(fork, deployed):
    """Ask a fork of the same chain on which the cycle was not run."""
    log("export", deployed / "log.jsonl")

    said = verify(deployed, "--rpc", fork.url, code=8).stderr
    assert "the chain has" in said
