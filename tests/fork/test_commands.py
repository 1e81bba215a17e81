"""The commands of an operator on a forked twin: look, rehearse, run, and what stops a run."""

import json
from pathlib import Path

import pytest

from agent.domain.units import ZERO_ADDRESS
from anvil.fund import fund
from anvil.node import anvil
from tests.fork.deployments import ACCOUNT, agent, edit, pause, staged
from tests.fork.proxies import node_without

pytestmark = pytest.mark.fork


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        yield ready


@pytest.fixture
def deployed(stage, tmp_path):
    """The settings of a fresh deployment; what happens to the chain is undone."""
    with stage.node.undone():
        yield stage.deploy(tmp_path / "agent")


def verdicts(result):
    return {f["name"]: f["verdict"] for f in json.loads(result.stdout)["findings"]}


def test_a_whole_deployment_passes_every_check(deployed):
    result = agent("check", "--settings", deployed, "--json")

    assert {"ok"} == set(verdicts(result).values())
    assert result.exit_code == 0


def test_a_plan_shows_everything_and_leaves_no_trace(stage, deployed):
    before = stage.node.head()

    result = agent("plan", "--settings", deployed)

    assert result.exit_code == 0, result.stderr
    for words in ("What can be held", "are left out", "order", "Batches", "a year of such weeks"):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert (before, 0) == (stage.node.head(), stage.nonce())
    assert not (deployed.parent / "agent.sqlite").exists()


def test_a_plan_at_one_block_always_has_the_same_id(deployed):
    first, second = (
        json.loads(agent("plan", "--settings", deployed, "--json").stdout) for _ in range(2)
    )

    assert first["plan_id"] == second["plan_id"]


def test_a_run_rebalances_once_and_seals_the_log(stage, deployed):
    result = agent("run", "--once", "--settings", deployed)

    assert result.exit_code == 0, result.stderr
    assert "went well" in result.stdout
    batches = stage.nonce()
    assert batches > 1
    tree = json.loads(agent("status", "--settings", deployed, "--json").stdout)
    assert (tree["last"]["stage"], tree["checkpoint"]["next_nonce"]) == ("report", str(batches))
    explained = agent("explain", "--settings", deployed)
    assert explained.exit_code == 0, explained.stderr
    assert "the schedule of index: cron" in explained.stdout
    assert "held, " in explained.stdout
    again = agent("run", "--once", "--settings", deployed)
    assert (0, batches) == (again.exit_code, stage.nonce())
    assert "nothing was done" in again.stdout


def test_a_second_cycle_finds_little_left_to_do(deployed):
    assert agent("run", "--once", "--settings", deployed).exit_code == 0

    tree = json.loads(agent("plan", "--settings", deployed, "--json").stdout)

    assert float(tree["plan"]["cost"]["notional_usd"]) < 5_000


def test_a_dry_run_never_reads_the_operators_key(stage, deployed, tmp_path):
    (deployed.parent / "keystore.json").unlink()
    (deployed.parent / "checkpoint.pem").unlink()

    result = agent(
        "dry-run", "--settings", deployed, "--fork-url", stage.node.url, "--out", tmp_path / "dry"
    )

    assert result.exit_code == 0, result.stderr
    assert stage.nonce() == 0
    written = {path.name for path in (tmp_path / "dry").iterdir()}
    assert {"ledger.sqlite", "log.jsonl", "checkpoint.pub"} <= written
    assert not (deployed.parent / "agent.sqlite").exists()


def test_two_dry_runs_on_equal_forks_have_the_same_plan(stage, deployed, tmp_path):
    def planned(out: Path) -> list[str]:
        with stage.node.undone():
            at = ("--fork-url", stage.node.url, "--out", out)
            result = agent("dry-run", "--settings", deployed, *at)
        assert result.exit_code == 0, result.stderr
        return [line for line in result.stdout.splitlines() if line.startswith(("plan ", "prop"))]

    first, second = planned(tmp_path / "one"), planned(tmp_path / "two")

    assert first == second
    assert len(first) == 2


def test_a_dry_run_wants_a_directory_of_its_own(stage, deployed):
    at = ("--fork-url", stage.node.url, "--out", deployed.parent)

    result = agent("dry-run", "--settings", deployed, *at)

    assert result.exit_code == 3
    assert "give a new or empty directory" in result.stderr


def test_a_dry_run_refuses_a_node_that_is_no_fork(deployed, tmp_path):
    with anvil("--chain-id", "1") as bare:
        at = ("--fork-url", bare.url, "--out", tmp_path / "dry")
        result = agent("dry-run", "--settings", deployed, *at)

    assert result.exit_code == 7
    assert "lacks a fork" in result.stderr
    assert not (tmp_path / "dry").exists()


