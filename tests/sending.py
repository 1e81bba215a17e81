"""A sender with everything around it in memory: the stage of whatever is told about sending."""

from __future__ import annotations

from agent.domain.canonical import content_id
from agent.domain.fill import BatchOutcome
from agent.domain.happening import Happening
from agent.domain.intent import FeeCap, TxState
from agent.execution.custody import Custody
from agent.execution.fees import FeeLimits
from agent.execution.prepared import PreparedBatch, open_batches
from agent.execution.sender import Pace, Sender
from agent.ports import IntentStatus
from tests.batches import BATCH, SECOND_BATCH
from tests.fakes import Effect, FakeBroadcaster, FakeChain, FakeLedger, FakeSigner, StillClock
from tests.logbook import ACCOUNT, Week, plan_of
from tests.receipts import batch_logs

FEES = FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9)
PLAN = plan_of(Week(number=0).inputs, "aa" * 32, (BATCH, SECOND_BATCH))


class Stage:
    """A sender with everything around it; every sleep mines a block unless `is_mining` is off."""

    def __init__(self, *, confirmations: int = 2, bump_blocks: int = 100) -> None:
        self.chain = FakeChain(account=ACCOUNT, nonce=7)
        self.ledger = FakeLedger()
        self.signer = FakeSigner(address=ACCOUNT)
        self.broadcaster = FakeBroadcaster(self.chain)
        self.is_mining = True
        self.told: list[Happening] = []
        self.limits = FeeLimits(ceiling=100 * 10**9)
        self.clock = StillClock(on_sleep=lambda: self.is_mining and self.chain.mine())
        self.first, self.second = open_batches(self.ledger, PLAN, plan_id=content_id(PLAN))
        self.pace = Pace(
            confirmations=confirmations,
            poll_s=2,
            resend_s=6,
            patience_s=60,
            bump_blocks=bump_blocks,
        )

    @property
    def sender(self) -> Sender:
        """Return a sender that remembers nothing, as after a restart."""
        custody = Custody(
            chain=self.chain,
            ledger=self.ledger,
            account=ACCOUNT,
            chain_id=1,
            contract=self.first.intent.contract,
            tell=self.told.append,
        )
        return Sender(
            custody=custody,
            chain=self.chain,
            signer=self.signer,
            ledger=self.ledger,
            broadcaster=self.broadcaster,
            clock=self.clock,
            pace=self.pace,
            limits=self.limits,
        )

    def send(self, prepared: PreparedBatch, *, is_success: bool = True) -> BatchOutcome:
        logs = batch_logs(prepared) if is_success else ()
        self.chain.effect = Effect(logs=logs, is_success=is_success)
        return self.sender.send(prepared, fee_cap=FEES)

    def status(self, prepared: PreparedBatch) -> IntentStatus:
        return self.ledger.status_by_id[prepared.intent.intent_id]

    def state(self, prepared: PreparedBatch) -> TxState:
        return self.status(prepared).state
