"""Commands as an operator types them: what they print, and the code that they end with."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.adapters.ledger import Access, open_ledger
from agent.cli.app import app
from agent.domain.bodies import ProposalMade
from agent.domain.canonical import content_id
from agent.domain.record import RecordKind
from agent.planning.proposing import propose
from agent.settings.template import REQUIRED
from tests.fakes import StillClock
from tests.worlds import world

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "agent" / "data" / "samples"
VAULT = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
NOBODY = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""


def agent(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def deployment(tmp_path):
    """A deployment whose signals are fresh and whose node is down."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in ("ranking", "regime"):
        tree = json.loads((SAMPLES / f"{name}.json").read_text()) | {"issued_at": now}
        (tmp_path / f"{name}.json").write_text(json.dumps(tree))
    given = {
        "vault": VAULT,
        "rpc-url": NOBODY,
        "ranking": "ranking.json",
        "regime": "regime.json",
        "keystore": "keystore.json",
        "password-file": "password",
    }
    options = [part for key, value in given.items() for part in (f"--{key}", value)]
    assert agent("init", tmp_path, *options).exit_code == 0
    return tmp_path / "agent.toml"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_help_names_every_command():
    result = agent("--help")

    assert result.exit_code == 0
    for command in ("init", "check", "plan", "dry-run", "run", "approve", "status", "signals"):
        assert re.search(rf"^  {command}\b", result.stdout, re.MULTILINE)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['agent', '--help']\n"
        "from agent.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    loaded = set(done.stderr.split())
    assert not loaded & {
        "web3",
        "dbos",
        "sqlalchemy",
        "pydantic",
        "structlog",
        "rich.console",
        "numpy",
    }


@pytest.mark.parametrize("arguments", [["nonsense"], ["plan", "--nonsense"], ["dry-run"]])
def test_wrong_usage_is_code_2(arguments):
    assert agent(*arguments).exit_code == 2


def test_init_writes_what_check_then_asks_for(tmp_path):
    assert agent("init", tmp_path).exit_code == 0

    result = agent("check", "--settings", tmp_path / "agent.toml")

    assert result.exit_code == 3
    missing = [line for line in result.stderr.splitlines() if line.endswith(": add it")]
    assert len(missing) == len(REQUIRED) - 1  # the checkpoint key is there
    assert all(line.startswith("error: setting ") for line in missing)


def test_init_overwrites_nothing(deployment):
    before = deployment.read_text()

    result = agent("init", deployment.parent)

    assert (3, before) == (result.exit_code, deployment.read_text())
    assert result.stderr.count("\n") == 1


def test_the_checkpoint_key_is_for_its_owner_alone(deployment):
    assert (deployment.parent / "checkpoint.pem").stat().st_mode & 0o077 == 0
    assert (deployment.parent / "checkpoint.pub").is_file()


def test_an_unknown_setting_is_one_line_with_the_mend(deployment):
    edit(deployment, "top_n = 100", "top_m = 100")

    result = agent("plan", "--settings", deployment)

    assert result.exit_code == 3
    assert result.stderr == "error: setting policy.top_m = 100: unknown key, did you mean top_n?\n"


def test_a_negative_limit_is_one_line_with_its_bound(deployment):
    edit(deployment, "max_order_usd = 1000000", "max_order_usd = -5")

    result = agent("run", "--once", "--settings", deployment)

    assert result.exit_code == 3
    assert "policy.max_order_usd = -5" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_node_that_is_down_is_one_line_without_its_key(deployment):
    edit(deployment, NOBODY, NOBODY + "/v2/key-123456789")

    result = agent("plan", "--settings", deployment)

    assert result.exit_code == 7
    assert re.fullmatch(r"error: RPC http://127\.0\.0\.1:9 is not usable: .*\n", result.stderr)
    assert "key-123456789" not in result.output


def test_a_stale_ranking_stops_the_plan(deployment):
    path = deployment.parent / "ranking.json"
    edit(path, str(datetime.now(UTC).year), "2020")

    result = agent("signals", "show", "--settings", deployment)

    assert result.exit_code == 4
    assert "s old, the limit is 172800 s" in result.stderr


def test_check_names_what_is_wrong_and_leaves_out_what_builds_on_it(deployment):
    result = agent("check", "--settings", deployment, "--json")

    found = {f["name"]: f for f in json.loads(result.stdout)["findings"]}
    assert result.exit_code == 7
    assert {"settings": "ok", "signals": "ok", "node": "wrong", "vault": "not tried"}.items() <= {
        name: finding["verdict"] for name, finding in found.items()
    }.items()
    assert "is not usable" in found["node"]["words"]
    assert (found["checkpoint key"]["verdict"], found["trading key"]["verdict"]) == ("ok", "wrong")


def test_check_is_readable_at_100_columns(deployment):
    result = agent("check", "--settings", deployment)

    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "must be mended, then run agent check again" in result.stdout


def test_a_run_without_a_key_does_nothing(deployment):
    result = agent("run", "--once", "--settings", deployment)

    assert result.exit_code == 3
    assert result.stderr.startswith("error: keystore ")
    with closing(sqlite3.connect(deployment.parent / "agent.sqlite")) as database:
        assert (0,) == database.execute("SELECT count(*) FROM log_records").fetchone()


def test_status_before_the_first_run(deployment):
    result = agent("status", "--settings", deployment)

    assert result.exit_code == 0
    assert "look at agent plan, then start agent run" in result.stdout


