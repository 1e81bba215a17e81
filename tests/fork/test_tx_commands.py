"""`agent tx` from end to end, before a strict node: a bump, a cancel, a gap, an old ledger, a delegate."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
from eth_account import Account
from pydantic import SecretBytes, SecretStr

from agent.adapters.broadcaster import RpcBroadcaster
from agent.adapters.chain import RpcChain
from agent.adapters.ledger import open_ledger
from agent.adapters.rpc import Rpc
from agent.adapters.signer import LocalSigner
from agent.domain.canonical import content_id
from agent.domain.intent import FeeCap, TxState
from agent.errors import InDoubtError
from agent.execution.custody import adoptions
from agent.execution.fees import FeeLimits
from agent.execution.prepared import open_batches
from agent.execution.sender import Pace, Sender
from agent.log.keys import load_key
from anvil.abi import call_data
from anvil.assets import RANKING
from anvil.calls import read, transact
from anvil.fund import fund
from anvil.strict.faults import Reorg
from anvil.strict.fleet import strict_fleet
from tests.fakes import StillClock
from tests.fork.deployments import ACCOUNT, KEY, Staged, agent
from tests.fork.stands import buys, custody_of, sells, stand_on
from tests.fork.strict import DELEGATE, delegating, signed
from tests.fork.vaults import OWNER
from tests.logbook import SteppingClock

pytestmark = pytest.mark.fork

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
ETHER = 10**18
KEYED = Account.from_key(KEY)


class Desk:
    """A deployment before a strict node that makes a block when a test says so, and batches to send."""

    def __init__(self, fork, fleet, rpc, directory, stand):
        self.fleet, self.rpc, self.fork = fleet, rpc, fork
        self.stand = stand
        self.plan = stand.plan(sells(stand), sells(stand))
        staged = Staged(node=fork, vault=stand.vault, ranking=json.loads(RANKING.read_bytes()))
        self.settings = staged.deploy(directory, rpc_url=fleet.url)
        self.path = directory / "agent.sqlite"

    @contextmanager
    def machine(self, *, on_sleep=lambda: None):
        """Provide the machine that sends on the deployment's ledger, with little patience."""
        key = load_key(self.path.parent / "checkpoint.pem")
        with open_ledger(
            self.path, clock=SteppingClock(), origin="test", checkpoint_key=key
        ) as ledger:
            chain = RpcChain(self.rpc, chain_id=1, contract=self.stand.vault)
            yield Sender(
                chain=chain,
                signer=self.stand.signer,
                ledger=ledger,
                broadcaster=RpcBroadcaster(self.rpc),
                clock=StillClock(on_sleep=on_sleep),
                pace=Pace(confirmations=1, poll_s=1, resend_s=2, patience_s=3, bump_blocks=4),
                limits=FeeLimits(ceiling=100 * 10**9),
                custody=custody_of(self.stand, ledger, chain),
            )

    def prepared(self, sender):
        return open_batches(sender.ledger, self.plan, plan_id=content_id(self.plan))

    def leave_one_out(self):
        """Send the first batch, and see no block."""
        with self.machine() as sender, pytest.raises(InDoubtError):
            sender.send(self.prepared(sender)[0], fee_cap=FEES)

    def tx(self, *words):
        result = agent("tx", *words, "--settings", self.settings)
        assert result.exit_code == 0, result.output
        return result.stdout

    def doctor(self):
        return json.loads(self.tx("doctor", "--json"))

    def states(self):
        return [(s["nonce"], s["state"]) for s in json.loads(self.tx("list", "--all", "--json"))]

    def checked(self):
        """What `agent check` finds of ledger and chain, up to its mend's first half."""
        found = json.loads(agent("check", "--settings", self.settings, "--json").stdout)
        one = next(f for f in found["findings"] if f["name"] == "ledger and chain")
        return one["verdict"], one["words"].rpartition(": ")[2].partition(";")[0]

    def settle(self):
        with self.machine() as sender:
            sender.settle_pending()

    def nonce(self):
        return int(self.fork.rpc("eth_getTransactionCount", ACCOUNT, "latest"), 16)

    def sequence(self):
        return read(self.fork, self.stand.vault, "sequence()", returns="uint64")


@pytest.fixture
def desk(fork, tmp_path):
    with Rpc(SecretStr(fork.url)) as direct:
        stand = stand_on(fork, direct)
        transact(fork, OWNER, stand.vault, call_data("setAgent(address)", ACCOUNT))
        fund(fork.rpc, "0x" + "00" * 20, ACCOUNT, ETHER)
        signer = LocalSigner(SecretBytes(bytes.fromhex(KEY[2:])))
        with (
            strict_fleet(fork.url, finality=4) as fleet,
            Rpc(SecretStr(fleet.url), sleep=lambda _: None) as rpc,
        ):
            yield Desk(fork, fleet, rpc, tmp_path / "agent", replace(stand, signer=signer))


def test_a_stuck_transaction_is_bumped_and_lands_at_the_higher_price(desk):
    desk.leave_one_out()
    (before,) = desk.doctor()["open"][:1]
    words = desk.tx("bump", "0")
    desk.fleet.mine()

    assert ("it is out and not mined", "1") == (before["fact"], before["attempts"])
    assert "attempt 2 is out" in words
    assert (1, 1) == (desk.nonce(), desk.sequence())
    (after,) = desk.doctor()["open"][:1]
    assert "it is mined, 1 blocks deep, not final yet" == after["fact"]
    shown = json.loads(desk.tx("show", "0", "--json"))
    first, second = (int(a["fee_cap"]["max_fee_per_gas"]) for a in shown["attempts"])
    assert second * 10 >= first * 11
    desk.fleet.mine(5)
    desk.settle()
    assert ("0", "final_ok") in desk.states()


