from dataclasses import replace

import pytest

from agent.domain.intent import TERMINAL, TxState
from agent.errors import (
    InDoubtError,
    LedgerError,
    NonceMismatchError,
    OutcomeMismatchError,
    PlanExpiredError,
    RpcUnavailableError,
)
from agent.ports import SendAnswer
from tests.batches import BATCH
from tests.fakes import (
    Effect,
)
from tests.receipts import batch_logs
from tests.sending import FEES, Stage


@pytest.fixture
def stage():
    return Stage()


def test_a_batch_is_signed_at_the_chains_nonce_and_fills_as_planned(stage):
    outcome = stage.send(stage.first)

    assert outcome.is_success
    assert [leg.amount_out for leg in BATCH.legs] == [f.amount_out for f in outcome.fills]
    assert [(7, stage.first.calldata, BATCH.gas_limit, FEES)] == [
        (t.nonce, t.data, t.gas_limit, t.fee_cap) for t in stage.signer.signed
    ]
    assert TxState.MINED == stage.state(stage.first)


def test_it_returns_only_when_the_block_is_deep_enough():
    stage = Stage(confirmations=5)

    outcome = stage.send(stage.first)

    assert 5 == stage.chain.height - outcome.block_number + 1


def test_the_ledger_knows_the_bytes_before_they_leave(stage):
    known = []
    send_raw = stage.broadcaster.send_raw

    def looking(raw, **route):
        (status,) = stage.ledger.intents()[:1]
        known.append((status.state, [attempt.raw for attempt in status.attempts]))
        return send_raw(raw, **route)

    stage.broadcaster.send_raw = looking
    stage.send(stage.first)

    assert [(TxState.IN_DOUBT, stage.broadcaster.sent)] == known


def test_the_first_broadcast_waits_for_nothing(stage):
    slept = []
    send_raw = stage.broadcaster.send_raw
    stage.broadcaster.send_raw = lambda b, **r: (
        slept.append(len(stage.clock.slept)) or send_raw(b, **r)
    )

    stage.send(stage.first)

    assert [0] == slept


def test_the_same_bytes_are_sent_again_at_the_given_pace_and_no_faster(stage):
    stage.is_mining = False

    with pytest.raises(InDoubtError):
        stage.send(stage.first)

    assert 60 / stage.pace.resend_s + 1 == len(stage.broadcaster.sent)
    assert 60 / stage.pace.poll_s == len(stage.clock.slept)


def test_batches_follow_each_other_nonce_by_nonce(stage):
    stage.send(stage.first)
    stage.send(stage.second)

    assert [7, 8] == [t.nonce for t in stage.signer.signed]


def test_sending_again_returns_the_same_outcome_and_sends_nothing(stage):
    first = stage.send(stage.first)
    again = stage.send(stage.first)

    assert first == again
    assert 1 == len(stage.broadcaster.sent)


class Interrupted(BaseException):
    """Stands for a process that ends at this very place."""


PORT_CALLS = {
    "chain": (
        *("fetch_head", "fetch_nonce", "fetch_receipt", "fetch_block_hash"),
        *("fetch_sequence", "fetch_fees", "fetch_finalized"),
    ),
    "ledger": ("intents", "reserve_nonce", "record_signed", "advance"),
    "signer": ("sign",),
    "broadcaster": ("send_raw",),
    "clock": ("sleep",),
}


class Interruption:
    """Counts the calls to all ports of a stage, and ends the process at call number `at`."""

    def __init__(self, stage, *, at, is_after):
        self.count, self.at, self.is_after = 0, at, is_after
        for name, methods in PORT_CALLS.items():
            port = getattr(stage, name)
            for method in methods:
                setattr(port, method, self.wrapped(getattr(port, method)))

    def wrapped(self, method):
        def run(*args, **kwargs):
            self.count += 1
            number = self.count
            if number == self.at and not self.is_after:
                raise Interrupted
            answer = method(*args, **kwargs)
            if number == self.at:
                raise Interrupted
            return answer

        return run


def calls_of_a_whole_send():
    stage = Stage()
    counting = Interruption(stage, at=0, is_after=False)
    stage.send(stage.first)
    return counting.count


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_a_whole_send() + 1))
def test_an_interruption_anywhere_leads_to_one_set_of_bytes_and_one_effect(at, is_after):
    stage = Stage()
    Interruption(stage, at=at, is_after=is_after)

    with pytest.raises(Interrupted):
        stage.send(stage.first)
    outcome = stage.send(stage.first)

    assert outcome.is_success
    assert 8 == stage.chain.nonce
    assert 1 == len(set(stage.broadcaster.sent))
    assert 1 == len(stage.ledger.status_by_id[stage.first.intent.intent_id].attempts)


