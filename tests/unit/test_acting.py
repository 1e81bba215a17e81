"""What an operator sees of a transaction, and may have done to it."""

import pytest

from agent.domain.intent import AttemptKind, TxState
from agent.errors import InDoubtError, TransactionRefusedError
from agent.execution.account import examined_account
from agent.execution.acting import Deed, act
from agent.execution.diagnosis import examined
from agent.execution.fees import FeeLimits
from tests.fakes import FakeLedger
from tests.logbook import ACCOUNT
from tests.sending import PLAN, Stage


@pytest.fixture
def stage():
    """Return a stage on which the first batch is out and nothing is mined."""
    stage = Stage()
    stage.is_mining = False
    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    return stage


def do(stage, deed, prepared=None):
    act(stage.sender.pusher, stage.status(prepared or stage.first), deed)


def kinds(stage):
    return [attempt.kind for attempt in stage.status(stage.first).attempts]


def test_a_bump_is_another_attempt_that_is_sent(stage):
    do(stage, Deed.BUMP)

    assert [AttemptKind.SEND, AttemptKind.BUMP] == kinds(stage)
    assert stage.status(stage.first).attempts[-1].raw == stage.broadcaster.sent[-1]
    assert TxState.SEEN == stage.state(stage.first)


def test_a_cancel_is_an_attempt_too_and_bumping_it_raises_it(stage):
    do(stage, Deed.CANCEL)
    do(stage, Deed.BUMP)

    assert [AttemptKind.SEND, AttemptKind.CANCEL, AttemptKind.CANCEL] == kinds(stage)


def test_rebroadcasting_signs_nothing(stage):
    before = len(stage.signer.signed)
    do(stage, Deed.REBROADCAST)

    assert before == len(stage.signer.signed)
    assert 1 == len(set(stage.broadcaster.sent))


def test_a_gap_is_filled_by_a_transfer_to_oneself():
    stage = Stage()
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)
    do(stage, Deed.FILL_GAP)

    assert [AttemptKind.CANCEL] == kinds(stage)
    assert TxState.SEEN == stage.state(stage.first)


def test_what_has_no_nonce_is_dropped():
    stage = Stage()
    do(stage, Deed.CANCEL)

    assert TxState.CANCELLED == stage.state(stage.first)
    assert not stage.signer.signed


@pytest.mark.parametrize("deed", [Deed.FILL_GAP, Deed.BUMP, Deed.REBROADCAST])
def test_what_makes_no_sense_is_refused(deed):
    stage = Stage()

    with pytest.raises(TransactionRefusedError, match="it is intent"):
        do(stage, deed)


def test_the_ceiling_holds_for_operators_too(stage):
    stage.limits = FeeLimits(ceiling=31 * 10**9)

    with pytest.raises(TransactionRefusedError, match="above the ceiling of 31 gwei"):
        do(stage, Deed.BUMP)
    assert [AttemptKind.SEND] == kinds(stage)


def test_what_is_mined_is_left_alone(stage):
    stage.chain.mine()

    with pytest.raises(TransactionRefusedError, match="it is mined"):
        do(stage, Deed.CANCEL)


def test_what_has_ended_is_left_alone(stage):
    stage.chain.mine(70)
    stage.sender.settle_pending()

    with pytest.raises(TransactionRefusedError, match="ended as"):
        do(stage, Deed.BUMP)


def reserved(stage):
    stage.ledger.reserve_nonce(stage.second.intent.intent_id, nonce=8)
    return stage.second


def late(stage):
    stage.chain.height += (PLAN.deadline - stage.chain.fetch_head().timestamp) // 12 + 1
    return stage.first


def used_by_another(stage):
    stage.chain.pool.clear()
    stage.chain.use_nonce()
    return stage.first


def run_without_receipt(stage):
    stage.chain.sequence = 1
    return used_by_another(stage)


def mined(stage):
    stage.chain.mine()
    return stage.first


def final(stage):
    stage.chain.mine(70)
    return stage.first


def behind(stage):
    stage.chain.nonce = 5
    return stage.first


def cancelled(stage):
    do(stage, Deed.CANCEL)
    return stage.first


@pytest.mark.parametrize(
    ("world", "fact", "next_step"),
    [
        (lambda s: s.first, "it is out and not mined", "sends the same bytes again"),
        (lambda s: s.second, "nothing of it exists", "plans anew"),
        (reserved, "its nonce is held", "fill-gap"),
        (late, "it can only revert any more", "cancels it"),
        (used_by_another, "another transaction used its nonce", "planned anew"),
        (run_without_receipt, "its receipt is missing", "to chain.rpc_urls"),
        (mined, "it is mined, 1 blocks deep, not final yet", "waits for finality"),
        (final, "it is mined, final", "records its end"),
        (behind, "it waits for 2 earlier nonces", "sends again what holds them"),
        (cancelled, "its cancel is out", "raises the cancel"),
    ],
)
def test_the_doctor_says_what_is_so_and_what_comes_next(stage, world, fact, next_step):
    prepared = world(stage)
    found = examined(stage.chain, stage.status(prepared))

    assert fact in found.fact
    assert next_step in found.next_step
    assert found.why


def account_of(stage):
    return examined_account(
        stage.chain,
        stage.ledger,
        chain_id=1,
        account=ACCOUNT,
        contract=stage.first.intent.contract,
    )


def test_an_account_is_sound_while_the_ledger_explains_the_chain(stage):
    assert account_of(stage).is_sound
    stage.chain.mine()
    assert account_of(stage).is_sound


@pytest.mark.parametrize(("field", "value"), [("nonce", 9), ("sequence", 5)])
def test_a_chain_ahead_of_the_ledger_is_told(stage, field, value):
    setattr(stage.chain, field, value)
    found = account_of(stage)

    assert not found.is_sound
    assert "put the newest one back" in found.next_step
    assert "agent tx reconcile" in found.next_step


def test_an_empty_ledger_is_no_explanation_of_an_account_with_a_past():
    stage = Stage()
    stage.ledger = FakeLedger()
    stage.chain.sequence = 3

    assert not account_of(stage).is_sound
    stage.chain.nonce = 0
    assert account_of(stage).is_sound


def test_gaps_strangers_and_delegates_are_told(stage):
    stage.chain.mine()
    sender = stage.sender
    sender.settle_pending()
    stage.chain.use_nonce()
    stage.chain.use_nonce()
    sender.settle_pending()
    stage.chain.delegate = ACCOUNT
    stage.chain.reorg(depth=1)
    found = account_of(stage)

    assert ((9,), (8, 9), ACCOUNT) == (found.gaps, found.foreign_nonces, found.delegate)
    assert "fill-gap" in found.next_step
    sender.filler.open(9)
    assert (8,) == account_of(stage).foreign_nonces


def test_a_filler_is_told_from_a_batch(stage):
    stage.chain.mine()
    sender = stage.sender
    sender.settle_pending()
    stage.chain.use_nonce()
    sender.settle_pending()
    stage.chain.reorg(depth=1)
    filler = sender.filler.open(8)

    assert "fill a gap" in examined(stage.chain, filler).fact
    stage.chain.use_nonce()
    assert "another transaction used its nonce" == examined(stage.chain, filler).fact
