"""What a plan must do without: tokens that revert, or move something else than planned, when it is tried.

Tried before it is recorded, batch by batch with empty witness fields; the gate rehearses the exact
calldata of what is left all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agent import observe
from agent.domain.intent import FeeCap
from agent.domain.order import Batch, RouterLeg
from agent.domain.plan import Plan, PlanInputs
from agent.domain.token import Token
from agent.domain.units import Address
from agent.execution.calls import encode
from agent.execution.reverts import decoded, explained
from agent.execution.settlement import net_changes
from agent.ports import SimulatedCall, SimulatedOutcome, Simulator, Watch

Plans = Callable[[PlanInputs], Plan]
"""Makes a plan of inputs."""

NO_WITNESS = "00" * 32
MOST_TRIES = 12
"""Each finds at least one token; a plan that needs more is left to the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifting:
    """Tries plans on `simulator`, and plans anew without the coins that fail."""

    simulator: Simulator

    def sifted(self, inputs: PlanInputs, plans: Plans) -> PlanInputs:
        """Return the inputs with what is set aside, so that the plan of them runs, as far as coins decide.

        What fails for another reason than a coin, or for a hub, is not for a plan to leave out.

        Raises:
            NodeUnfitError, RpcUnavailableError: it cannot be found out.
        """
        for _ in range(MOST_TRIES):
            plan = plans(inputs)
            found = self.culprits(plan, inputs)
            if not found:
                return inputs
            for token, reason in found.items():
                observe.token_set_aside(token=token, reason=reason)
            aside = {**inputs.set_aside_by_token, **found}
            inputs = replace(inputs, set_aside_by_token=aside)
        return inputs

    def culprits(self, plan: Plan, inputs: PlanInputs) -> Mapping[Address, str]:
        """Return the coins' tokens that keep the plan from doing what it says, and why; empty if none does."""
        if not plan.batches:
            return {}
        hubs = {hub.address for hub in inputs.chain_book.hubs}
        outcomes = self.simulator.simulate(
            calls=[_call(plan, batch, inputs) for batch in plan.batches],
            watch=Watch(account=plan.contract, tokens=_tokens(plan), spenders=()),
            block=plan.block,
        )
        found: dict[Address, str] = {}
        for batch, outcome in zip(plan.batches, outcomes, strict=False):
            found |= _blamed(batch, outcome) if outcome.is_success else _reverted(batch, outcome)
        return {token: why for token, why in sorted(found.items()) if token not in hubs}


def _call(plan: Plan, batch: Batch, inputs: PlanInputs) -> SimulatedCall:
    tip = inputs.position.priority_fee_per_gas
    return SimulatedCall(
        sender=plan.agent,
        to=plan.contract,
        data=encode(batch, deadline=plan.deadline, plan_id=NO_WITNESS, intent_hash=NO_WITNESS),
        value_wei=0,
        gas_limit=batch.gas_limit,
        fee_cap=FeeCap(
            max_fee_per_gas=2 * plan.block.base_fee_per_gas + tip, max_priority_fee_per_gas=tip
        ),
    )


def _tokens(plan: Plan) -> tuple[Address, ...]:
    legs = (leg for batch in plan.batches for leg in batch.legs)
    return tuple(sorted({t.address for leg in legs for t in (leg.token_in, leg.token_out)}))


def _reverted(batch: Batch, outcome: SimulatedOutcome) -> Mapping[Address, str]:
    """Return the tokens of the leg that reverted, or the token that the contract names."""
    known = decoded(outcome.revert_reason)
    if known is None:
        return {}
    name, fields = known
    why = f"its trade reverts in rehearsal: {explained(outcome.revert_reason)}"
    if name == "LegFailed" and fields["index"] < len(batch.legs):
        leg = batch.legs[fields["index"]]
        return {token.address: why for token in (leg.token_in, leg.token_out)}
    named = str(fields.get("token", "")).lower()
    return {token.address: why for token in _moved(batch) if token.address.lower() == named}


def _blamed(batch: Batch, outcome: SimulatedOutcome) -> Mapping[Address, str]:
    """Return the tokens of which less came than the pools paid: it took a fee, or a router paid less."""
    floors = {floor.token: floor.min_delta for floor in batch.floors}
    routed = {leg.token_out.address for leg in batch.legs if isinstance(leg, RouterLeg)}
    return {
        token: f"its balance changes by {outcome.deltas[token]} in rehearsal, planned is {planned}"
        for token, planned in net_changes(batch.legs).items()
        if token in outcome.deltas
        and outcome.deltas[token] < planned
        and (token not in routed or outcome.deltas[token] < floors[token])
    }


def _moved(batch: Batch) -> frozenset[Token]:
    return frozenset(t for leg in batch.legs for t in (leg.token_in, leg.token_out))
