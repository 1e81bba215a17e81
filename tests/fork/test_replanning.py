"""Somebody else takes a batch's nonce in the middle of a cycle: it is dropped, and the cycle plans anew."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from eth_account import Account
from pydantic import SecretStr

from agent.adapters.rpc import Rpc
from agent.adapters.supervisor import SystemdSupervisor
from agent.bootstrap.live import live_means
from agent.bootstrap.wiring import Endpoints, service
from agent.domain.happening import Ending, NonceTaken, Planned
from agent.domain.intent import TxState
from agent.domain.record import RecordKind
from agent.settings import load_settings
from anvil.strict.fleet import strict_fleet
from tests.fork.deployments import KEY, agent, staged
from tests.fork.strict import signed

pytestmark = pytest.mark.fork

THIEF = Account.from_key(KEY)
GWEI = 10**9


class Thief:
    """A clock whose sleep makes a block; before the first block it outbids the agent's first transaction."""

    def __init__(self, fleet, rpc):
        self.fleet, self.rpc = fleet, rpc
        self.is_done = False

    def now(self):
        return datetime.now(UTC)

    def sleep(self, _seconds):
        if not self.is_done and any(len(node.pool) for node in self.fleet.world.nodes):
            raw = signed(0, by=THIEF, fee=90 * GWEI, tip=50 * GWEI)
            (answer,) = self.rpc.answers([("eth_sendRawTransaction", [raw])])
            assert answer.error is None, answer.error
            self.is_done = True
        self.fleet.mine()


def test_a_batch_whose_nonce_was_taken_is_dropped_and_the_rest_planned_from_balances(tmp_path):
    told = []
    with staged() as stage:
        path = stage.deploy(tmp_path / "agent")
        with (
            strict_fleet(stage.node.url, finality=4) as fleet,
            Rpc(SecretStr(fleet.url), sleep=lambda _: None) as rpc,
            live_means(
                load_settings(path),
                nodes=Endpoints(public=(rpc,)),
                clock=Thief(fleet, rpc),
                supervisor=SystemdSupervisor({}),
                patience=timedelta(0),
            ) as means,
        ):
            ran = service(load_settings(path), means, tell=told.append)
            _, end, _ = ran.run_once()
            statuses = means.ledger.intents()
            halts = means.ledger.records(kinds=(RecordKind.HALT,))
        export, key = tmp_path / "log.jsonl", path.parent / "checkpoint.pub"
        exported = agent("log", "export", export, "--settings", path)
        assert exported.exit_code == 0, exported.stderr
        proved = agent("log", "verify", export, "--key", key, "--rpc", stage.node.url, "--json")

    assert Ending.DONE is end.ending, end.reason
    assert ["NonceTakenError"] == [record.body["error"] for record in halts]
    assert [0] == [one.nonce for one in told if isinstance(one, NonceTaken)]
    first, second = [one.plan_id for one in told if isinstance(one, Planned)]
    states = {plan_id: [] for plan_id in (first, second)}
    for status in statuses:
        states[status.intent.plan_id].append(status.state)
    assert [TxState.EXTERNAL, *[TxState.CANCELLED] * (len(states[first]) - 1)] == states[first]
    assert set(states[second]) <= {TxState.MINED, TxState.FINAL_OK}
    nonces = [s.nonce for s in statuses if s.intent.plan_id == second]
    assert list(range(1, 1 + len(nonces))) == nonces
    assert proved.exit_code == 0, proved.stderr
    assert ["0"] == json.loads(proved.stdout)["verdict"]["external_nonces"]
