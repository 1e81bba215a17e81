"""What is done for a transaction that is out: a higher price, a cancel, patience, or the nonce given up."""

from dataclasses import replace
from itertools import pairwise

import pytest

from agent.domain.intent import AttemptKind, FeeCap, MarketFees, Route, TxState
from agent.domain.record import RecordKind
from agent.errors import (
    InDoubtError,
    NonceTakenError,
    PlanExpiredError,
    SequenceMismatchError,
)
from agent.execution.classifier import Meaning
from agent.execution.fees import FeeLimits, next_cap
from agent.execution.payload import payload_of
from agent.execution.pushing import Push, Standing, due_push
from agent.ports import SendAnswer
from tests.batches import BATCH
from tests.fakes import Effect, fake_nonce
from tests.receipts import batch_logs
from tests.sending import FEES, PLAN, Stage

GWEI = 10**9


def no(text):
    return SendAnswer(is_accepted=False, text=text)


def fresh(**changes):
    standing = Standing(is_cancel=False, is_expired=False, blocks=0, meaning=Meaning.ACCEPTED)
    return replace(standing, **changes)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (fresh(), Push.NOTHING),
        (fresh(blocks=3), Push.NOTHING),
        (fresh(blocks=4), Push.BUMP),
        (fresh(blocks=4, meaning=Meaning.POSSIBLY_OURS), Push.BUMP),
        (fresh(blocks=99, meaning=Meaning.UNKNOWN), Push.NOTHING),
        (fresh(blocks=99, meaning=Meaning.GAP), Push.NOTHING),
        (fresh(blocks=99, meaning=Meaning.UNDERFUNDED), Push.NOTHING),
        (fresh(blocks=99, meaning=None), Push.NOTHING),
        (fresh(blocks=0, meaning=Meaning.FEE_TOO_LOW), Push.NOTHING),
        (fresh(blocks=1, meaning=Meaning.FEE_TOO_LOW), Push.BUMP),
        (fresh(blocks=1, meaning=Meaning.SLOT_HELD), Push.BUMP),
        (fresh(is_expired=True, meaning=None), Push.CANCEL),
        (fresh(is_expired=True, is_cancel=True), Push.NOTHING),
        (fresh(is_expired=True, is_cancel=True, blocks=4), Push.BUMP),
    ],
)
def test_what_is_due_follows_from_what_is_known(standing, expected):
    assert expected is due_push(standing, bump_blocks=4)


@pytest.mark.parametrize(
    ("last", "base", "tip", "ceiling", "expected"),
    [
        (FeeCap(max_fee_per_gas=30, max_priority_fee_per_gas=2), 1, 1, 100, (33, 3)),
        (FeeCap(max_fee_per_gas=30, max_priority_fee_per_gas=2), 20, 5, 100, (45, 5)),
        (FeeCap(max_fee_per_gas=30, max_priority_fee_per_gas=2), 60, 5, 100, (100, 5)),
        (FeeCap(max_fee_per_gas=91, max_priority_fee_per_gas=2), 1, 1, 100, None),
        (FeeCap(max_fee_per_gas=30, max_priority_fee_per_gas=2), 999, 5, 100, (100, 5)),
        (None, 20, 5, 100, (45, 5)),
        (None, 101, 5, 100, None),
    ],
)
def test_the_next_price_is_the_markets_raised_enough_and_under_the_ceiling(
    last, base, tip, ceiling, expected
):
    market = MarketFees(base_fee_per_gas=base, priority_fee_per_gas=tip)
    cap = next_cap(last, market, FeeLimits(ceiling=ceiling))

    assert expected == (cap and (cap.max_fee_per_gas, cap.max_priority_fee_per_gas))


def test_an_endpoint_that_wants_an_eighth_gets_it():
    last = FeeCap(max_fee_per_gas=30 * GWEI, max_priority_fee_per_gas=GWEI)
    market = MarketFees(base_fee_per_gas=1, priority_fee_per_gas=1)
    cap = next_cap(last, market, FeeLimits(ceiling=100 * GWEI, raise_bps=1_250))

    assert (33_750_000_000, 1_125_000_000) == (cap.max_fee_per_gas, cap.max_priority_fee_per_gas)


