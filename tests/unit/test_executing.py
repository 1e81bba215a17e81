"""The steps that move money: what is finished, dropped or refused before, and the order of the acts."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from agent.daemon.executing import Executing
from agent.daemon.gather import Sources
from agent.daemon.holding import Holding
from agent.daemon.schedule import Slot
from agent.domain.bodies import (
    Command,
    Halted,
    InputsFixed,
    OperatorCommanded,
    PlanMade,
    ProposalMade,
    ProposalRejected,
    Rehearsed,
    SignedOff,
)
from agent.domain.canonical import canonical_bytes, content_id
from agent.domain.fill import BatchOutcome
from agent.domain.happening import FeeHeld
from agent.domain.intent import Attempt, AttemptKind, FeeCap, MarketFees, TxState
from agent.domain.record import Checkpoint, RecordKind
from agent.domain.units import Ppm
from agent.errors import (
    AgentPausedError,
    OutcomeMismatchError,
    ProposalRejectedError,
    RehearsalMismatchError,
    ReviewNeededError,
    UnexpectedRevertError,
    WrongChainError,
)
from agent.execution.prepared import open_batches
from agent.planning.planner import plan
from agent.planning.proposing import propose
from tests.fakes import (
    CALM,
    START,
    FakeChain,
    FakeLedger,
    FakeRankings,
    FakeRegimes,
    FakeVenue,
    StillClock,
)
from tests.worlds import AGENT, QUARANTINE, REGIME_RULES, world
from tests.worlds import POLICY as WHOLE_POLICY

SLOT = Slot(cycle_id="index-2026-11-23T0000Z", scheduled_at=START)
POLICY = replace(WHOLE_POLICY, batch_gas_share_ppm=Ppm(60_000))  # small batches: several
INPUTS = replace(world(coins=20, policy=POLICY), cycle_id=SLOT.cycle_id)
PROPOSAL = propose(INPUTS, executes_at=START)
PLAN = plan(INPUTS, proposal_id=content_id(PROPOSAL))
PLAN_ID = content_id(PLAN)
CAP = FeeCap(max_fee_per_gas=3 * 10**9, max_priority_fee_per_gas=10**9)


@dataclass
class FakeGate:
    """Lets everything pass, or refuses a batch."""

    refused: int | None = None
    seen: list[tuple[int, int]] = field(default_factory=list)

    def rehearse(self, _plan, prepared, *, fee_cap, block):
        assert fee_cap.max_fee_per_gas > 0
        for one in prepared:
            self.seen.append((one.batch.index, block.number))
            if one.batch.index == self.refused:
                raise RehearsalMismatchError(
                    batch_index=one.batch.index, what="gas used", expected="1", found="2"
                )
        return tuple(
            Rehearsed(
                intent_id=one.intent.intent_id,
                simulator="fake",
                block=block,
                calldata_sha256="00",
                gas_used=1,
                deltas={},
            )
            for one in prepared
        )


@dataclass
class FakeSender:
    """Lands every batch at once, except one that reverts; asks the ledger what it did already."""

    ledger: FakeLedger
    chain: FakeChain
    reverted: int | None = None
    sent: list[int] = field(default_factory=list)
    settled: int = 0
    given_back: list[str] = field(default_factory=list)

    def settle_pending(self):
        self.settled += 1
        return ()

    def give_back(self, status):
        self.given_back.append(status.intent.intent_id)
        attempt = Attempt(
            intent_id=status.intent.intent_id,
            nonce=status.nonce,
            number=1,
            kind=AttemptKind.CANCEL,
            tx_hash="0x2",
            raw=b"",
            fee_cap=CAP,
            gas_limit=1,
        )
        self.ledger.record_signed(attempt)
        self.ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)

    def send(self, prepared, *, fee_cap):
        assert fee_cap.max_fee_per_gas > 0
        intent_id = prepared.intent.intent_id
        if self.ledger.status_by_id[intent_id].state is TxState.INTENT:
            sign(self.ledger, intent_id, nonce=len(self.sent))
            self.ledger.advance(intent_id, state=TxState.IN_DOUBT)
        if self.ledger.status_by_id[intent_id].state is not TxState.MINED:
            self.sent.append(prepared.batch.index)
            self.ledger.advance(intent_id, state=TxState.MINED)
            self.chain.mine()
        return BatchOutcome(
            batch_index=prepared.batch.index,
            tx_hash="0x1",
            block_number=self.chain.height,
            block_hash="0x2",
            is_success=prepared.batch.index != self.reverted,
            gas_forecast=1,
            gas_used=1,
            effective_gas_price=1,
            fills=(),
        )


def sign(ledger, intent_id, *, nonce):
    ledger.reserve_nonce(intent_id, nonce=nonce)
    ledger.record_signed(
        Attempt(
            intent_id=intent_id,
            nonce=nonce,
            number=1,
            kind=AttemptKind.SEND,
            tx_hash="0x1",
            raw=b"",
            fee_cap=CAP,
            gas_limit=1,
        )
    )


class Desk:
    """Executing over fakes, with a recorded plan of two batches or more."""

    def __init__(self, *, is_planned=True):
        self.ledger, self.told = FakeLedger(), []
        self.clock = StillClock()
        self.chain = FakeChain(account=AGENT, position=INPUTS.position)
        self.gate, self.sender = FakeGate(), FakeSender(self.ledger, self.chain)
        sources = Sources(
            clock=self.clock,
            rankings=FakeRankings(INPUTS.ranking),
            regimes=FakeRegimes(INPUTS.regime),
            chain=self.chain,
            venue=FakeVenue(INPUTS.pools),
            token_map=INPUTS.token_map,
            chain_book=INPUTS.chain_book,
            policy=POLICY,
            max_gap_s=0,
            regime_rules=REGIME_RULES,
            quarantine=QUARANTINE,
        )
        self.executing = Executing(
            sources=sources,
            ledger=self.ledger,
            gate=self.gate,
            sender=self.sender,
            account=AGENT,
            holding=Holding(
                chain=self.chain,
                clock=self.clock,
                ceiling=POLICY.max_fee_per_gas_wei,
                patience=timedelta(hours=1),
                tell=self.told.append,
            ),
            tell=self.told.append,
        )
        if is_planned:
            self.record_plan()

    def record_plan(self):
        cycle_id, content = SLOT.cycle_id, canonical_bytes(INPUTS)
        fixed = InputsFixed(inputs_sha256=content_id(INPUTS))
        self.ledger.append(fixed, cycle_id=cycle_id, contents=(content,))
        made = ProposalMade(proposal_id=content_id(PROPOSAL), proposal=PROPOSAL)
        self.ledger.append(made, cycle_id=cycle_id)
        self.ledger.append(PlanMade(plan_id=PLAN_ID, plan=PLAN), cycle_id=cycle_id)

    def halt(self, error):
        ended = Halted(error=type(error).__name__, reason=str(error))
        self.ledger.append(ended, cycle_id=SLOT.cycle_id)

    def states(self):
        return [status.state for status in self.ledger.intents()]


REVERT = UnexpectedRevertError(tx_hash="0x1", batch_index=0)


def test_the_plan_has_several_batches():
    assert len(PLAN.batches) > 1


def test_intents_are_open_before_anything_is_rehearsed_and_all_are():
    desk = Desk()

    count = desk.executing.rehearse(SLOT)

    kinds = [record.kind for record in desk.ledger.records()]
    assert len(PLAN.batches) == count == kinds.count(RecordKind.REHEARSAL)
    assert kinds.index(RecordKind.INTENT) < kinds.index(RecordKind.REHEARSAL)
    assert [(i, PLAN.block.number) for i in range(count)] == desk.gate.seen
    assert desk.sender.sent == []


def test_a_batch_is_rehearsed_again_at_the_newest_block_before_it_is_sent():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.gate.seen.clear()

    desk.executing.send(SLOT, index=0)
    desk.executing.send(SLOT, index=1)

    assert [(0, 100), (1, 101)] == desk.gate.seen
    assert [0, 1] == desk.sender.sent


def test_a_refused_rehearsal_sends_nothing():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.gate.refused = 0

    with pytest.raises(RehearsalMismatchError):
        desk.executing.send(SLOT, index=0)

    assert desk.sender.sent == []
    assert {TxState.INTENT} == set(desk.states())


def test_a_batch_that_was_signed_is_followed_without_a_new_rehearsal():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    sign(desk.ledger, f"{PLAN_ID}-0", nonce=0)
    desk.ledger.advance(f"{PLAN_ID}-0", state=TxState.IN_DOUBT)
    desk.gate.refused = 0

    desk.executing.send(SLOT, index=0)

    assert [0] == desk.sender.sent


def test_sending_twice_is_sending_once():
    desk = Desk()
    desk.executing.rehearse(SLOT)

    for _ in range(2):
        desk.executing.send(SLOT, index=0)

    assert [0] == desk.sender.sent


def test_a_batch_that_reverted_raises_after_it_was_told():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.sender.reverted = 0

    with pytest.raises(UnexpectedRevertError):
        desk.executing.send(SLOT, index=0)


def test_the_report_sends_nothing_and_seals_the_log():
    desk = Desk()
    count = desk.executing.rehearse(SLOT)
    for index in range(count):
        desk.executing.send(SLOT, index=index)
    desk.chain.nonce = count

    desk.executing.report(SLOT)

    assert list(range(count)) == desk.sender.sent
    (checkpoint,) = desk.ledger.checkpoints()
    assert (AGENT, count) == (checkpoint.account, checkpoint.next_nonce)
    assert isinstance(desk.told[-1], Checkpoint)


def test_a_balance_that_the_fills_do_not_explain_halts_after_the_report():
    desk = Desk()
    count = desk.executing.rehearse(SLOT)
    for index in range(count):
        desk.executing.send(SLOT, index=index)
    held = INPUTS.position.portfolio
    less = replace(held, holdings=held.holdings[1:])
    desk.chain.position = replace(INPUTS.position, portfolio=less)

    with pytest.raises(OutcomeMismatchError, match="the balance of"):
        desk.executing.report(SLOT)
    assert 1 == len(desk.ledger.checkpoints())


def test_beginning_drops_what_was_never_signed():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.halt(RehearsalMismatchError(batch_index=0, what="x", expected="1", found="2"))

    desk.executing.begin(SLOT)

    assert {TxState.CANCELLED} == set(desk.states())


def test_beginning_finishes_what_was_signed():
    desk = Desk()
    open_batches(desk.ledger, PLAN, plan_id=PLAN_ID)
    sign(desk.ledger, f"{PLAN_ID}-0", nonce=0)
    desk.ledger.advance(f"{PLAN_ID}-0", state=TxState.IN_DOUBT)

    desk.executing.begin(SLOT)

    assert [TxState.MINED, TxState.CANCELLED] == desk.states()[:2]


def test_a_cycle_that_ended_badly_must_be_signed_off_first():
    desk = Desk()
    desk.halt(REVERT)

    with pytest.raises(ReviewNeededError, match=SLOT.cycle_id):
        desk.executing.begin(SLOT)

    desk.ledger.append(SignedOff(by="me", head="00", note=""), cycle_id=SLOT.cycle_id)
    desk.executing.begin(SLOT)


def test_a_cycle_that_was_only_refused_needs_no_sign_off():
    desk = Desk()
    desk.halt(WrongChainError(endpoint="node", expected=1, found=2))

    desk.executing.begin(SLOT)


def test_nothing_begins_on_a_node_that_is_down():
    desk = Desk()
    desk.chain.is_down = True

    with pytest.raises(Exception, match="it is down"):
        desk.executing.begin(SLOT)


def test_a_pause_or_rejection_between_two_batches_keeps_the_second_back():
    pause = OperatorCommanded(command=Command.PAUSE, by="Ada", reason="audit", at=START)
    stop = ProposalRejected(proposal_id=PLAN.proposal_id, by="Ada", reason="no")
    for body, error in ((pause, AgentPausedError), (stop, ProposalRejectedError)):
        desk = Desk()
        desk.executing.rehearse(SLOT)
        desk.executing.send(SLOT, index=0)
        desk.ledger.append(body, cycle_id=SLOT.cycle_id)

        with pytest.raises(error):
            desk.executing.send(SLOT, index=1)

        assert [0] == desk.sender.sent


def test_what_is_signed_already_is_followed_through_a_pause():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    first = desk.ledger.intents()[0].intent.intent_id
    sign(desk.ledger, first, nonce=0)
    pause = OperatorCommanded(command=Command.PAUSE, by="Ada", reason="audit", at=START)
    desk.ledger.append(pause, cycle_id=SLOT.cycle_id)

    desk.ledger.advance(first, state=TxState.IN_DOUBT)
    desk.executing.send(SLOT, index=0)

    assert [0] == desk.sender.sent


def test_a_nonce_held_for_a_batch_of_an_earlier_cycle_is_given_back_and_the_batch_not_signed():
    desk = Desk()
    open_batches(desk.ledger, PLAN, plan_id=PLAN_ID)
    desk.ledger.reserve_nonce(f"{PLAN_ID}-0", nonce=0)

    desk.executing.begin(SLOT)

    assert [f"{PLAN_ID}-0"] == desk.sender.given_back
    kinds = [a.kind for a in desk.ledger.status_by_id[f"{PLAN_ID}-0"].attempts]
    assert [AttemptKind.CANCEL] == kinds


def test_beginning_and_reporting_hold_the_ledger_against_the_chain():
    desk = Desk()
    desk.executing.begin(SLOT)
    begun = desk.sender.settled
    for index in range(desk.executing.rehearse(SLOT)):
        desk.executing.send(SLOT, index=index)
    desk.executing.report(SLOT)

    assert (1, 2) == (begun, desk.sender.settled)


def dear(desk):
    desk.chain.fees = MarketFees(base_fee_per_gas=10**12, priority_fee_per_gas=10**9)


def test_a_first_signature_waits_for_the_ceiling_and_is_rehearsed_after_that():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.gate.seen.clear()
    dear(desk)

    def calm():
        desk.chain.mine()
        desk.chain.fees = CALM

    desk.clock.on_sleep = calm
    desk.executing.send(SLOT, index=0)

    assert [0] == desk.sender.sent
    assert [(0, 101)] == desk.gate.seen
    assert any(isinstance(one, FeeHeld) for one in desk.told)


def test_what_is_held_until_its_deadline_is_handed_over_unrehearsed_to_be_dropped():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    desk.gate.seen.clear()
    dear(desk)
    desk.clock.on_sleep = lambda: desk.chain.mine(1_000)

    desk.executing.send(SLOT, index=0)

    assert desk.gate.seen == []
    assert [0] == desk.sender.sent


def test_a_signed_batch_is_followed_whatever_gas_costs():
    desk = Desk()
    desk.executing.rehearse(SLOT)
    sign(desk.ledger, f"{PLAN_ID}-0", nonce=0)
    desk.ledger.advance(f"{PLAN_ID}-0", state=TxState.IN_DOUBT)
    dear(desk)

    desk.executing.send(SLOT, index=0)

    assert desk.clock.slept == []
    assert [0] == desk.sender.sent