def test_approving_without_a_ledger_says_so(deployment):
    result = agent("approve", "abc", "--by", "me", "--settings", deployment)

    assert result.exit_code == 6
    assert "run a cycle first" in result.stderr


def proposed(deployment):
    """Record a proposal as the service does, and return it."""
    inputs = world(coins=10)
    proposal = propose(inputs, executes_at=datetime(2026, 11, 23, tzinfo=UTC))
    made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
    path = deployment.parent / "agent.sqlite"
    with open_ledger(path, clock=StillClock(), origin="index") as ledger:
        ledger.append(made, cycle_id=proposal.cycle_id)
    return made


def approvals(deployment):
    path = deployment.parent / "agent.sqlite"
    with open_ledger(path, clock=StillClock(), access=Access.READ) as ledger:
        return [record.body for record in ledger.records(kinds=(RecordKind.APPROVAL,))]


def test_a_proposal_is_approved_by_how_its_id_begins(deployment):
    made = proposed(deployment)

    result = agent(
        "approve", made.proposal_id[:8], "--by", "Ada", "--note", "fine", "--settings", deployment
    )

    assert result.exit_code == 0
    given = {"proposal_id": made.proposal_id, "by": "Ada", "note": "fine"}
    assert [given] == approvals(deployment)


def test_a_proposal_that_does_not_stand_is_not_approved(deployment):
    proposed(deployment)

    result = agent("approve", "0000", "--by", "Ada", "--settings", deployment)

    assert result.exit_code == 3
    assert approvals(deployment) == []


def test_status_shows_what_was_proposed(deployment):
    made = proposed(deployment)

    result = agent("status", "--settings", deployment)

    assert made.proposal_id[:12] in result.stdout
    assert "orders proposed for 2026-11-23 00:00 UTC" in " ".join(result.stdout.split())


def test_signals_are_shown_as_json(deployment):
    result = agent("signals", "show", "--settings", deployment, "--json")

    tree = json.loads(result.stdout)
    assert tree["regime"]["regime"] == "bullish"
    assert len(tree["ranking"]["coins"]) == 330


@pytest.mark.parametrize(("name", "title"), [("ranking", "Ranking"), ("regime", "Regime")])
def test_a_schema_is_printed_as_published(name, title):
    result = agent("signals", "schema", name)

    assert json.loads(result.stdout)["title"].startswith(title)


def test_an_unknown_schema_is_wrong_usage():
    assert agent("signals", "schema", "weather").exit_code == 2


def test_a_table_becomes_a_ranking(tmp_path):
    table = tmp_path / "caps.csv"
    rows = [f"2025-03-01,{i},asset-{i},Coin {i},C{i},1.5,{10**9 - i}" for i in range(1, 120)]
    table.write_text("date,rank,asset,name,symbol,price_usd,market_cap_usd\n" + "\n".join(rows))
    out = tmp_path / "ranking.json"

    result = agent("signals", "convert", table, "--date", "2025-03-01", "--out", out)

    assert result.exit_code == 0
    assert len(json.loads(out.read_text())["rows"]) == 119
    assert "119 coins, issued 2025-03-01 00:00 UTC" in result.stdout


def bodies(deployment, kind):
    path = deployment.parent / "agent.sqlite"
    with open_ledger(path, clock=StillClock(), access=Access.READ) as ledger:
        return [record.body for record in ledger.records(kinds=(kind,))]


def test_a_proposal_is_rejected_and_then_cannot_be_approved(deployment):
    made = proposed(deployment)
    said = ("--by", "Ada", "--settings", deployment)

    result = agent("reject", made.proposal_id[:8], "--reason", "not now", *said)
    late = agent("approve", made.proposal_id[:8], *said)

    assert result.exit_code == 0
    rejected = {"proposal_id": made.proposal_id, "by": "Ada", "reason": "not now"}
    assert [rejected] == bodies(deployment, RecordKind.REJECTION)
    assert late.exit_code == 3
    assert "it was rejected by Ada" in late.stderr
    assert approvals(deployment) == []


def test_a_pause_and_its_end_are_kept_and_shown(deployment):
    proposed(deployment)
    said = ("--by", "Ada", "--reason", "audit", "--settings", deployment)

    assert "was not paused" in agent("resume", *said).stdout
    assert "paused: no cycle begins" in agent("pause", *said).stdout
    assert "was paused already" in agent("pause", *said).stdout
    assert "paused by Ada: audit" in agent("status", "--settings", deployment).stdout
    assert "resumed: " in agent("resume", *said).stdout
    commands = [body["command"] for body in bodies(deployment, RecordKind.COMMAND)]
    assert ["resume", "pause", "pause", "resume"] == commands


def test_flatten_commands_the_exit_at_once_where_somebody_is_sure(deployment):
    proposed(deployment)

    result = agent("flatten", "--yes", "--by", "Ada", "--reason", "war", "--settings", deployment)

    assert result.exit_code == 0
    (command,) = bodies(deployment, RecordKind.REGIME_COMMANDED)
    assert ("bearish", "Ada", "war") == tuple(command[k] for k in ("stance", "by", "reason"))


def test_flatten_asks_even_where_its_cost_cannot_be_said(deployment):
    proposed(deployment)

    result = agent("flatten", "--by", "Ada", "--reason", "war", "--settings", deployment)

    assert result.exit_code == 1
    assert "what it costs cannot be said now" in result.stdout
    assert bodies(deployment, RecordKind.REGIME_COMMANDED) == []
