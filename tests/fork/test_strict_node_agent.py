"""The agent's own adapters and sender before strict endpoints: a batch lands once, whatever they do."""

import pytest
from pydantic import SecretStr

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.chain import RpcChain
from agent.adapters.ledger import open_ledger
from agent.adapters.rpc import Rpc
from agent.domain.canonical import content_id
from agent.domain.intent import FeeCap, TxState
from agent.execution.fees import FeeLimits
from agent.execution.prepared import open_batches
from agent.execution.sender import Pace, Sender
from anvil.calls import read
from anvil.strict.dialects import DIALECTS
from anvil.strict.fleet import strict_fleet
from anvil.strict.script import rules_of
from tests.fakes import StillClock
from tests.fork.stands import custody_of, sells, stand_on
from tests.logbook import SteppingClock

pytestmark = pytest.mark.fork

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
SEND = "eth_sendRawTransaction"
RECEIPT = "eth_getTransactionReceipt"


def on(method, call=1, **do):
    return {"when": {"method": method, "call": call}, "do": do}


TROUBLE = {
    "nothing": [],
    "dropped": [on(SEND, fault="drop")],
    "accepted with an error": [on(SEND, fault="refuse_but_keep", text="internal error")],
    "already known": [on(SEND, fault="twice")],
    "late": [on(SEND, fault="late", blocks=3)],
    "refused": [on(SEND, fault="refuse", text="daily request count exceeded", code=-32005)],
    "503": [on(SEND, fault="status", code=503)],
    "lost answer": [on(SEND, fault="lost", has_effect=True)],
    "lost request": [on(SEND, fault="lost", has_effect=False)],
    "garbled": [on(SEND, fault="garble")],
    "evicted": [on(RECEIPT, 2, act="evict")],
    "reorganised": [on(RECEIPT, 3, act="reorg", depth=1)],
    "reorganised and lost": [on(RECEIPT, 3, act="reorg", depth=1, repool=False)],
    "receipt late": [on(RECEIPT, 2, fault="missing"), on(RECEIPT, 3, fault="missing")],
}


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"relay"}))
def test_every_client_is_fit_for_the_agent(fork, dialect):
    with (
        strict_fleet(fork.url, dialects=(dialect,), finality=2) as fleet,
        Rpc(SecretStr(fleet.url)) as rpc,
    ):
        RpcChain(rpc, chain_id=1, contract="0x" + "00" * 20).ping()


def test_batches_answered_in_any_order_are_understood(fork):
    script = rules_of([on("eth_chainId", fault="reverse")])
    with strict_fleet(fork.url, script=script) as fleet, Rpc(SecretStr(fleet.url)) as rpc:
        assert ["0x1", fork.head()["number"]] == rpc.batch(
            [("eth_chainId", []), ("eth_blockNumber", [])]
        )


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_batch_lands_once_whatever_the_node_does(fork, tmp_path, trouble):
    with Rpc(SecretStr(fork.url)) as direct:
        stand = stand_on(fork, direct)
        plan = stand.plan(sells(stand))
    script = rules_of(TROUBLE[trouble])
    with (
        strict_fleet(fork.url, script=script, finality=4) as fleet,
        Rpc(SecretStr(fleet.url), sleep=lambda _: None) as rpc,
        open_ledger(tmp_path / "agent.sqlite", clock=SteppingClock(), origin="test") as ledger,
    ):
        chain = RpcChain(rpc, chain_id=1, contract=stand.vault)
        sender = Sender(
            chain=chain,
            signer=stand.signer,
            ledger=ledger,
            broadcaster=RpcBroadcaster(rpc),
            clock=StillClock(on_sleep=fleet.mine),
            pace=Pace(confirmations=2, poll_s=1, resend_s=3, bump_blocks=100),
            limits=FeeLimits(ceiling=100 * 10**9),
            custody=custody_of(stand, ledger, chain),
        )
        (prepared,) = open_batches(ledger, plan, plan_id=content_id(plan))
        outcome = sender.send(prepared, fee_cap=FEES)
        fleet.mine(5)
        sender.settle_pending()
        (status,) = ledger.intents()
        sent = {dict(event.facts)["tx"] for event in fleet.history.named("sent")}

    assert outcome.is_success
    assert (TxState.FINAL_OK, 1) == (status.state, len(status.attempts))
    assert {status.attempts[0].tx_hash} == sent
    assert 1 == read(fork, stand.vault, "sequence()", returns="uint64")
    assert 1 == int(fork.rpc("eth_getTransactionCount", stand.signer.address, "latest"), 16)
