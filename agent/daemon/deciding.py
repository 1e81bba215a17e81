"""The steps of a cycle that decide: accept the signals, propose, plan. Nothing here can move money.

Each may run twice: what the ledger holds already is taken from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, overload

from agent import observe
from agent.daemon.gather import Sources, fetch_inputs
from agent.daemon.holding import Holding
from agent.daemon.schedule import Slot
from agent.daemon.standing import is_approved, standing_plan, standing_proposal
from agent.domain.bodies import (
    ApprovalGiven,
    InputsFixed,
    PlanMade,
    ProposalMade,
    SignalAccepted,
    SignalName,
    SignalRefused,
)
from agent.domain.canonical import canonical_bytes, content_id, from_json
from agent.domain.happening import Listener, Planned, Proposed, SignalsAccepted
from agent.domain.plan import Breach, PlanInputs
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import check_agreement
from agent.domain.units import Address
from agent.errors import (
    LimitsBreachedError,
    PlanOutOfBoundsError,
    SignalError,
    SignalsDisagreeError,
)
from agent.planning.limits import breaches
from agent.planning.planner import plan as make_plan
from agent.planning.proposing import propose as make_proposal
from agent.planning.proposing import within_bounds
from agent.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """From signals to a plan. `account` is ours, that will sign.

    A proposal is executed `notice` after it was made, and not before its slot. It goes ahead by
    itself unless `is_approval_required`.
    """

    sources: Sources
    ledger: Ledger
    account: Address
    notice: timedelta
    is_approval_required: bool
    holding: Holding
    tell: Listener

    def propose(self, slot: Slot) -> None:
        """Accept the signals and record what the cycle means to do.

        Raises:
            SignalError: one is refused, which is recorded.
        """
        if standing_proposal(self.ledger, slot.cycle_id) is not None:
            return
        ranking, regime = self._accept_signals(slot.cycle_id)
        inputs = self._fix_inputs(slot.cycle_id, ranking, regime)
        earliest = self.sources.clock.now() + self.notice
        proposal = make_proposal(inputs, executes_at=max(slot.scheduled_at, earliest))
        made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
        self.ledger.append(made, cycle_id=slot.cycle_id)
        observe.proposal_made(proposal, proposal_id=made.proposal_id)
        self.tell(Proposed(proposal_id=made.proposal_id, proposal=proposal, inputs=inputs))

    def executes_at(self, slot: Slot) -> datetime:
        """Return when the standing proposal may be executed; the slot's time if there is none."""
        made = standing_proposal(self.ledger, slot.cycle_id)
        return slot.scheduled_at if made is None else made.proposal.executes_at

    def awaits_approval(self, slot: Slot) -> str | None:
        """Return the id of the standing proposal if it still waits for somebody's approval."""
        made = standing_proposal(self.ledger, slot.cycle_id)
        if made is None or is_approved(self.ledger, slot.cycle_id, made.proposal_id):
            return None
        if self.is_approval_required:
            return made.proposal_id
        by_settings = ApprovalGiven(
            proposal_id=made.proposal_id, by="settings", note='schedule.approval = "none"'
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
            self.holding.affordable()
            recorded = self._load_inputs(proposed.proposal.inputs_sha256)
            inputs = self._fix_inputs(slot.cycle_id, recorded.ranking, recorded.regime)
            plan = make_plan(inputs, proposal_id=proposed.proposal_id)
            standing = PlanMade(plan_id=content_id(plan), plan=plan)
            self.ledger.append(standing, cycle_id=slot.cycle_id)
            observe.plan_made(plan, plan_id=standing.plan_id)
        else:
            inputs = self._load_inputs(standing.plan.inputs_sha256)
        self.tell(Planned(plan_id=standing.plan_id, plan=standing.plan, inputs=inputs))
        _check_bounds(within_bounds(standing.plan, proposed.proposal))
        _check_limits(breaches(standing.plan, inputs, signer=self.account))

    def _accept_signals(self, cycle_id: str) -> tuple[Ranking, RegimeSignal]:
        ranking, raw_ranking = self._fetch(cycle_id, SignalName.RANKING)
        regime, raw_regime = self._fetch(cycle_id, SignalName.REGIME)
        both = ((SignalName.RANKING, ranking, raw_ranking), (SignalName.REGIME, regime, raw_regime))
        try:
            check_agreement(ranking, regime, max_gap_s=self.sources.max_gap_s)
        except SignalsDisagreeError as error:
            for name, _, raw in both:
                self._record_refusal(cycle_id, name, reason=str(error), raw=raw)
            raise
        for name, signal, raw in both:
            self._record_acceptance(cycle_id, name, signal, raw)
        self.tell(SignalsAccepted(ranking=ranking, regime=regime))
        return ranking, regime

    @overload
    def _fetch(self, cycle_id: str, name: Literal[SignalName.RANKING]) -> tuple[Ranking, bytes]: ...
    @overload
    def _fetch(
        self, cycle_id: str, name: Literal[SignalName.REGIME]
    ) -> tuple[RegimeSignal, bytes]: ...
    def _fetch(self, cycle_id: str, name: SignalName) -> tuple[Ranking | RegimeSignal, bytes]:
        now = self.sources.clock.now()
        try:
            match name:
                case SignalName.RANKING:
                    return self.sources.rankings.fetch_ranking(now=now)
                case SignalName.REGIME:
                    return self.sources.regimes.fetch_regime(now=now)
        except SignalError as error:
            self._record_refusal(cycle_id, name, reason=str(error), raw=error.raw)
            raise

    def _record_acceptance(
        self, cycle_id: str, name: SignalName, signal: Ranking | RegimeSignal, raw: bytes
    ) -> None:
        accepted = SignalAccepted(
            signal=name,
            source=self._source_of(name),
            issued_at=signal.issued_at,
            sha256=signal.sha256,
        )
        self.ledger.append(accepted, cycle_id=cycle_id, contents=(raw,))
        observe.signal_accepted(accepted)

    def _record_refusal(self, cycle_id: str, name: SignalName, *, reason: str, raw: bytes) -> None:
        refused = SignalRefused(
            signal=name,
            source=self._source_of(name),
            sha256=sha256(raw).hexdigest() if raw else None,
            reason=reason,
        )
        self.ledger.append(refused, cycle_id=cycle_id, contents=(raw,) if raw else ())
        observe.signal_refused(refused)

    def _source_of(self, name: SignalName) -> str:
        sources = self.sources
        return sources.rankings.name if name is SignalName.RANKING else sources.regimes.name

    def _fix_inputs(self, cycle_id: str, ranking: Ranking, regime: RegimeSignal) -> PlanInputs:
        inputs = fetch_inputs(self.sources, cycle_id=cycle_id, ranking=ranking, regime=regime)
        content = canonical_bytes(inputs)
        fixed = InputsFixed(inputs_sha256=sha256(content).hexdigest())
        self.ledger.append(fixed, cycle_id=cycle_id, contents=(content,))
        return inputs

    def _load_inputs(self, inputs_sha256: str) -> PlanInputs:
        inputs: PlanInputs = from_json(
            PlanInputs, json.loads(self.ledger.load_content(inputs_sha256))
        )
        return inputs


def _check_bounds(found: tuple[Breach, ...]) -> None:
    for breach in found:
        raise PlanOutOfBoundsError(bound=breach.limit, allowed=breach.allowed, found=breach.found)


def _check_limits(found: tuple[Breach, ...]) -> None:
    if found:
        lines = tuple((b.limit, b.allowed, b.found, b.mend) for b in found)
        raise LimitsBreachedError(breaches=lines)
