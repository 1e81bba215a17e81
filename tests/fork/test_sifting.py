"""A token that is paused on the fork: the cycle trades all the others, and says why it left that one."""

import json

import pytest

from anvil.twin import manifest
from tests.fork.deployments import agent, edit, staged

pytestmark = pytest.mark.fork

LINK = "0x514910771AF9Ca656af840dff83E8264EcF986CA"
PAUSED_SLOT, PAUSED_BIT = 5, 21 * 8
"""Where the twin's pausable tokens keep it."""

NOTHING_SIGNED = 6


@pytest.fixture(scope="module")
def stage():
    with staged() as found:
        pausable = next(
            t["address"] for t in manifest()["tokens"] if t["contract"] == "PausableToken"
        )
        rpc = found.node.rpc
        rpc("anvil_setCode", LINK, rpc("eth_getCode", pausable, "latest"))
        word = int(rpc("eth_getStorageAt", LINK, hex(PAUSED_SLOT), "latest"), 16)
        paused = f"0x{word | 1 << PAUSED_BIT:064x}"
        rpc("anvil_setStorageAt", LINK, hex(PAUSED_SLOT), paused)
        yield found


def test_one_paused_token_stops_all_where_settings_say_so(stage, tmp_path):
    deployed = stage.deploy(tmp_path / "agent")
    edit(deployed, 'on_revert = "skip-and-report"', 'on_revert = "all-or-nothing"')

    result = agent("run", "--once", "--settings", deployed)

    assert result.exit_code == NOTHING_SIGNED, result.output
    assert stage.nonce() == 0


def test_one_paused_token_is_left_and_reported_and_the_rest_traded(stage, tmp_path):
    deployed = stage.deploy(tmp_path / "agent")

    result = agent("run", "--once", "--settings", deployed)
    assert result.exit_code == 0, result.output
    export = tmp_path / "log.jsonl"
    assert agent("log", "export", export, "--settings", deployed).exit_code == 0
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    bodies = [line["record"]["body"] for line in lines if "record" in line]
    plan = next(body["plan"] for body in bodies if "plan" in body)
    (skipped,) = (s for s in plan["skipped"] if s["symbol"] == "LINK")

    assert "set aside: its trade reverts in rehearsal: LegFailed" in skipped["reason"]
    assert "set aside" in result.output
    assert plan["batches"]
    assert not [o for o in plan["orders"] if o["token_in"]["address"] == LINK]
    assert stage.nonce() == len(plan["batches"])