@pytest.mark.parametrize("text", ["already known", "boom", "it does not answer in time"])
def test_what_a_node_says_instead_of_yes_leads_to_the_same_bytes_again(stage, text):
    stage.broadcaster.answers = [SendAnswer(is_accepted=False, text=text)] * 2

    stage.send(stage.first)

    assert 3 == len(stage.broadcaster.sent)
    assert 1 == len(set(stage.broadcaster.sent))
    assert 1 == len(stage.signer.signed)


def test_a_transaction_that_is_dropped_is_sent_again(stage):
    stage.is_mining = False
    sleeps = []

    def forgetful():
        sleeps.append(1)
        if len(sleeps) == 2:
            stage.chain.pool.clear()
        stage.is_mining = len(sleeps) > 2

    stage.clock.on_sleep = lambda: (forgetful(), stage.is_mining and stage.chain.mine())
    outcome = stage.send(stage.first)

    assert outcome.is_success
    assert 2 == len(stage.broadcaster.sent)


def test_a_transaction_that_is_never_mined_stays_in_doubt(stage):
    stage.is_mining = False

    with pytest.raises(InDoubtError, match="not confirmed after 60 s"):
        stage.send(stage.first)
    assert TxState.SEEN == stage.state(stage.first)

    stage.is_mining = True
    assert stage.send(stage.first).is_success


def test_no_nonce_is_given_while_another_intent_is_open(stage):
    stage.is_mining = False
    with pytest.raises(InDoubtError):
        stage.send(stage.first)

    with pytest.raises(InDoubtError, match="not signed yet"):
        stage.send(stage.second)
    assert 1 == len(stage.signer.signed)


def test_no_nonce_is_given_behind_an_intent_that_was_not_sent(stage):
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)

    with pytest.raises(LedgerError, match="is reserved with nonce 7"):
        stage.send(stage.second)
    assert not stage.signer.signed


def test_a_nonce_that_the_ledger_does_not_know_halts(stage):
    stage.send(stage.first)
    stage.chain.nonce += 1

    with pytest.raises(NonceMismatchError, match="nonce 9 on chain, the ledger says 8"):
        stage.send(stage.second)
    assert 1 == len(stage.signer.signed)


def test_a_node_that_lags_behind_the_ledger_is_waited_for(stage):
    stage.send(stage.first)
    stage.chain.nonce = 7

    def catch_up():
        stage.chain.nonce = max(stage.chain.nonce, 8)
        stage.chain.mine()

    stage.clock.on_sleep = catch_up

    stage.send(stage.second)

    assert [7, 8] == [t.nonce for t in stage.signer.signed]


def test_a_key_of_another_account_is_refused(stage):
    stage.signer.address = "0x00000000000000000000000000000000000BE401"

    with pytest.raises(
        LedgerError, match="the key is of 0x00000000000000000000000000000000000BE401"
    ):
        stage.send(stage.first)
    assert TxState.INTENT == stage.state(stage.first)


def test_a_plan_past_its_deadline_is_not_signed(stage):
    late = replace(stage.first, deadline=stage.chain.fetch_head().timestamp)

    with pytest.raises(PlanExpiredError):
        stage.send(late)
    assert TxState.CANCELLED == stage.state(stage.first)
    assert not stage.signer.signed


def test_a_batch_that_reverts_is_an_outcome_without_fills(stage):
    outcome = stage.send(stage.first, is_success=False)

    assert not outcome.is_success
    assert () == outcome.fills
    assert TxState.MINED == stage.state(stage.first)


def test_a_success_without_the_batchs_event_halts_and_is_on_record(stage):
    stage.chain.effect = Effect(logs=batch_logs(stage.first)[:-1])

    with pytest.raises(OutcomeMismatchError, match="the event of the batch"):
        stage.sender.send(stage.first, fee_cap=FEES)
    assert TxState.MINED == stage.state(stage.first)
    assert "the event of the batch" in stage.ledger.outcomes[-1].note


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"tx_hash": "0x" + "12" * 32}, "the hash in its receipt"),
        ({"sender": "0x00000000000000000000000000000000000BE401"}, "the sender in its receipt"),
    ],
)
def test_a_receipt_that_is_not_ours_is_refused(stage, change, what):
    receipt_of = stage.chain.fetch_receipt
    stage.chain.fetch_receipt = lambda h: (r := receipt_of(h)) and replace(r, **change)

    with pytest.raises(OutcomeMismatchError, match=what):
        stage.send(stage.first)
    assert TxState.SEEN == stage.state(stage.first)