class Slow(Stage):
    """A stage whose blocks are empty until one of the attempts is to be mined."""

    def __init__(self, *, mines=lambda _: False, bump_blocks=4):
        super().__init__(bump_blocks=bump_blocks)
        self.mines = mines
        self.clock.on_sleep = self.block

    def block(self):
        held = self.chain.pool
        self.chain.pool = {}
        attempts = self.status(self.first).attempts
        chosen = [a.tx_hash for a in attempts if a.tx_hash in held and self.mines(a)]
        self.chain.pool = {tx_hash: held[tx_hash] for tx_hash in chosen[:1]}
        self.chain.mine()
        if not chosen:
            self.chain.pool = held

    def kinds(self):
        return [attempt.kind for attempt in self.status(self.first).attempts]


def test_what_a_pool_holds_too_long_is_sent_at_a_higher_price_on_the_same_nonce():
    stage = Slow(mines=lambda attempt: attempt.number == 3)
    outcome = stage.send(stage.first)
    attempts = stage.status(stage.first).attempts

    assert outcome.is_success
    assert [AttemptKind.SEND, AttemptKind.BUMP, AttemptKind.BUMP] == stage.kinds()
    assert {7} == {attempt.nonce for attempt in attempts}
    assert 1 == len({payload_of(attempt) for attempt in attempts})
    for before, after in pairwise(attempts):
        for field in ("max_fee_per_gas", "max_priority_fee_per_gas"):
            low, high = getattr(before.fee_cap, field), getattr(after.fee_cap, field)
            assert high * 10 >= low * 11


def test_any_attempt_may_land():
    stage = Slow(mines=lambda a: a.number == 1 and len(stage.status(stage.first).attempts) == 3)
    outcome = stage.send(stage.first)

    assert outcome.tx_hash == stage.status(stage.first).attempts[0].tx_hash


def test_every_attempt_is_recorded_before_it_leaves():
    stage = Slow(mines=lambda attempt: attempt.number == 3)
    send_raw = stage.broadcaster.send_raw

    def looking(raw, **route):
        status = stage.status(stage.first)
        assert raw in [attempt.raw for attempt in status.attempts]
        assert status.state in {TxState.IN_DOUBT, TxState.SEEN}
        return send_raw(raw, **route)

    stage.broadcaster.send_raw = looking

    assert stage.send(stage.first).is_success


def test_no_attempt_passes_the_ceiling():
    stage = Slow()
    stage.limits = FeeLimits(ceiling=40 * GWEI)

    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    fees = [a.fee_cap.max_fee_per_gas for a in stage.status(stage.first).attempts]
    assert [30 * GWEI, 33 * GWEI, 36_300_000_000, 39_930_000_000] == fees


def test_what_pays_too_little_is_raised_after_one_block():
    stage = Slow(mines=lambda attempt: attempt.number == 2, bump_blocks=100)
    stage.broadcaster.answers = [no("replacement transaction underpriced")]

    assert stage.send(stage.first).is_success
    assert [AttemptKind.SEND, AttemptKind.BUMP] == stage.kinds()


def test_what_is_nowhere_known_to_be_is_sent_as_it_is():
    stage = Slow()
    stage.broadcaster.answers = [no("internal error")] * 100

    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    assert [AttemptKind.SEND] == stage.kinds()


def expiring(stage, *, blocks):
    """Let the deadline of the stage's batches pass after so many blocks."""
    head = stage.chain.fetch_head()
    late = PLAN.deadline - head.timestamp
    stage.chain.height += late // 12 - blocks
    return stage


def test_a_batch_that_cannot_land_any_more_is_cancelled_at_its_nonce():
    stage = expiring(Slow(mines=lambda a: a.kind is AttemptKind.CANCEL), blocks=2)

    with pytest.raises(PlanExpiredError):
        stage.send(stage.first)
    assert [AttemptKind.SEND, AttemptKind.CANCEL] == stage.kinds()
    cancel = stage.status(stage.first).attempts[-1]
    assert (stage.signer.address, b"") == (payload_of(cancel).to, payload_of(cancel).data)
    assert TxState.MINED == stage.state(stage.first)
    stage.chain.mine(64)
    assert () == stage.sender.settle_pending()
    assert TxState.CANCELLED == stage.state(stage.first)