def test_a_cancelled_transaction_never_runs_its_batch(desk):
    desk.leave_one_out()
    desk.tx("cancel", "0")
    assert "its cancel is out and not mined" == desk.doctor()["open"][0]["fact"]
    desk.fleet.mine(6)
    desk.settle()

    assert (1, 0) == (desk.nonce(), desk.sequence())
    assert ("0", "cancelled") in desk.states()


def test_bytes_that_pools_forgot_are_rebroadcast_as_they_are(desk):
    desk.leave_one_out()
    for node in desk.fleet.world.nodes:
        node.pool.clear()
    desk.fleet.mine()
    assert 0 == desk.nonce()

    desk.tx("rebroadcast", "0")
    desk.fleet.mine()

    assert (1, 1) == (desk.nonce(), desk.sequence())
    assert "1" == str(len(json.loads(desk.tx("show", "0", "--json"))["attempts"]))


def test_a_nonce_that_is_held_and_unsigned_is_filled(desk):
    with desk.machine() as sender:
        sender.ledger.reserve_nonce(desk.prepared(sender)[0].intent.intent_id, nonce=0)
    assert "its nonce is held, nothing is signed" == desk.doctor()["open"][0]["fact"]

    desk.tx("fill-gap", "0")
    desk.fleet.mine(6)
    desk.settle()

    assert (1, 0) == (desk.nonce(), desk.sequence())
    assert ("0", "cancelled") in desk.states()


def test_a_strangers_nonce_is_accounted_for_and_the_gap_it_leaves_is_filled(desk):
    with desk.machine(on_sleep=desk.fleet.mine) as sender:
        assert sender.send(desk.prepared(sender)[0], fee_cap=FEES).is_success
        desk.rpc.batch([("eth_sendRawTransaction", [signed(1, by=KEYED, fee=9 * 10**9)])])
        desk.fleet.mine()
        sender.settle_pending()
        assert [(1, 2)] == [(a.first_nonce, a.next_nonce) for a in adoptions(sender.ledger)]
    (account,) = desk.doctor()["accounts"]
    assert (["1"], True) == (account["foreign_nonces"], account["is_sound"])

    desk.fleet.do(Reorg(depth=1, repool=False))
    (account,) = desk.doctor()["accounts"]
    assert ["1"] == account["gaps"]
    assert "fill-gap" in account["next_step"]
    desk.tx("fill-gap", "1")
    desk.fleet.mine(6)
    desk.settle()

    assert 2 == desk.nonce()
    assert ("1", "cancelled") in desk.states()
    assert [] == desk.doctor()["accounts"][0]["foreign_nonces"]


def test_an_old_copy_of_the_ledger_halts_every_command_that_signs_until_it_is_reconciled(desk):
    with desk.machine() as sender:
        desk.prepared(sender)
        sender.ledger.reserve_nonce(desk.prepared(sender)[0].intent.intent_id, nonce=0)
        sender.ledger.advance(sender.ledger.intents()[1].intent.intent_id, state=TxState.CANCELLED)
    shutil.copy(desk.path, desk.path.with_suffix(".old"))
    with desk.machine(on_sleep=desk.fleet.mine) as sender:
        assert sender.send(desk.prepared(sender)[0], fee_cap=FEES).is_success
    for left in desk.path.parent.glob("agent.sqlite-*"):
        left.unlink()
    shutil.copy(desk.path.with_suffix(".old"), desk.path)

    halted = agent("tx", "fill-gap", "0", "--settings", desk.settings)
    assert halted.exit_code == 6
    assert "has run batch 1, the ledger knows of none above 0" in halted.stderr
    once = agent("run", "--once", "--settings", desk.settings)
    assert once.exit_code != 0
    assert 1 == desk.nonce()
    assert "put the newest one back" in desk.doctor()["accounts"][0]["next_step"]

    assert ("wrong", "put the newest copy back") == desk.checked()
    assert "by Ada" in desk.tx("reconcile", "--by", "Ada", "--note", "the disk was lost")
    desk.fleet.mine(6)
    with desk.machine() as sender:
        sender.custody.check()
    assert desk.doctor()["accounts"][0]["is_sound"]
    assert ("ok", "explains nonce 1 and sequence 1") == desk.checked()


def test_a_delegation_from_outside_takes_two_nonces_and_the_agent_goes_on(desk):
    with desk.machine(on_sleep=desk.fleet.mine) as sender:
        first, _ = desk.prepared(sender)
        assert sender.send(first, fee_cap=FEES).is_success
        desk.rpc.batch([("eth_sendRawTransaction", [delegating(1, by=KEYED, gas=100_000)])])
        desk.fleet.mine()
        assert 3 == desk.nonce()
        sender.settle_pending()
        desk.plan = replace(desk.plan, batches=desk.plan.batches[:1])

    (account,) = desk.doctor()["accounts"]
    assert (["1", "2"], DELEGATE) == (account["foreign_nonces"], account["delegate"].lower())
    assert "3" == account["nonce_in_ledger"]

    later = self_plan(desk)
    with desk.machine(on_sleep=desk.fleet.mine) as sender:
        (batch,) = open_batches(sender.ledger, later, plan_id=content_id(later))
        assert sender.send(batch, fee_cap=FEES).is_success
    assert (4, 2) == (desk.nonce(), desk.sequence())


def self_plan(desk):
    """Return a plan whose one batch follows the first of the desk's."""
    plan = desk.stand.plan(buys(desk.stand))
    (batch,) = plan.batches
    return replace(plan, batches=(replace(batch, index=0, sequence=2),))
