"""The steps of a cycle that decide: accept the signals, propose, plan. Nothing here can move money.

Each may run twice: what the ledger holds already is taken from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from agent import observe
from agent.daemon.accepting import Accepting
from agent.daemon.bargaining import Plans
from agent.daemon.commanding import check_not_rejected, standing_pause
from agent.daemon.gather import Signals, Sources, fetch_inputs
from agent.daemon.holding import Holding
from agent.daemon.regime_book import RegimeBook
from agent.daemon.remembering import memory_of
from agent.daemon.schedule import Slot
from agent.daemon.standing import (
    is_approved,
    standing_plan,
    standing_proposal,
)
from agent.daemon.timing import Timing
from agent.domain.bodies import ApprovalGiven, InputsFixed, PlanMade, ProposalMade
from agent.domain.canonical import canonical_bytes, content_id, from_json
from agent.domain.happening import Listener, Planned, Proposed
from agent.domain.plan import Breach, PlanInputs
from agent.domain.record import RecordKind
from agent.domain.regime import Stance
from agent.domain.signal import Regime
from agent.domain.units import Address
from agent.errors import LimitsBreachedError, PlanOutOfBoundsError
from agent.planning.limits import breaches
from agent.planning.proposing import within_bounds
from agent.ports import Ledger, Planner
from agent.rehearsal.sifting import Sifting


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """From signals to a plan. `account` is ours, that will sign.

    A proposal is executed `notice` after it was made, and not before its slot; one to go out to
    stablecoins `exit_notice` after. It goes ahead by itself unless `is_approval_required`, for a way
    out `is_exit_approval_required`. With `sifting`, coins whose trades fail are left out of the plan.
    """

    sources: Sources
    planner: Planner
    ledger: Ledger
    book: RegimeBook
    account: Address
    notice: timedelta
    is_approval_required: bool
    holding: Holding
    tell: Listener
    exit_notice: timedelta = timedelta(0)
    is_exit_approval_required: bool = False
    timing: Timing | None = None
    sifting: Sifting | None = None

    def propose(self, slot: Slot) -> None:
        """Accept the signals and record what the cycle means to do.

        Raises:
            SignalError: one is refused, which is recorded.
        """
        if standing_proposal(self.ledger, slot.cycle_id) is not None:
            return
        self.planner.prepare()
        signals = self.accepting.signals(slot.cycle_id)
        inputs = self._fix_inputs(slot.cycle_id, signals)
        proposal = self.planner.propose(inputs, executes_at=self._time_of(slot, signals.stance))
        made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
        # After an end the same may be proposed again, and is another record.
        ends = len(self.ledger.records(cycle_id=slot.cycle_id, kinds=(RecordKind.HALT,)))
        key = f"{slot.cycle_id}/{made.proposal_id}/{ends}" if ends else None
        self.ledger.append(made, cycle_id=slot.cycle_id, key=key)
        observe.proposal_made(proposal, proposal_id=made.proposal_id)
        self.tell(Proposed(proposal_id=made.proposal_id, proposal=proposal, inputs=inputs))

    def executes_at(self, slot: Slot) -> datetime:
        """Return when the standing proposal may be executed; the slot's time if there is none."""
        made = standing_proposal(self.ledger, slot.cycle_id)
        return slot.scheduled_at if made is None else made.proposal.executes_at

    def awaits_approval(self, slot: Slot) -> str | None:
        """Return the id of the standing proposal if it still waits for somebody's approval.

        While the agent is paused it waits whatever was approved.

        Raises:
            ProposalRejectedError: somebody stopped it.
        """
        made = standing_proposal(self.ledger, slot.cycle_id)
        if made is None:
            return None
        check_not_rejected(self.ledger, slot.cycle_id, made.proposal_id)
        if standing_pause(self.ledger, regime=made.proposal.regime) is not None:
            return made.proposal_id
        if is_approved(self.ledger, slot.cycle_id, made.proposal_id):
            return None
        is_exit = made.proposal.regime is Regime.BEARISH
        if self.is_exit_approval_required if is_exit else self.is_approval_required:
            return made.proposal_id
        key = "regime.exit_approval" if is_exit else "schedule.approval"
        by_settings = ApprovalGiven(
            proposal_id=made.proposal_id, by="settings", note=f'{key} = "none"'
        )
        self.ledger.append(by_settings, cycle_id=slot.cycle_id)
        return None

    def plan(self, slot: Slot) -> None:
        """Record what the cycle will do, made at the newest block once its price is under the ceiling.

        Raises:
            PlanOutOfBoundsError: it leaves its proposal's bounds. LimitsBreachedError: it breaks a limit.
        """
        proposed = standing_proposal(self.ledger, slot.cycle_id)
        assert proposed is not None, "a plan follows a proposal"  # noqa: S101
        standing = standing_plan(self.ledger, slot.cycle_id)
        if standing is None:
            self.planner.prepare()
            self.holding.affordable()
            recorded = self._load_inputs(proposed.proposal.inputs_sha256)
            self._check_stance(recorded.stance)
            plans = partial(self.planner.plan, proposal_id=proposed.proposal_id)
            # Where routers led astray before, the pools alone are planned with.
            astray = self.ledger.records(cycle_id=slot.cycle_id, kinds=(RecordKind.HALT,))
            inputs = self._fix_inputs(
                slot.cycle_id,
                _signals_of(recorded),
                plans=None if astray else plans,
                tried_as=plans,
            )
            plan = plans(inputs)
            standing = PlanMade(plan_id=content_id(plan), plan=plan)
            self.ledger.append(standing, cycle_id=slot.cycle_id)
            observe.plan_made(plan, plan_id=standing.plan_id)
        else:
            inputs = self._load_inputs(standing.plan.inputs_sha256)
        self.tell(Planned(plan_id=standing.plan_id, plan=standing.plan, inputs=inputs))
        _check_bounds(within_bounds(standing.plan, proposed.proposal))
        _check_limits(breaches(standing.plan, inputs, signer=self.account))

    @property
    def accepting(self) -> Accepting:
        return Accepting(sources=self.sources, ledger=self.ledger, book=self.book, tell=self.tell)

    def is_outdated(self, slot: Slot) -> bool:
        """Return whether the stance has switched since the standing proposal was made."""
        made = standing_proposal(self.ledger, slot.cycle_id)
        stance = self.book.state().stance
        return made is not None and stance is not None and stance is not made.proposal.regime

    def is_its_moment(self, slot: Slot) -> bool:
        """Return whether the standing proposal is to be carried out now, within its window."""
        made = standing_proposal(self.ledger, slot.cycle_id)
        if self.timing is None or made is None:
            return True
        proposal = made.proposal
        return self.timing.is_now(
            proposal, made.proposal_id, lambda: self._load_inputs(proposal.inputs_sha256)
        )

    def _time_of(self, slot: Slot, stance: Stance) -> datetime:
        """Return when to execute: an exit does not wait for its slot, nor as long as what can wait."""
        now = self.sources.clock.now()
        if stance.regime is Regime.BEARISH:
            return now + self.exit_notice
        return max(slot.scheduled_at, now + self.notice)

    def _check_stance(self, proposed: Stance) -> None:
        stance = self.book.state().stance
        if stance is not None and stance is not proposed.regime:
            raise PlanOutOfBoundsError(bound="regime", allowed=proposed.regime, found=stance)

    def _fix_inputs(
        self,
        cycle_id: str,
        signals: Signals,
        *,
        plans: Plans | None = None,
        tried_as: Plans | None = None,
    ) -> PlanInputs:
        inputs = fetch_inputs(
            self.sources,
            cycle_id=cycle_id,
            signals=signals,
            remembers=memory_of(self.ledger),
            plans=plans,
        )
        if self.sifting is not None and tried_as is not None:
            inputs = self.sifting.sifted(inputs, tried_as)
        content = canonical_bytes(inputs)
        fixed = InputsFixed(inputs_sha256=sha256(content).hexdigest())
        self.ledger.append(fixed, cycle_id=cycle_id, contents=(content,))
        return inputs

    def _load_inputs(self, inputs_sha256: str) -> PlanInputs:
        inputs: PlanInputs = from_json(
            PlanInputs, json.loads(self.ledger.load_content(inputs_sha256))
        )
        return inputs


def _signals_of(inputs: PlanInputs) -> Signals:
    return Signals(
        ranking=inputs.ranking,
        regime=inputs.regime,
        stance=inputs.stance,
        vetting=inputs.vetting,
    )


def _check_bounds(found: tuple[Breach, ...]) -> None:
    for breach in found:
        raise PlanOutOfBoundsError(bound=breach.limit, allowed=breach.allowed, found=breach.found)


def _check_limits(found: tuple[Breach, ...]) -> None:
    if found:
        lines = tuple((b.limit, b.allowed, b.found, b.mend) for b in found)
        raise LimitsBreachedError(breaches=lines)
