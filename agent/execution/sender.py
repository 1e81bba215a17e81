"""Taking an intent to its end: reserve, sign, record, send, watch, confirm; from wherever the ledger stands.

Every step is committed before the act that it permits, so the same call resumes after any interruption:
it goes on from the ledger's state, sends the stored bytes again, and never signs the same thing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agent.domain.fill import BatchOutcome
from agent.domain.intent import AttemptKind, FeeCap, Receipt, Route, TxState
from agent.errors import (
    HaltError,
    InDoubtError,
    LedgerError,
    NonceTakenError,
    OutcomeMismatchError,
    PlanExpiredError,
    SequenceMismatchError,
)
from agent.execution.custody import Custody
from agent.execution.fees import FeeLimits
from agent.execution.filling import Filler
from agent.execution.finality import settle_pending
from agent.execution.prepared import PreparedBatch
from agent.execution.pushing import Push, Pusher
from agent.execution.receipts import find_receipt, kind_of
from agent.execution.send_state import Step, next_step
from agent.execution.settlement import settled
from agent.execution.signing import check_signer, sign_and_record
from agent.ports import Broadcaster, Chain, Clock, IntentStatus, Ledger, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a transaction is followed; times in seconds.

    `confirmations` counts the block that mined it as one. The same bytes are sent again every
    `resend_s`, and at a higher price when a pool has held them for `bump_blocks` blocks; after
    `patience_s` the wait is given up, the transaction is not. After `public_after_blocks` what is
    private goes the public way, too; None: never.
    """

    confirmations: int
    poll_s: float = 2.0
    resend_s: float = 36.0
    patience_s: float = 1_800.0
    bump_blocks: int = 4
    public_after_blocks: int | None = None