def test_after_a_cancel_one_more_look_finds_the_original():
    stage = expiring(
        Slow(mines=lambda a: a.number == 1 and AttemptKind.CANCEL in stage.kinds()), blocks=2
    )

    outcome = stage.send(stage.first)

    assert outcome.is_success
    assert outcome.tx_hash == stage.status(stage.first).attempts[0].tx_hash


def test_a_cancel_is_raised_as_a_cancel():
    stage = expiring(Slow(mines=lambda a: a.number == 3), blocks=2)

    with pytest.raises(PlanExpiredError):
        stage.send(stage.first)
    assert [AttemptKind.SEND, AttemptKind.CANCEL, AttemptKind.CANCEL] == stage.kinds()


def test_a_nonce_that_was_taken_and_never_used_is_set_free():
    stage = Stage()
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)
    expiring(stage, blocks=-1)

    with pytest.raises(PlanExpiredError):
        stage.send(stage.first)
    assert [AttemptKind.CANCEL] == [a.kind for a in stage.status(stage.first).attempts]
    assert 8 == stage.chain.nonce


def test_a_nonce_that_somebody_else_used_is_given_up_only_when_final():
    stage = Slow()
    stage.chain.finalized_depth = 10
    stage.clock.on_sleep = lambda: stage.chain.mine() if stage.chain.nonce == 8 else foreign()

    def foreign():
        stage.chain.pool.clear()
        stage.chain.use_nonce()

    with pytest.raises(NonceTakenError, match="nonce 7"):
        stage.send(stage.first)
    assert TxState.EXTERNAL == stage.state(stage.first)
    assert stage.chain.height >= 111
    assert [AttemptKind.SEND] == stage.kinds()


def test_a_reorganised_foreign_transaction_leaves_the_nonce_to_us():
    stage = Stage()
    stage.is_mining = False
    turns = []

    def world():
        turns.append(1)
        if len(turns) == 1:
            stage.chain.pool.clear()
            stage.chain.use_nonce()
        elif len(turns) == 3:
            stage.chain.reorg(depth=5)
        else:
            stage.chain.mine()

    stage.clock.on_sleep = world

    assert stage.send(stage.first).is_success


def test_a_batch_that_the_contract_ran_is_not_called_foreign():
    stage = Slow()
    stage.chain.finalized_depth = 3

    def run_unseen():
        stage.chain.pool.clear()
        if stage.chain.nonce == 7:
            stage.chain.use_nonce()
        stage.chain.mine()
        stage.chain.sequence = BATCH.sequence

    stage.clock.on_sleep = run_unseen

    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    assert stage.state(stage.first) in {TxState.SEEN, TxState.IN_DOUBT}


def test_a_sequence_that_the_contract_has_run_already_is_not_signed_again():
    stage = Stage()
    stage.chain.sequence = BATCH.sequence

    with pytest.raises(SequenceMismatchError, match="restore the newest copy"):
        stage.send(stage.first)
    assert not stage.signer.signed


def test_a_predecessor_that_a_reorganisation_took_away_is_sent_again_first():
    stage = Stage(confirmations=1)
    stage.send(stage.first)
    stage.chain.effect_by_hash = {
        stage.status(stage.first).attempts[0].tx_hash: Effect(logs=batch_logs(stage.first))
    }
    send_raw, seen = stage.broadcaster.send_raw, []

    def reorganising(raw, **route):
        if not seen:
            stage.chain.reorg(depth=3)
        seen.append(raw)
        return send_raw(raw, **route)

    stage.broadcaster.send_raw = reorganising

    assert stage.send(stage.second).is_success
    assert stage.status(stage.first).attempts[0].raw in seen
    assert 9 == stage.chain.nonce


