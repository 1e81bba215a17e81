"""The courier beside a service: what the ledger records reaches the channel, before the service is gone."""

from pathlib import Path

from typer.testing import CliRunner

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import Access, open_ledger
from agent.bootstrap.notifying import telling
from agent.cli.app import app
from agent.domain.bodies import Halted
from agent.log.keys import create_key
from agent.settings import load_settings, settings_template
from tests.adapters.test_messenger import webhook


def settings_in(directory: Path, *channels: str):
    given = {
        "vault": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
        "rpc_url": "http://127.0.0.1:1",
        "ranking": "ranking.json",
        "regime": "regime.json",
        "keystore": "keystore.json",
        "password_file": "password",
        "checkpoint_key": "checkpoint.pem",
    }
    text = settings_template(given).replace(
        "[notify.level_by_channel]", "\n".join((*channels, "[notify.level_by_channel]"))
    )
    path = directory / "agent.toml"
    path.write_text(text)
    return path


def test_what_is_recorded_reaches_the_channel_before_the_service_is_gone(tmp_path):
    with webhook() as (port, got):
        path = settings_in(tmp_path, f'team = "json://127.0.0.1:{port}/"')
        settings = load_settings(path)
        with (
            open_ledger(
                settings.ledger.place,
                clock=SystemClock(),
                access=Access.TRADE,
                origin="test",
                checkpoint_key=create_key(tmp_path / "checkpoint.pem"),
            ) as ledger,
            telling(settings, ledger, clock=SystemClock()),
        ):
            record = ledger.append(Halted(error="NodeUnfitError", reason="no"), cycle_id="index-1")

    (sent,) = got
    assert "index: cycle ended early (NodeUnfitError)" == sent["title"]
    assert record.hash[:16] in sent["message"]


def test_a_notice_by_hand_says_which_channel_took_it(tmp_path):
    with webhook() as (port, got):
        path = settings_in(
            tmp_path,
            f'team = "json://127.0.0.1:{port}/"',
            'gone = "json://127.0.0.1:1/"',
        )
        result = CliRunner().invoke(app, ["notify", "hello", "--settings", str(path)])

    assert result.exit_code == 7
    assert len(got) == 1
    assert "took it" in result.output
    assert "could not be reached" in result.output


def test_without_a_channel_there_is_nobody_to_try(tmp_path):
    result = CliRunner().invoke(app, ["notify", "--settings", str(settings_in(tmp_path))])

    assert result.exit_code == 3
    assert "setting notify.channels = '(none)': name a channel there" in result.output