@dataclass(slots=True)
class _Wait:
    """Counts what was slept, not what a clock says: a fork's clock stands still between blocks."""

    clock: Clock
    pace: Pace
    waited_s: float = 0.0
    resend_at_s: float = 0.0

    def is_send_due(self) -> bool:
        is_due = self.waited_s >= self.resend_at_s
        if is_due:
            self.resend_at_s = self.waited_s + self.pace.resend_s
        return is_due

    def rest(self, status: IntentStatus) -> None:
        if self.waited_s >= self.pace.patience_s:
            tx_hash = status.attempts[-1].tx_hash if status.attempts else "not signed yet"
            raise InDoubtError(tx_hash=tx_hash, waited_s=int(self.waited_s))
        self.clock.sleep(self.pace.poll_s)
        self.waited_s += self.pace.poll_s


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends the batches of one account, one after the other; `limits` hold for all attempts at a nonce."""

    chain: Chain
    signer: Signer
    ledger: Ledger
    broadcaster: Broadcaster
    clock: Clock
    pace: Pace
    limits: FeeLimits
    custody: Custody
    route: Route = Route.PUBLIC

    @cached_property
    def pusher(self) -> Pusher:
        """What pushes whatever is out, with one memory of it for sending and settling."""
        return Pusher(
            chain=self.chain,
            signer=self.signer,
            ledger=self.ledger,
            broadcaster=self.broadcaster,
            limits=self.limits,
            bump_blocks=self.pace.bump_blocks,
            tell=self.custody.tell,
            route=self.route,
            public_after_blocks=self.pace.public_after_blocks,
        )

    @cached_property
    def filler(self) -> Filler:
        """What fills the gaps before what is out."""
        return Filler(pusher=self.pusher, custody=self.custody)

    def send(self, prepared: PreparedBatch, *, fee_cap: FeeCap) -> BatchOutcome:
        """Return how a batch landed, once it is `pace.confirmations` blocks deep.

        `fee_cap` is what it is signed with, if it is not signed yet.

        Raises:
            PlanExpiredError: its deadline passed before it landed; its nonce is free, or a cancel took it.
            NonceTakenError: somebody else used its nonce.
            NonceMismatchError, SequenceMismatchError, LedgerError: ledger and chain disagree, or the
            ledger with itself.
            OutcomeMismatchError: what was mined is not what was sent.
            InDoubtError, RpcUnavailableError: its fate is open; call again to go on.
        """
        self.custody.check()
        wait = _Wait(self.clock, self.pace)
        while True:
            status = self._status(prepared)
            receipt = self._make_step(status, prepared, fee_cap, wait)
            if receipt is not None:
                return self._outcome(status, prepared, receipt)

    def _make_step(
        self, status: IntentStatus, prepared: PreparedBatch, fee_cap: FeeCap, wait: _Wait
    ) -> Receipt | None:
        """Make the step that is due in the ledger's state; return the receipt when there is none left."""
        match next_step(status.state):
            case Step.RESERVE:
                self._reserve(status, prepared, wait)
            case Step.SIGN:
                self._sign(status, prepared, fee_cap, wait)
            case Step.DOUBT:
                self.ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)
            case Step.WATCH:
                self._watch(status, prepared, wait)
            case Step.CONFIRM:
                return self._confirmed(status, wait)
            case Step.REST:
                return self._ended(status, prepared)
        return None

    def settle_pending(self) -> tuple[IntentStatus, ...]:
        """Move everything that is out as far as the chain allows, and fill the gaps before it.

        Raises:
            NonceMismatchError, SequenceMismatchError: the ledger does not explain the chain; what was
            mined is recorded, nothing is signed or sent. For the rest see `settle_pending`.
        """
        try:
            self.custody.check()
        except HaltError:
            settle_pending(self.pusher, is_pushing=False)
            raise
        self.filler.fill()
        return settle_pending(self.pusher)

    def give_back(self, status: IntentStatus) -> None:
        """Use up the nonce of an intent that nothing was signed for, by a cancel; above the ceiling, wait.

        Its batch was rehearsed for a cycle that is over, so it is not signed any more.

        Raises:
            NonceTakenError: somebody else used it. InDoubtError: the fee ceiling forbids it for long.
        """
        wait = _Wait(self.clock, self.pace)
        while status.state is TxState.RESERVED:
            if self.pusher.is_nonce_used(status):
                self.pusher.give_up_if_final(status)
            elif self.pusher.replace(status, Push.CANCEL):
                return
            wait.rest(status)
            status = self.pusher.again(status)

    def _status(self, prepared: PreparedBatch) -> IntentStatus:
        intent = prepared.intent
        for status in self.ledger.intents(cycle_id=intent.cycle_id):
            if (status.intent, status.intent_record_hash) == (intent, prepared.intent_hash):
                return status
        raise LedgerError(what=f"it has no intent {intent.intent_id}", mend="plan again")

    def _reserve(self, status: IntentStatus, prepared: PreparedBatch, wait: _Wait) -> None:
        """Take a nonce, unless no block could take the batch any more, or the contract ran it already.

        While the chain is behind the ledger, by a reorganisation or a node's lag, what is out is
        followed first.
        """
        check_signer(self.signer, status)
        intent, now = prepared.intent, self.chain.fetch_head().timestamp
        if now >= prepared.deadline:
            note = f"its deadline, block time {prepared.deadline}, has passed"
            self.ledger.advance(intent.intent_id, state=TxState.CANCELLED, note=note)
            raise _expired(prepared, now=now)
        sequence = self.chain.fetch_sequence()
        if sequence >= intent.sequence:
            raise SequenceMismatchError(
                contract=intent.contract, known=intent.sequence - 1, found=sequence
            )
        nonce = self.custody.next_nonce(intent)
        if nonce is None:
            self.settle_pending()
            wait.rest(status)
            return
        self.ledger.reserve_nonce(intent.intent_id, nonce=nonce)

    def _sign(
        self, status: IntentStatus, prepared: PreparedBatch, fee_cap: FeeCap, wait: _Wait
    ) -> None:
        """Sign the batch; or, where its time is over, what sets its nonce free again.

        At a nonce that is used already nothing is signed: it is given up once that is final.
        """
        if self.pusher.is_nonce_used(status):
            self.pusher.push(status)
            wait.rest(status)
            return
        if status.attempts or self.chain.fetch_head().timestamp < prepared.deadline:
            sign_and_record(self.signer, self.ledger, status, prepared, fee_cap=fee_cap)
        elif not self.pusher.replace(status, Push.CANCEL):
            raise _expired(prepared, now=prepared.deadline)

    def _watch(self, status: IntentStatus, prepared: PreparedBatch, wait: _Wait) -> None:
        """Look for a receipt of any attempt; while there is none, push, and what stands before it too."""
        receipt = find_receipt(self.chain, status)
        if receipt is not None:
            self._record_mined(status, prepared, receipt)
            return
        if (
            status.nonce is not None
            and self.chain.fetch_nonce(status.intent.account) < status.nonce
        ):
            self.filler.fill()
            settle_pending(self.pusher, below_nonce=status.nonce)
        self.pusher.push(status, is_send_due=wait.is_send_due())
        wait.rest(status)

    def _record_mined(
        self, status: IntentStatus, prepared: PreparedBatch, receipt: Receipt
    ) -> None:
        intent_id = prepared.intent.intent_id
        if kind_of(status, receipt) is AttemptKind.CANCEL:
            self.ledger.advance(intent_id, state=TxState.MINED, receipt=receipt)
            return
        try:
            fills = settled(prepared, receipt).fills
        except OutcomeMismatchError as error:
            self.ledger.advance(intent_id, state=TxState.MINED, receipt=receipt, note=str(error))
            raise
        self.ledger.advance(intent_id, state=TxState.MINED, receipt=receipt, fills=fills)

    def _confirmed(self, status: IntentStatus, wait: _Wait) -> Receipt | None:
        """Return the receipt when it is deep enough; None, and doubt, when its block is gone."""
        while True:
            receipt = find_receipt(self.chain, status)
            if receipt is None:
                self.ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)
                return None
            depth = self.chain.fetch_head().number - receipt.block_number + 1
            if depth >= self.pace.confirmations:
                return receipt
            wait.rest(status)

    def _ended(self, status: IntentStatus, prepared: PreparedBatch) -> Receipt:
        """Return the receipt of an intent that is in a final state; raise what ended one that has none."""
        if status.state is TxState.EXTERNAL and status.nonce is not None:
            raise NonceTakenError(account=status.intent.account, nonce=status.nonce)
        if status.state is TxState.CANCELLED:
            raise _expired(prepared, now=self.chain.fetch_head().timestamp)
        receipt = find_receipt(self.chain, status)
        if receipt is None:
            raise LedgerError(
                what=f"intent {status.intent.intent_id} ended as {status.state} and has no receipt",
                mend="see agent tx doctor; ask a node that keeps receipts",
            )
        return receipt

    def _outcome(
        self, status: IntentStatus, prepared: PreparedBatch, receipt: Receipt
    ) -> BatchOutcome:
        if kind_of(status, receipt) is AttemptKind.CANCEL:
            raise _expired(prepared, now=self.chain.fetch_head().timestamp)
        return settled(prepared, receipt)


def _expired(prepared: PreparedBatch, *, now: int) -> PlanExpiredError:
    return PlanExpiredError(
        batch_index=prepared.intent.batch_index, deadline=prepared.deadline, now=now
    )
