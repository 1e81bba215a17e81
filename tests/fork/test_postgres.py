"""A whole deployment whose ledger and cycles are in PostgreSQL: the same commands, the same ends."""

import json
from datetime import UTC, datetime

import psycopg
import pytest

from agent.adapters.ledger import Access, open_ledger
from agent.domain.intent import TxState
from tests.fakes import StillClock
from tests.fork.deployments import agent, edit, staged

pytestmark = pytest.mark.fork


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        yield ready


@pytest.fixture
def deployed(stage, tmp_path, new_database):
    """The settings of a deployment on an empty database."""
    with stage.node.undone():
        settings = stage.deploy(tmp_path / "agent")
        url = new_database.get_secret_value()
        edit(settings, "[ledger]\n", f"[ledger]\nurl = {json.dumps(url)}\n")
        yield settings


def test_a_whole_cycle_runs_on_postgresql_and_its_log_proves_it(stage, deployed, new_database):
    ran = agent("run", "--once", "--settings", deployed)
    assert ran.exit_code == 0, ran.stderr

    assert 1 < stage.nonce()
    assert not (deployed.parent / "agent.sqlite").exists()
    with open_ledger(
        new_database, clock=StillClock(datetime.now(UTC)), access=Access.READ
    ) as ledger:
        states = {status.state for status in ledger.intents()}
    assert states <= {TxState.MINED, TxState.FINAL_OK}
    export = deployed.parent / "log.jsonl"
    exported = agent("log", "export", export, "--settings", deployed)
    assert exported.exit_code == 0, exported.stderr
    key = deployed.parent / "checkpoint.pub"
    proved = agent("log", "verify", export, "--key", key, "--rpc", stage.node.url)
    assert proved.exit_code == 0, proved.stderr
    assert json.loads(agent("tx", "doctor", "--settings", deployed, "--json").stdout)["accounts"][
        0
    ]["is_sound"]
    again = agent("run", "--once", "--settings", deployed)
    assert "went well before" in again.stdout


def test_a_database_that_cannot_be_written_stops_everything_before_a_signature(
    stage, deployed, new_database
):
    with psycopg.connect(new_database.get_secret_value(), autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    ran = agent("run", "--once", "--settings", deployed)

    assert ran.exit_code == 6
    assert "cannot be written" in ran.stderr
    assert 0 == stage.nonce()
