"""`agent log` as an operator and an auditor type it."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.ledger import SqlLedger, open_ledger
from agent.cli.app import app
from agent.domain.bodies import InputsFixed, PlanMade
from agent.domain.canonical import canonical_bytes, content_id
from agent.log.keys import create_key, load_key
from agent.planning.planner import normalised, plan
from agent.settings.template import settings_template
from tests.logbook import ACCOUNT, SteppingClock, Week, block, record_week, sign_off
from tests.worlds import world

SETTINGS = {
    "vault": "0x00000000000000000000000000000000000fa017",
    "rpc_url": "http://127.0.0.1:9",
    "ranking": "ranking.json",
    "regime": "regime.json",
    "keystore": "keystore.json",
    "password_file": "password",
    "checkpoint_key": "checkpoint.pem",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment without a ledger."""
    monkeypatch.setenv("AGENT_SETTINGS", str(tmp_path / "agent.toml"))
    return deployed(tmp_path)


def deployed(home: Path) -> Path:
    (home / "agent.toml").write_text(settings_template(SETTINGS))
    create_key(home / "checkpoint.pem")
    return home


def ledger_in(home: Path) -> SqlLedger:
    return open_ledger(
        home / "agent.sqlite",
        clock=SteppingClock(),
        origin="index",
        checkpoint_key=load_key(home / "checkpoint.pem"),
    )


@pytest.fixture(scope="module")
def three_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = deployed(tmp_path_factory.mktemp("home"))
    with ledger_in(home) as ledger:
        for number in range(3):
            record_week(ledger, Week(number=number))
            if number < 2:
                sign_off(ledger, Week(number=number))
    return home


