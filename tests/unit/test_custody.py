"""Whether the ledger explains the chain: what halts, what is accounted for, and which gaps are filled."""

import pytest

from agent.domain.block import Block
from agent.domain.bodies import NoncesAdopted
from agent.domain.happening import NonceTaken
from agent.domain.intent import AttemptKind, TxState
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.errors import NonceMismatchError, NonceTakenError, SequenceMismatchError
from agent.execution.custody import adoptions
from agent.execution.fees import FeeLimits
from tests.batches import BATCH
from tests.fakes import Effect, FakeLedger
from tests.receipts import batch_logs
from tests.sending import FEES, PLAN, Stage


@pytest.fixture
def stage():
    return Stage(bump_blocks=4)


def adopted(stage):
    return [(a.first_nonce, a.next_nonce, a.by) for a in adoptions(stage.ledger)]


def test_an_account_that_the_ledger_explains_passes_and_nothing_is_written(stage):
    stage.send(stage.first)
    count = len(stage.ledger.records())

    stage.sender.custody.check()

    assert count == len(stage.ledger.records())


def test_an_old_copy_of_the_ledger_halts_on_the_nonce_before_anything_is_signed(stage):
    stage.send(stage.first)
    stage.chain.nonce = 11

    with pytest.raises(NonceMismatchError, match="nonce 11 on chain, the ledger says 8"):
        stage.sender.settle_pending()
    assert 1 == len(stage.signer.signed)
    assert adopted(stage) == []


def test_an_old_copy_of_the_ledger_halts_on_the_sequence(stage):
    stage.send(stage.first)
    stage.chain.sequence = BATCH.sequence + 3

    with pytest.raises(SequenceMismatchError, match=f"none above {BATCH.sequence}"):
        stage.sender.settle_pending()


def test_an_old_copy_from_before_the_first_signature_halts_on_the_sequence(stage):
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)
    stage.chain.use_nonce()
    stage.chain.sequence = BATCH.sequence

    with pytest.raises(SequenceMismatchError, match=f"none above {BATCH.sequence - 1}"):
        stage.sender.settle_pending()


def test_what_was_mined_is_recorded_on_an_old_copy_too(stage):
    stage.is_mining = False
    with pytest.raises(Exception, match="not confirmed"):
        stage.send(stage.first)
    stage.chain.mine(70)
    stage.chain.nonce += 1
    sent = len(stage.broadcaster.sent)

    with pytest.raises(NonceMismatchError):
        stage.sender.settle_pending()

    assert TxState.FINAL_OK == stage.state(stage.first)
    assert sent == len(stage.broadcaster.sent)


def test_an_empty_ledger_halts_where_the_account_may_have_sent_through_the_contract(stage):
    custody = stage.sender.custody
    custody.ledger = FakeLedger()
    stage.chain.sequence = 4

    with pytest.raises(
        SequenceMismatchError, match="run batch 4, the ledger knows of none above 0"
    ):
        custody.check()


@pytest.mark.parametrize("change", ["no nonce", "no batch", "fork"])
def test_an_empty_ledger_is_a_beginning_where_nothing_can_be_missing(stage, change):
    custody = stage.sender.custody
    custody.ledger = FakeLedger()
    stage.chain.sequence = 0 if change == "no batch" else 4
    stage.chain.nonce = 0 if change == "no nonce" else 7
    custody.may_begin_anew = change == "fork"

    custody.check()


def test_a_nonce_used_while_the_agent_looks_on_is_accounted_for_with_an_alarm(stage):
    stage.send(stage.first)
    sender = stage.sender
    sender.settle_pending()
    stage.chain.use_nonce()
    stage.chain.use_nonce()

    sender.settle_pending()

    assert [(8, 10, "agent")] == adopted(stage)
    assert any(isinstance(one, NoncesAdopted) for one in stage.told)


def test_the_next_batch_takes_the_nonce_after_those_of_others(stage):
    stage.send(stage.first)
    sender = stage.sender
    sender.settle_pending()
    stage.chain.use_nonce()
    stage.chain.effect = Effect(logs=batch_logs(stage.second))

    sender.send(stage.second, fee_cap=FEES)

    assert [7, 9] == [t.nonce for t in stage.signer.signed]


def test_what_a_checkpoint_has_seen_is_explained():
    stage = Stage()
    custody = stage.sender.custody
    custody.ledger = FakeLedger()
    custody.ledger.append(
        NoncesAdopted(
            chain_id=1,
            account=custody.account,
            contract="0x1",
            first_nonce=3,
            next_nonce=3,
            sequence=0,
            block=stage.chain.block(100),
            by="me",
            note="",
        ),
        cycle_id="c",
    )
    custody.ledger.seal(block=stage.chain.block(100), account=custody.account, next_nonce=6)

    with pytest.raises(NonceMismatchError, match="nonce 7 on chain, the ledger says 6"):
        custody.check()


