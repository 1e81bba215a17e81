"""Sending under a world that does what it likes, held against a model that knows the chain alone."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.domain.intent import TERMINAL, AttemptKind, TxState
from agent.errors import AgentError, InDoubtError
from agent.execution.fees import FeeLimits
from agent.ports import SendAnswer
from tests.fakes import Effect, MarketFees
from tests.receipts import batch_logs
from tests.sending import PLAN, Stage

GWEI = 10**9
CEILING = 100 * GWEI
REFUSALS = (
    "already known",
    "nonce too high",
    "replacement transaction underpriced",
    "HTTP 502",
    "",
)
FINAL_DEPTH = 5


class Died(BaseException):
    """Stands for a process that ends at this very place."""


class Sending(RuleBasedStateMachine):
    """Two batches, a chain with reorganisations and a foreign user of the key, and restarts in between."""

    def __init__(self):
        super().__init__()
        self.stage = Stage(bump_blocks=2)
        self.stage.is_mining = False
        self.stage.limits = FeeLimits(ceiling=CEILING)
        self.stage.pace = type(self.stage.pace)(
            confirmations=1, poll_s=2, resend_s=2, patience_s=4, bump_blocks=2
        )
        self.stage.chain.finalized_depth = FINAL_DEPTH
        self.sender = self.stage.sender
        self.left: dict[bytes, int] = {}
        self.ends: dict[str, TxState] = {}
        self.foreign = 0
        send_raw = self.stage.broadcaster.send_raw

        def watching(raw, **route):
            recorded = {a.raw for s in self.stage.ledger.intents() for a in s.attempts}
            assert raw in recorded, "bytes left before they were recorded"
            self.left[raw] = self.left.get(raw, 0) + 1
            return send_raw(raw, **route)

        self.stage.broadcaster.send_raw = watching

    def attempt(self, prepared):
        """Send as a process would; a batch after one that is open is refused by the machine itself."""
        for attempt in self.stage.status(prepared).attempts:
            self.know(prepared, attempt)
        try:
            self.sender.send(prepared, fee_cap=self.fee_cap())
        except (AgentError, Died):
            return
        finally:
            for attempt in self.stage.status(prepared).attempts:
                self.know(prepared, attempt)

    def know(self, prepared, attempt):
        is_batch = attempt.kind is not AttemptKind.CANCEL
        logs = batch_logs(prepared) if is_batch else ()
        self.stage.chain.effect_by_hash[attempt.tx_hash] = Effect(logs=logs)

    def fee_cap(self):
        from agent.domain.intent import FeeCap  # noqa: PLC0415 - a helper of the test alone

        return FeeCap(max_fee_per_gas=3 * GWEI, max_priority_fee_per_gas=GWEI)

    @rule()
    def send_first(self):
        self.attempt(self.stage.first)

    @rule()
    def send_second(self):
        self.attempt(self.stage.second)

    @rule()
    def settle(self):
        try:
            self.sender.settle_pending()
        except AgentError:
            return

    @rule()
    def restart(self):
        self.sender = self.stage.sender

    @rule(
        call=st.sampled_from(["record_signed", "advance", "reserve_nonce"]), is_after=st.booleans()
    )
    def die_in_the_ledger(self, call, is_after):
        ledger = self.stage.ledger
        original = getattr(ledger, call)

        def dying(*args, **kwargs):
            if is_after:
                original(*args, **kwargs)
            raise Died

        setattr(ledger, call, dying)
        try:
            self.attempt(self.stage.first)
        finally:
            setattr(ledger, call, original)
        self.sender = self.stage.sender

    @rule(count=st.integers(1, 3))
    def mine(self, count):
        self.stage.chain.mine(count)
        self.mark_run()

    @rule(depth=st.integers(1, FINAL_DEPTH))
    def reorganise(self, depth):
        self.stage.chain.reorg(depth=depth)
        self.stage.chain.sequence = 0
        self.mark_run()

    def mark_run(self):
        """Let the contract's sequence follow the batches that are on the chain."""
        for prepared in (self.stage.first, self.stage.second):
            for attempt in self.stage.status(prepared).attempts:
                is_run = attempt.kind is not AttemptKind.CANCEL
                if is_run and attempt.tx_hash in self.stage.chain.receipts:
                    chain = self.stage.chain
                    chain.sequence = max(chain.sequence, prepared.batch.sequence)

    @rule()
    def drop_the_pool(self):
        self.stage.chain.pool.clear()

    @precondition(lambda self: self.foreign < 3)
    @rule()
    def somebody_else_uses_the_key(self):
        self.foreign += 1
        self.stage.chain.use_nonce()

    @rule(text=st.sampled_from(REFUSALS), times=st.integers(1, 3))
    def refuse(self, text, times):
        self.stage.broadcaster.answers = [SendAnswer(is_accepted=False, text=text)] * times

    @rule(base=st.integers(1, 200))
    def reprice(self, base):
        self.stage.chain.fees = MarketFees(base_fee_per_gas=base * GWEI, priority_fee_per_gas=GWEI)

    @rule()
    def let_the_deadline_pass(self):
        head = self.stage.chain.fetch_head()
        self.stage.chain.height += max(0, (PLAN.deadline - head.timestamp) // 12 + 1)

    @invariant()
    def no_nonce_is_held_twice(self):
        held = [s.nonce for s in self.stage.ledger.intents() if s.nonce is not None]

        assert len(held) == len(set(held))

    @invariant()
    def all_attempts_of_an_intent_share_its_nonce_and_keep_the_ceiling(self):
        for status in self.stage.ledger.intents():
            assert {status.nonce} >= {attempt.nonce for attempt in status.attempts}
            for attempt in status.attempts:
                assert attempt.fee_cap.max_fee_per_gas <= CEILING
            kinds = [attempt.kind for attempt in status.attempts]
            if AttemptKind.CANCEL in kinds:
                first = kinds.index(AttemptKind.CANCEL)
                assert set(kinds[first:]) == {AttemptKind.CANCEL}

    @invariant()
    def no_end_changes_and_each_has_its_evidence(self):
        chain = self.stage.chain
        for status in self.stage.ledger.intents():
            name, state = status.intent.intent_id, status.state
            assert self.ends.get(name, state) is state
            if state not in TERMINAL:
                continue
            is_new = name not in self.ends
            self.ends[name] = state
            mined = [a for a in status.attempts if a.tx_hash in chain.receipts]
            if state is TxState.EXTERNAL:
                assert not mined
            elif is_new and status.nonce is not None:
                assert mined, f"{state} without a receipt"
                final = chain.height - chain.finalized_depth
                assert chain.receipts[mined[0].tx_hash].block_number <= final

    def teardown(self):
        """Let the world behave: what can land lands, and nothing stays open but what an end forbids."""
        self.stage.broadcaster.answers = []
        self.stage.chain.fees = MarketFees(base_fee_per_gas=GWEI, priority_fee_per_gas=GWEI)
        for _ in range(12):
            self.settle()
            self.stage.chain.mine()
            self.mark_run()
        self.sender.custody.reconcile(by="somebody", note="the key was used elsewhere")
        self.stage.chain.mine(FINAL_DEPTH + 1)
        for _ in range(12):
            self.settle()
            self.stage.chain.mine(3)
            self.mark_run()
        self.stage.chain.mine(FINAL_DEPTH + 1)
        self.settle()
        out = {TxState.IN_DOUBT, TxState.SEEN, TxState.MINED}
        assert not [s for s in self.stage.ledger.intents() if s.state in out]


Sending.TestCase.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
TestSending = Sending.TestCase


def test_the_model_would_notice_an_open_end():
    machine = Sending()
    try:
        machine.send_first()
        assert machine.left
        assert machine.stage.state(machine.stage.first) in {TxState.SEEN, TxState.IN_DOUBT}
    finally:
        machine.teardown()
    assert TxState.FINAL_OK == machine.stage.state(machine.stage.first)
    assert InDoubtError.exit_code == 7
