"""`agent tx` over a real ledger; what needs a node is said to need one."""

import json

import pytest
from typer.testing import CliRunner

from agent.adapters.ledger import Access, open_ledger
from agent.cli.app import app
from agent.log.keys import create_key
from tests.logbook import SteppingClock, Week, record_week

SETTINGS = """
[portfolio]
vault = "0x00000000000000000000000000000000000000aa"
[chain]
rpc_url = "http://127.0.0.1:1"
[signals]
ranking = "r.json"
regime = "s.json"
[key]
keystore = "k.json"
password_file = "p"
[ledger]
path = "agent.sqlite"
[log]
checkpoint_key = "checkpoint.pem"
"""


@pytest.fixture
def deployment(tmp_path):
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(
        tmp_path / "agent.sqlite", clock=SteppingClock(), origin="test", checkpoint_key=key
    ) as ledger:
        record_week(ledger, Week(number=0))
    (tmp_path / "agent.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path / "agent.toml"


def agent(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_transactions_are_listed_with_nonce_and_hash(deployment):
    result = agent("tx", "list", "--all", "--settings", deployment, "--json")
    listed = json.loads(result.stdout)

    assert result.exit_code == 0
    assert listed
    assert {"intent", "state", "nonce", "attempts"} <= set(listed[0])
    assert "nonce" in agent("tx", "list", "--all", "--settings", deployment).stdout


def test_one_is_shown_by_nonce_hash_or_id(deployment):
    first = json.loads(agent("tx", "list", "--all", "--settings", deployment, "--json").stdout)[0]
    names = (first["nonce"], first["attempts"][0]["tx_hash"], first["intent"]["intent_id"])

    for name in names:
        shown = agent("tx", "show", name, "--settings", deployment)
        assert shown.exit_code == 0
        assert first["intent"]["intent_id"][:20] in shown.stdout


@pytest.mark.parametrize("name", ["9999", "0x12", "zz"])
def test_an_unknown_name_is_refused(deployment, name):
    result = agent("tx", "show", name, "--settings", deployment)

    assert result.exit_code == 3
    assert "transactions go by" in result.stderr


def test_acts_are_refused_while_another_process_trades(deployment):
    path = deployment.parent / "agent.sqlite"
    with open_ledger(path, clock=SteppingClock(), access=Access.TRADE):
        result = agent("tx", "bump", "11", "--settings", deployment)

    assert result.exit_code == 6
    assert "another agent" in result.stderr


def test_the_lock_is_asked_for_before_the_key(deployment):
    assert agent("tx", "bump", "11", "--settings", deployment).exit_code == 3
    with open_ledger(deployment.parent / "agent.sqlite", clock=SteppingClock()):
        assert agent("run", "--once", "--settings", deployment).exit_code == 6


def test_the_doctor_needs_a_node(deployment):
    assert agent("tx", "doctor", "--settings", deployment).exit_code == 7
