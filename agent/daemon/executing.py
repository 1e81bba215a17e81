"""The steps of a cycle that move money: rehearse, send batch by batch, report.

Each may run twice: the ledger knows what was signed, and sending again is going on from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from agent import observe
from agent.daemon.commanding import check_go
from agent.daemon.gather import Sources
from agent.daemon.holding import Holding
from agent.daemon.schedule import Slot
from agent.daemon.standing import recorded_plan, standing_plan, unreviewed_halt
from agent.domain.block import Block
from agent.domain.bodies import PlanMade, Reported
from agent.domain.canonical import from_json
from agent.domain.fill import BatchOutcome
from agent.domain.happening import Listener
from agent.domain.intent import TERMINAL, FeeCap, Route, TxState
from agent.domain.order import RouterLeg
from agent.domain.plan import Plan, PlanInputs
from agent.domain.portfolio import Portfolio
from agent.domain.units import Address
from agent.errors import (
    LedgerError,
    NonceTakenError,
    PlanExpiredError,
    RehearsalMismatchError,
    ReviewNeededError,
    RouteUnfitError,
    UnexpectedRevertError,
)
from agent.execution.fees import fee_cap
from agent.execution.prepared import PreparedBatch, open_batches
from agent.execution.report import cycle_report
from agent.execution.sender import Sender
from agent.execution.settlement import check_balances
from agent.planning.planner import watched_tokens
from agent.ports import IntentStatus, Ledger
from agent.rehearsal.gate import Gate

IN_FLIGHT = frozenset(TxState) - TERMINAL - {TxState.INTENT, TxState.MINED}
"""The states of an intent whose transaction has a nonce and no block yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executing:
    """From a recorded plan to a sealed report. `account` is ours, that signs."""

    sources: Sources
    ledger: Ledger
    gate: Gate
    sender: Sender
    account: Address
    holding: Holding
    tell: Listener
    route: Route = Route.PUBLIC

    def begin(self, slot: Slot) -> None:
        """Leave nothing behind of what came before: finish what was signed, drop what was not.

        Raises:
            ReviewNeededError: a cycle ended badly, and nobody signed it off yet.
            NonceMismatchError, SequenceMismatchError: the ledger does not explain the chain.
            WrongChainError, NodeUnfitError: the node is not what a cycle needs.
        """
        unreviewed = unreviewed_halt(self.ledger)
        if unreviewed is not None:
            raise ReviewNeededError(cycle_id=unreviewed[0], reason=unreviewed[1].reason)
        self.sources.chain.ping()
        self.sender.settle_pending()
        for status in self.ledger.intents():
            if status.state in IN_FLIGHT and not status.intent.is_filler:
                self._finish(status)
        for status in self.ledger.intents():
            if status.state is TxState.INTENT and not status.intent.is_filler:
                note = f"dropped unsigned: {slot.cycle_id} plans anew"
                self.ledger.advance(status.intent.intent_id, state=TxState.CANCELLED, note=note)

    def _finish(self, status: IntentStatus) -> None:
        """Take a batch of an earlier cycle to its end; that it came to nothing is an end, too."""
        try:
            if status.state is TxState.RESERVED:
                self.sender.give_back(status)
            self._followed(self._prepared_again(status))
        except (PlanExpiredError, NonceTakenError) as error:
            observe.batch_dropped(intent_id=status.intent.intent_id, reason=str(error))

    def rehearse(self, slot: Slot) -> int:
        """Open an intent for each batch and rehearse them in a row; return how many there are."""
        made = self._plan(slot)
        prepared = self._open(made)
        if not prepared:
            return 0
        at = made.plan.block
        self._rehearse(made.plan, prepared, at=at, cap=self._fee_cap(at))
        return len(prepared)

    def send(self, slot: Slot, *, index: int) -> None:
        """Rehearse a batch again at the newest block, send it, and follow it until it is mined.

        Raises:
            ProposalRejectedError, AgentPausedError: somebody stopped it before it was signed.
            RehearsalMismatchError: it would not do what the plan says. PlanExpiredError: too late to
            land. UnexpectedRevertError: it landed, and moved nothing.
        """
        made = self._plan(slot)
        prepared = self._open(made)[index]
        attempts = self._status(prepared.intent.intent_id).attempts
        cap = attempts[-1].fee_cap if attempts else self._first_cap(prepared)
        if not attempts:
            plan = made.plan
            check_go(self.ledger, slot.cycle_id, plan.proposal_id, regime=plan.regime)
        if not attempts and not self._is_over(prepared):
            at = self.sources.chain.fetch_head()
            self._rehearse(made.plan, (prepared,), at=at, cap=cap)
        self.tell(self._send(prepared, cap))

    def _first_cap(self, prepared: PreparedBatch) -> FeeCap:
        """Return what to sign a batch with; above the ceiling, wait until it can be had or its time is over."""
        cap = self.holding.affordable(is_over=lambda: self._is_over(prepared))
        if cap is None and self._is_over(prepared):
            ceiling = self.sources.policy.max_fee_per_gas_wei
            return FeeCap(max_fee_per_gas=ceiling, max_priority_fee_per_gas=0)
        return cap or self._fee_cap(self.sources.chain.fetch_head())

    def _is_over(self, prepared: PreparedBatch) -> bool:
        """Return whether no block takes the batch any more: the sender then says so, and signs nothing."""
        return self.sources.chain.fetch_head().timestamp >= prepared.deadline

    def report(self, slot: Slot) -> None:
        """Compare what happened with the plan, record it, and close the log with a checkpoint.

        Raises:
            OutcomeMismatchError: the fills do not explain the balances; the report is made all the same.
        """
        made, chain = self._plan(slot), self.sources.chain
        prepared = self._open(made)
        outcomes = [self._followed(one) for one in prepared]
        head = chain.fetch_head()
        after = self._portfolio(head)
        report = cycle_report(
            made.plan,
            plan_id=made.plan_id,
            outcomes=outcomes,
            after=after,
            native=self.sources.chain_book.hubs[0].address,
        )
        self.ledger.append(Reported(report=report), cycle_id=slot.cycle_id)
        observe.cycle_reported(report)
        self.tell(report)
        self.sender.settle_pending()  # whatever was used by then is accounted for
        used = chain.fetch_nonce(self.account, at=head.hash)
        checkpoint = self.ledger.seal(block=head, account=self.account, next_nonce=used)
        observe.checkpoint_sealed(checkpoint)
        self.tell(checkpoint)
        check_balances(self._before(made.plan), after, outcomes)

    def _before(self, plan: Plan) -> Portfolio:
        """Return what was held at the plan's block, from the inputs on record."""
        content = self.ledger.load_content(plan.inputs_sha256)
        inputs: PlanInputs = from_json(PlanInputs, json.loads(content))
        return inputs.position.portfolio

    def _plan(self, slot: Slot) -> PlanMade:
        made = standing_plan(self.ledger, slot.cycle_id)
        if made is None:
            raise LedgerError(what=f"{slot.cycle_id} has no plan", mend="run agent log verify")
        return made

    def _rehearse(
        self, plan: Plan, prepared: tuple[PreparedBatch, ...], *, at: Block, cap: FeeCap
    ) -> None:
        try:
            found = self.gate.rehearse(plan, prepared, fee_cap=cap, block=at)
        except RehearsalMismatchError as error:
            if any(isinstance(leg, RouterLeg) for one in prepared for leg in one.batch.legs):
                raise RouteUnfitError(batch_index=error.batch_index, what=str(error)) from error
            raise
        for rehearsed in found:
            self.ledger.append(rehearsed, cycle_id=plan.cycle_id)
            observe.batch_rehearsed(rehearsed)
            self.tell(rehearsed)

    def _followed(self, prepared: PreparedBatch) -> BatchOutcome:
        """Go on with a batch that was signed."""
        return self._send(prepared, self._status(prepared.intent.intent_id).attempts[-1].fee_cap)

    def _send(self, prepared: PreparedBatch, cap: FeeCap) -> BatchOutcome:
        """Send a batch, or go on with it, and return how it landed."""
        outcome = self.sender.send(prepared, fee_cap=cap)
        observe.batch_landed(outcome)
        if not outcome.is_success:
            raise UnexpectedRevertError(tx_hash=outcome.tx_hash, batch_index=outcome.batch_index)
        return outcome

    def _fee_cap(self, block: Block) -> FeeCap:
        position = self.sources.chain.fetch_position(block=block, tokens=(), feeds=())
        return fee_cap(
            base_fee_per_gas=block.base_fee_per_gas,
            priority_fee_per_gas=position.priority_fee_per_gas,
            ceiling=self.sources.policy.max_fee_per_gas_wei,
        )

    def _portfolio(self, block: Block) -> Portfolio:
        tokens = watched_tokens(self.sources.token_map, self.sources.chain_book)
        return self.sources.chain.fetch_position(block=block, tokens=tokens, feeds=()).portfolio

    def _status(self, intent_id: str) -> IntentStatus:
        return next(s for s in self.ledger.intents() if s.intent.intent_id == intent_id)

    def _open(self, made: PlanMade) -> tuple[PreparedBatch, ...]:
        return open_batches(self.ledger, made.plan, plan_id=made.plan_id, route=self.route)

    def _prepared_again(self, status: IntentStatus) -> PreparedBatch:
        plan_id = status.intent.plan_id
        plan = recorded_plan(self.ledger, status.intent.cycle_id, plan_id)
        prepared = open_batches(self.ledger, plan, plan_id=plan_id)
        return next(one for one in prepared if one.intent == status.intent)