def test_settling_cancels_what_is_left_behind():
    stage = Slow()
    with pytest.raises(InDoubtError):
        stage.send(stage.first)
    expiring(stage, blocks=-1)
    stage.mines = lambda a: a.kind is AttemptKind.CANCEL

    sender = stage.sender
    sender.settle_pending()
    stage.block()
    sender.settle_pending()

    assert AttemptKind.CANCEL is stage.kinds()[-1]
    assert TxState.MINED == stage.state(stage.first)


def test_the_first_price_is_what_was_asked():
    stage = Stage()
    stage.send(stage.first)

    assert [FEES] == [attempt.fee_cap for attempt in stage.status(stage.first).attempts]


def test_a_nonce_that_was_used_before_anything_was_signed_is_given_up():
    stage = Stage()
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)
    stage.chain.use_nonce()
    stage.chain.finalized_depth = 5

    with pytest.raises(NonceTakenError):
        stage.send(stage.first)
    assert not stage.signer.signed
    assert TxState.EXTERNAL == stage.state(stage.first)


DELEGATE = "0x00000000000000000000000000000000000De1e9"


@pytest.mark.parametrize(("delegate", "gas_limit"), [(None, 21_000), (DELEGATE, 100_000)])
def test_a_cancel_leaves_gas_for_what_a_delegate_does_on_receiving(delegate, gas_limit):
    stage = Stage()
    stage.chain.delegate = delegate
    stage.ledger.reserve_nonce(stage.first.intent.intent_id, nonce=7)

    stage.sender.pusher.replace(stage.status(stage.first), Push.CANCEL)

    assert [gas_limit] == [t.gas_limit for t in stage.signer.signed]


@pytest.mark.parametrize(("delegate", "sent"), [(None, [7, 8]), (DELEGATE, [7])])
def test_a_delegated_account_has_one_transaction_in_flight(delegate, sent):
    stage = Stage(confirmations=1)
    stage.send(stage.first)
    stage.chain.effect_by_hash = {
        stage.status(stage.first).attempts[0].tx_hash: Effect(logs=batch_logs(stage.first))
    }
    stage.send(stage.second)
    stage.chain.reorg(depth=stage.chain.height - 100)
    stage.chain.delegate = delegate
    stage.broadcaster.sent.clear()

    stage.sender.settle_pending()

    assert sent == [fake_nonce(raw) for raw in stage.broadcaster.sent]
    stage.chain.mine()
    stage.sender.settle_pending()
    assert 8 in [fake_nonce(raw) for raw in stage.broadcaster.sent]


def private(stage):
    intent = replace(stage.first.intent, intent_id="private", route=Route.PRIVATE)
    stage.ledger.open_intent(intent)
    stage.ledger.reserve_nonce("private", nonce=7)
    status = stage.ledger.status_by_id["private"]
    stage.sender.pusher.replace(status, Push.CANCEL)
    stage.ledger.advance("private", state=TxState.IN_DOUBT)


@pytest.mark.parametrize(
    ("limit", "routes"),
    [(None, {Route.PRIVATE}), (3, {Route.PRIVATE, Route.PUBLIC})],
)
def test_what_is_private_goes_the_public_way_by_recorded_policy_alone(limit, routes):
    stage = Stage()
    stage.pace = replace(stage.pace, public_after_blocks=limit)
    private(stage)
    sender = stage.sender
    for _ in range(5):
        sender.settle_pending()
        stage.chain.height += 1

    records = stage.ledger.records(kinds=(RecordKind.REROUTED,))
    assert routes == set(stage.broadcaster.routes)
    assert [Route.PRIVATE] * 3 == stage.broadcaster.routes[:3]
    assert ["chain.public_after_blocks = 3"] * len(records) == [r.body["policy"] for r in records]
    assert (limit is not None) == bool(records)


def test_it_stays_public_after_a_restart():
    stage = Stage()
    stage.pace = replace(stage.pace, public_after_blocks=1)
    private(stage)
    sender = stage.sender
    sender.settle_pending()
    stage.chain.height += 1
    sender.settle_pending()
    stage.broadcaster.routes.clear()

    stage.sender.settle_pending()

    assert [Route.PRIVATE, Route.PUBLIC] == stage.broadcaster.routes