@pytest.fixture
def weeks(tmp_path: Path, three_weeks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment whose ledger holds three weeks, the first two signed off."""
    monkeypatch.setenv("AGENT_SETTINGS", str(tmp_path / "agent.toml"))
    shutil.copytree(three_weeks, tmp_path, dirs_exist_ok=True)
    return tmp_path


def agent(*words: object, ends_with: int = 0) -> Result:
    result = CliRunner().invoke(app, ["log", *map(str, words)])

    assert result.exit_code == ends_with, result.output
    return result


def exported(home: Path) -> Path:
    agent("export", home / "log.jsonl")
    return home / "log.jsonl"


LAST = Week(number=2).cycle_id


@pytest.mark.usefixtures("weeks")
def test_the_last_cycle_is_shown() -> None:
    shown = agent("show").output

    assert f"{LAST}: done, bullish, begun 2026-11-23 00:" in shown
    assert "3 legs, $3,670" in shown
    assert ", 15 " in shown
    assert "290,000   300,000" in shown
    assert f"next: agent log sign-off {LAST} --head " in shown
    assert Week(number=1).cycle_id not in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.usefixtures("weeks")
def test_one_cycle_or_all_are_shown() -> None:
    one = agent("show", Week(number=0).cycle_id).output
    every = agent("show", "--all").output

    assert "signed off by ann" in one
    assert LAST not in one
    assert all(Week(number=n).cycle_id in every for n in range(3))


@pytest.mark.usefixtures("weeks")
def test_an_unknown_cycle_is_named() -> None:
    result = agent("show", "index-1999", ends_with=3)

    assert "the log has no cycle 'index-1999': it has index-2026-11-23T0000Z" in result.stderr


@pytest.mark.usefixtures("weeks")
def test_machines_get_json() -> None:
    ((first, second),) = (c["cycle"]["batches"] for c in json.loads(agent("show", "--json").stdout))

    assert (first["signed"]["nonce"], second["signed"]["nonce"]) == ("15", "16")
    assert first["sold_usd"] == "3669.90"


def test_an_export_is_shown_without_a_ledger(weeks: Path) -> None:
    export = exported(weeks)
    (weeks / "agent.toml").unlink()

    assert f"{LAST}: done" in agent("show", "--export", export).output


@pytest.mark.usefixtures("home")
def test_a_missing_ledger_is_named() -> None:
    result = agent("show", ends_with=6)

    assert "there is none at" in result.stderr


@pytest.mark.usefixtures("weeks")
def test_review_walks_what_is_not_signed_off() -> None:
    reviewed = agent("review").output

    assert LAST in reviewed
    assert Week(number=0).cycle_id not in reviewed
    assert "nothing unusual" in reviewed


@pytest.mark.usefixtures("weeks")
def test_signing_off_ends_a_review() -> None:
    done = agent("sign-off", LAST, "--by", "bob", "--note", "as planned").output

    assert f"{LAST} signed off by bob at head" in done
    assert "every cycle is signed off" in agent("review").output
    assert json.loads(agent("review", "--json").stdout) == []


@pytest.mark.usefixtures("weeks")
def test_signing_off_binds_to_what_was_reviewed() -> None:
    (waiting,) = json.loads(agent("review", "--json").stdout)
    head = waiting["cycle"]["head"]

    result = agent("sign-off", LAST, "--by", "bob", "--head", "ab" * 32, ends_with=3)
    assert f"went on since {'ab' * 32} was its head, now it is {head}" in result.stderr
    result = agent("sign-off", LAST, "--by", "bob", "--head", "", ends_with=3)
    agent("sign-off", LAST, "--by", "bob", "--head", head[:12])


@pytest.mark.usefixtures("weeks")
def test_an_unknown_cycle_is_not_signed_off() -> None:
    agent("sign-off", "index-1999", "--by", "bob", ends_with=3)

    assert "signed off by bob" not in agent("show", "--all").output


def test_an_export_verifies_with_the_public_key_alone(weeks: Path) -> None:
    agent("sign-off", LAST, "--by", "bob")
    export = exported(weeks)
    for name in ("agent.toml", "agent.sqlite", "checkpoint.pem"):
        (weeks / name).unlink()

    said = agent("verify", export, "--key", weeks / "checkpoint.pub").output
    assert said.startswith("the log is complete to block 490\n")
    assert "72 in 3 cycles, 4 checkpoints" in said
    assert "11 to 16, each with its signed record" in said
    assert "was not asked" in said
    assert max(map(len, said.splitlines())) <= 100


def test_verdicts_come_as_json(weeks: Path) -> None:
    said = agent("verify", exported(weeks), "--key", weeks / "checkpoint.pub", "--json").stdout

    verdict = json.loads(said)
    assert verdict["is_verified"] is True
    assert (verdict["verdict"]["signed"], verdict["verdict"]["block_number"]) == ("6", "490")


def test_an_export_cut_in_the_middle_fails(weeks: Path) -> None:
    export = exported(weeks)
    whole = export.read_bytes()
    export.write_bytes(whole[: len(whole) // 2])

    result = agent("verify", export, "--key", weeks / "checkpoint.pub", ends_with=8)
    line = whole[: len(whole) // 2].count(b"\n") + 1
    assert f"log verification failed at line {line}: the file is cut off here" in result.stderr
    assert len([e for e in result.stderr.splitlines() if e.startswith("error: ")]) == 1
    result = agent("verify", export, "--key", weeks / "checkpoint.pub", "--json", ends_with=8)
    assert json.loads(result.stdout) == {
        "is_verified": False, "where": f"line {line}", "reason": "the file is cut off here",
    }  # fmt: skip


def test_a_rollback_shows_against_an_earlier_checkpoint(weeks: Path) -> None:
    agent("export", weeks / "old.jsonl", "--as-sealed")
    agent("sign-off", LAST, "--by", "bob")
    export = exported(weeks)
    (weeks / "seen").write_bytes(export.read_bytes().splitlines(keepends=True)[-1])
    key = weeks / "checkpoint.pub"

    agent("verify", export, "--key", key, "--after", weeks / "old.jsonl")
    agent("verify", export, "--key", key, "--after", weeks / "seen")
    result = agent(
        "verify", weeks / "old.jsonl", "--key", key, "--after", weeks / "seen", ends_with=8
    )
    assert "the log was rolled back: it had 72 records, it ends at 71" in result.stderr


def test_what_is_no_checkpoint_is_refused(weeks: Path) -> None:
    export, key = exported(weeks), weeks / "checkpoint.pub"
    first = weeks / "first"
    first.write_bytes(export.read_bytes().splitlines(keepends=True)[0])
    first_line = agent("verify", export, "--key", key, "--after", first, ends_with=8)
    settings = agent("verify", export, "--key", key, "--after", weeks / "agent.toml", ends_with=8)

    assert "first, line 1: it is not a checkpoint" in first_line.stderr
    assert "it is not a line of a log" in settings.stderr


def test_a_wrong_key_is_refused(weeks: Path) -> None:
    export = exported(weeks)
    other = create_key(weeks / "other.pem")

    result = agent("verify", export, "--key", weeks / "other.pub", ends_with=8)
    assert f"you trust {other.public.key_id}" in result.stderr
    result = agent("verify", export, "--key", weeks / "agent.toml", ends_with=3)
    assert "it is not an Ed25519 public key" in result.stderr


@pytest.mark.usefixtures("weeks")
def test_an_export_goes_to_the_standard_output() -> None:
    said = agent("export", "-").stdout_bytes

    assert said.startswith(b'{"header":')
    assert said.splitlines()[-1].startswith(b'{"checkpoint":')


def test_an_export_is_whole_or_not_there(weeks: Path) -> None:
    result = agent("export", weeks / "nowhere" / "log.jsonl", ends_with=3)

    assert "name a file in a directory that can be written" in result.stderr
    assert not list(weeks.glob("**/*.part"))


def test_a_log_without_a_checkpoint_cannot_be_exported(home: Path) -> None:
    ledger_in(home).close()

    for words in ((), ("--as-sealed",)):
        result = agent("export", home / "log.jsonl", *words, ends_with=6)
        assert "no checkpoint closes the log yet: run a cycle first" in result.stderr
    assert not (home / "log.jsonl").exists()


@pytest.fixture
def planned(home: Path) -> Path:
    """Return a deployment whose ledger holds a real plan, and its inputs."""
    inputs = normalised(world(coins=6))
    made = plan(inputs, proposal_id="")
    with ledger_in(home) as ledger:
        fixed = InputsFixed(inputs_sha256=content_id(inputs))
        ledger.append(fixed, cycle_id=made.cycle_id, contents=(canonical_bytes(inputs),))
        ledger.append(PlanMade(plan_id=content_id(made), plan=made), cycle_id=made.cycle_id)
        ledger.seal(block=block(5), account=ACCOUNT, next_nonce=0)
    return home


@pytest.mark.usefixtures("planned")
def test_a_plan_is_computed_anew() -> None:
    said = agent("replay").output

    assert "computed anew, the plan is the same" in said
    assert "other splits would bring the basket no more than 0.00 bps" in said


def test_an_export_is_replayed_without_a_ledger(planned: Path) -> None:
    export = exported(planned)
    (planned / "agent.sqlite").unlink()
    replayed = json.loads(agent("replay", "--export", export, "--json").stdout)

    assert (replayed["gap_bps"], replayed["cycle_id"]) == ("0.00", "index-2026-11-23T0000Z")


@pytest.mark.usefixtures("weeks")
def test_a_plan_that_does_not_follow_fails() -> None:
    """The weeks' batches are made up: they do not follow from the inputs."""
    result = agent("replay", ends_with=8)

    assert "(plan): computed anew it differs at batches" in result.stderr


@pytest.mark.usefixtures("planned")
def test_an_unknown_cycle_is_not_replayed() -> None:
    result = agent("replay", "index-1999", ends_with=3)

    assert "the log has no cycle 'index-1999'" in result.stderr