def test_a_receipt_whose_nonce_is_not_used_counts_for_nothing(stage):
    stage.clock.on_sleep = lambda: (stage.chain.mine(), setattr(stage.chain, "nonce", 7))

    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    assert stage.chain.receipts
    assert stage.state(stage.first) in {TxState.SEEN, TxState.IN_DOUBT}


def test_a_receipt_of_a_block_that_is_not_the_chains_counts_for_nothing(stage):
    receipt_of = stage.chain.fetch_receipt
    stage.chain.fetch_receipt = lambda h: (
        (r := receipt_of(h)) and replace(r, block_hash="0x" + "34" * 32)
    )

    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    assert TxState.SEEN == stage.state(stage.first)


def test_a_reorganisation_before_the_confirmations_sends_the_same_bytes_again():
    stage = Stage(confirmations=4)
    has_reorged = []

    def world():
        stage.chain.mine()
        if stage.chain.receipts and not has_reorged:
            has_reorged.append(1)
            stage.chain.reorg(depth=1)

    stage.clock.on_sleep = world
    outcome = stage.send(stage.first)

    assert outcome.is_success
    assert 1 == len(stage.signer.signed)
    assert 1 == len(set(stage.broadcaster.sent))


def test_a_node_that_is_down_leaves_everything_as_it_stands(stage):
    stage.chain.is_down = True

    with pytest.raises(RpcUnavailableError):
        stage.send(stage.first)
    assert TxState.INTENT == stage.state(stage.first)


def test_an_intent_of_another_plan_is_not_sent(stage):
    with pytest.raises(LedgerError, match="it has no intent"):
        stage.send(replace(stage.first, intent_hash="00" * 32))


def test_a_mined_batch_is_final_only_when_its_block_is(stage):
    stage.send(stage.first)

    assert [TxState.MINED] == [s.state for s in stage.sender.settle_pending()]
    stage.chain.mine(64)
    assert () == stage.sender.settle_pending()
    assert TxState.FINAL_OK == stage.state(stage.first)


def test_the_finalized_block_itself_is_final(stage):
    outcome = stage.send(stage.first)
    stage.chain.finalized_depth = stage.chain.height - outcome.block_number + 1

    assert [TxState.MINED] == [s.state for s in stage.sender.settle_pending()]
    stage.chain.finalized_depth -= 1
    assert () == stage.sender.settle_pending()


@pytest.mark.parametrize("change", [{"nonce": None}, {"attempts": (None,)}])
def test_nothing_is_signed_on_a_ledger_that_contradicts_itself(stage, change):
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)
    intent_id = stage.first.intent.intent_id
    stage.ledger.status_by_id[intent_id] = replace(stage.ledger.status_by_id[intent_id], **change)

    with pytest.raises(LedgerError, match="restore the ledger"):
        stage.send(stage.first)
    assert not stage.signer.signed


def test_a_reverted_batch_is_final_as_reverted(stage):
    stage.send(stage.first, is_success=False)
    stage.chain.mine(64)

    assert () == stage.sender.settle_pending()
    assert TxState.FINAL_REVERTED == stage.state(stage.first)


def test_a_late_reorganisation_brings_doubt_back_and_sends_the_bytes_again(stage):
    stage.send(stage.first)
    stage.chain.reorg(depth=10)

    assert [TxState.SEEN] == [s.state for s in stage.sender.settle_pending()]
    assert 2 == len(stage.broadcaster.sent)
    stage.chain.mine(70)
    assert () == stage.sender.settle_pending()
    assert TxState.FINAL_OK == stage.state(stage.first)


def test_settling_with_nothing_pending_looks_at_the_account_alone(stage):
    def refuse(*_):
        raise AssertionError

    stage.chain.fetch_receipt = stage.chain.fetch_fees = stage.chain.fetch_finalized = refuse

    assert () == stage.sender.settle_pending()


def test_a_final_batch_sent_again_returns_its_outcome(stage):
    first = stage.send(stage.first)
    stage.chain.mine(64)
    stage.sender.settle_pending()

    assert stage.state(stage.first) in TERMINAL
    assert first == stage.send(stage.first)
    assert 1 == len(stage.broadcaster.sent)