def test_somebody_may_reconcile_the_ledger_with_the_chain(stage):
    stage.send(stage.first)
    stage.chain.nonce, stage.chain.sequence = 11, BATCH.sequence + 2
    custody = stage.sender.custody

    custody.reconcile(by="Ada", note="the disk was lost")

    assert [(8, 11, "Ada")] == adopted(stage)
    custody.check()
    assert custody.explained().next_nonce == 11
    assert custody.explained().sequence == BATCH.sequence + 2
    assert custody.reconcile(by="Ada", note="again") is None


def test_a_new_ledger_begins_where_the_account_stands(stage):
    custody = stage.sender.custody
    custody.ledger = FakeLedger()
    stage.chain.nonce, stage.chain.sequence = 40, 12

    custody.reconcile(by="Ada", note="begun anew")
    custody.check()

    (record,) = custody.ledger.records(kinds=(RecordKind.ADOPTED,))
    assert (BETWEEN_CYCLES, "40", "40") == (
        record.cycle_id,
        record.body["first_nonce"],
        record.body["next_nonce"],
    )


def test_a_batch_whose_landing_was_lost_with_the_ledger_ends_once_it_is_reconciled(stage):
    stage.is_mining = False
    with pytest.raises(Exception, match="not confirmed"):
        stage.send(stage.first)
    stage.chain.pool.clear()
    stage.chain.use_nonce()
    stage.chain.sequence = BATCH.sequence
    stage.chain.mine(70)
    sender = stage.sender
    sender.settle_pending()
    assert TxState.EXTERNAL != stage.state(stage.first)

    sender.custody.reconcile(by="Ada", note="its bump was lost")
    sender.settle_pending()

    assert TxState.EXTERNAL == stage.state(stage.first)


def test_a_taken_nonce_is_told(stage):
    stage.chain.finalized_depth = 3
    stage.clock.on_sleep = lambda: stage.chain.pool.clear() or stage.chain.use_nonce()

    with pytest.raises(NonceTakenError):
        stage.send(stage.first)

    assert [7] == [one.nonce for one in stage.told if isinstance(one, NonceTaken)]


class Gap(Stage):
    """The ledger accounts for nonce 8, used by somebody else, until a reorganisation takes that away."""

    def __init__(self):
        super().__init__(bump_blocks=4)
        self.send(self.first)
        self.machine = self.sender
        self.machine.settle_pending()
        self.chain.use_nonce()
        self.machine.settle_pending()
        self.chain.reorg(depth=1)

    def fillers(self):
        return [s for s in self.ledger.intents() if s.intent.is_filler]


def test_a_gap_that_a_reorganisation_leaves_is_filled_by_a_transfer_to_oneself():
    stage = Gap()
    for _ in range(8):
        stage.machine.settle_pending()
        stage.chain.mine()

    (filled,) = stage.fillers()
    assert (8, AttemptKind.CANCEL) == (filled.nonce, filled.attempts[0].kind)
    assert (stage.machine.custody.account, b"", 0) == (
        stage.signer.signed[-1].to,
        stage.signer.signed[-1].data,
        stage.signer.signed[-1].value_wei,
    )
    assert 9 == stage.chain.nonce
    stage.chain.mine(70)
    stage.machine.settle_pending()
    assert [TxState.CANCELLED] == [s.state for s in stage.fillers()]


def test_a_gap_that_closes_by_itself_is_left_alone():
    stage = Gap()
    stage.machine.settle_pending()
    stage.chain.mine(2)
    stage.machine.settle_pending()
    stage.chain.use_nonce()
    stage.chain.mine(9)
    stage.machine.settle_pending()

    assert stage.fillers() == []


def test_a_gap_is_filled_once_whatever_happens_between_its_steps():
    stage = Gap()
    filler = stage.machine.filler
    opened = filler.open(8)

    assert opened == filler.open(8)
    assert TxState.RESERVED is opened.state
    filler.fill()
    filler.fill()
    assert 1 == len(stage.fillers()[0].attempts)


def test_a_filler_waits_under_the_ceiling():
    stage = Gap()
    stage.limits = FeeLimits(ceiling=1)
    sender = stage.sender
    sender.filler.open(8)

    sender.filler.fill()

    assert TxState.RESERVED is stage.fillers()[0].state
    assert stage.fillers()[0].attempts == ()


def test_a_filler_whose_nonce_is_used_after_all_ends_as_external():
    stage = Gap()
    stage.machine.filler.open(8)
    stage.chain.use_nonce()
    stage.chain.mine(70)

    with pytest.raises(NonceTakenError):
        stage.machine.settle_pending()
    assert [TxState.EXTERNAL] == [s.state for s in stage.fillers()]


def test_a_batch_follows_behind_a_filler_that_is_mined_but_not_final():
    stage = Gap()
    stage.machine.filler.open(8)
    stage.machine.filler.fill()
    stage.machine.settle_pending()

    stage.chain.effect = Effect(logs=batch_logs(stage.second))

    stage.machine.send(stage.second, fee_cap=FEES)

    assert [7, 8, 9] == [t.nonce for t in stage.signer.signed]


def test_the_plan_of_these_tests_is_on_chain_one():
    assert isinstance(PLAN.block, Block)
    assert 1 == PLAN.block.chain_id