def test_a_dry_run_refuses_a_node_that_is_not_anvil(stage, deployed, tmp_path):
    with node_without(stage.node, "anvil_nodeInfo") as url:
        result = agent(
            "dry-run", "--settings", deployed, "--fork-url", url, "--out", tmp_path / "d"
        )

    assert result.exit_code == 7
    assert "it is not Anvil" in result.stderr


def refused(settings, *, code, words, stage):
    """Check that a run does nothing but say why, in one line with the mend."""
    result = agent("run", "--once", "--settings", settings)

    assert code == result.exit_code, result.output
    assert words in result.stderr
    assert [True] == [line.startswith("error: ") for line in result.stderr.splitlines()]
    assert stage.nonce() == 0


def test_the_wrong_password_is_refused(stage, tmp_path):
    settings = stage.deploy(tmp_path, password="wrong")  # noqa: S106 - it is wrong

    refused(settings, code=3, words="does not open it", stage=stage)


def test_the_wrong_chain_is_refused(stage, tmp_path):
    with anvil("--chain-id", "5") as other:
        settings = stage.deploy(tmp_path, rpc_url=other.url)

        refused(settings, code=7, words="serves chain 5, settings say 1", stage=stage)
        assert verdicts(agent("check", "--settings", settings, "--json"))["node"] == "wrong"


def test_a_node_that_cannot_simulate_is_refused(stage, tmp_path):
    with node_without(stage.node, "eth_simulateV1") as url:
        settings = stage.deploy(tmp_path, rpc_url=url)

        refused(settings, code=7, words="lacks eth_simulateV1", stage=stage)
        assert verdicts(agent("check", "--settings", settings, "--json"))["node"] == "wrong"


def test_an_account_without_ether_signs_nothing(stage, deployed):
    fund(stage.node.rpc, ZERO_ADDRESS, ACCOUNT, 0)

    refused(deployed, code=5, words="ETH for gas is 0.000000 ETH", stage=stage)
    assert verdicts(agent("check", "--settings", deployed, "--json"))["gas"] == "wrong"


def test_a_plan_beyond_a_limit_signs_nothing(stage, deployed):
    edit(deployed, "max_cycle_usd = 5000000", "max_cycle_usd = 100")

    refused(deployed, code=5, words="policy.max_cycle_usd", stage=stage)


def test_a_paused_vault_signs_nothing(stage, deployed):
    pause(stage)

    assert verdicts(agent("check", "--settings", deployed, "--json"))["vault"] == "wrong"
    result = agent("run", "--once", "--settings", deployed)
    assert result.exit_code != 0
    assert stage.nonce() == 0


def test_another_keys_account_signs_nothing(stage, deployed):
    edit(deployed, f'vault = "{stage.vault}"', f'vault = "{ACCOUNT}"')

    result = agent("run", "--once", "--settings", deployed)

    assert result.exit_code == 3
    assert "no vault there" in result.stderr


def test_a_stale_ranking_is_refused_and_recorded(stage, deployed):
    ranking = deployed.parent / "ranking.json"
    tree = json.loads(ranking.read_text()) | {"issued_at": "2020-01-01T00:00:00Z"}
    ranking.write_text(json.dumps(tree))

    refused(deployed, code=4, words="publish a fresh signal", stage=stage)
    tree = json.loads(agent("status", "--settings", deployed, "--json").stdout)
    assert (tree["last"]["stage"], tree["needs_review"]) == ("halt", None)


def test_what_was_mended_can_be_run_again(stage, deployed):
    limit = ("max_cycle_usd = 5000000", "max_cycle_usd = 100")
    edit(deployed, *limit)
    refused(deployed, code=5, words="policy.max_cycle_usd", stage=stage)
    edit(deployed, *reversed(limit))

    assert agent("run", "--once", "--settings", deployed).exit_code == 0
    assert stage.nonce() > 0


def test_a_drill_sells_everything_and_says_how_long_and_how_much(stage, deployed, tmp_path):
    result = agent(
        *("drill", "flatten", "--settings", deployed, "--fork-url", stage.node.url),
        *("--out", tmp_path / "drill", "--json"),
    )

    assert result.exit_code == 0, result.stderr
    seen = json.loads(result.stdout)
    assert float(seen["sold_usd"]) > 0.9 * float(seen["portfolio_usd"]) > 0
    assert float(seen["cost_usd"]) > 0
    assert int(seen["batches"]) > 0
    assert int(seen["milliseconds"]) > 0
    assert not (deployed.parent / "agent.sqlite").exists()


def test_flatten_shows_its_cost_and_commands_the_exit(deployed):
    assert agent("run", "--once", "--settings", deployed).exit_code == 0
    said = ("--by", "Ada", "--reason", "war", "--settings", deployed)

    asked = agent("flatten", *said, text="y\n")

    assert asked.exit_code == 0, asked.stderr
    assert "a year of such weeks" in asked.stdout
    assert "commanded: the service goes out" in asked.stdout
    shown = agent("regime", "show", "--settings", deployed).stdout
    assert "out, in stablecoins" in shown
    assert "held out     by Ada" in shown
