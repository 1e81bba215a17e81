"""The gate before every signature: the exact calldata is executed, and must do what the plan says.

Running it is one thing, judging what it did another: `misfit` is a plain function of values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from typing import Protocol

from agent.domain.block import Block
from agent.domain.bodies import Rehearsed
from agent.domain.intent import FeeCap
from agent.domain.order import Batch, RouterLeg
from agent.domain.plan import Plan
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ZERO_ADDRESS, Address
from agent.errors import RehearsalMismatchError
from agent.execution.calls import call_of, decode
from agent.execution.events import Executed, approved, executed
from agent.execution.prepared import PreparedBatch
from agent.execution.reverts import explained
from agent.execution.settlement import net_changes
from agent.ports import SimulatedCall, SimulatedOutcome, Simulator, Watch
from agent.rehearsal.firewall import Firewall

PERMIT2 = Address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
"""The same on all chains: who is approved there can be made to pay by a signature."""

ROUTED_SHORTFALL_BPS = 10
"""How much less than quoted a router may pay when its call is rehearsed on the plan's own block."""

Finding = tuple[str, str, str]
"""What was looked at, what the plan says, and what was found."""


class Guard(Protocol):
    """Where the firewall of a block comes from."""

    def firewall(self, block: Block) -> Firewall:
        """Return what routers may be called for, as they stand at `block`.

        Raises:
            RpcUnavailableError: it cannot be found out.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a rehearsal is made with: every `known` token is measured, and what `spenders` may take.

    An allowance to anybody else shows by its Approval event. Without a `guard` no router is called.
    """

    simulator: Simulator
    known: tuple[Address, ...]
    spenders: tuple[Address, ...] = (PERMIT2,)
    guard: Guard | None = None

    def rehearse(
        self, plan: Plan, prepared: Sequence[PreparedBatch], *, fee_cap: FeeCap, block: Block
    ) -> tuple[Rehearsed, ...]:
        """Execute batches one after the other on top of `block`, and return what they did.

        On the plan's own block every balance must come out to the base unit, on a later one within
        the floors.

        Raises:
            RehearsalMismatchError: a batch is not what the plan says, or does not do it.
            NodeUnfitError, RpcUnavailableError: it cannot be found out.
        """
        for one in prepared:
            _refuse(one.batch, _misencoded(one, plan))
        self._check_routers(prepared, block)
        outcomes = self.simulator.simulate(
            calls=[_call(one, fee_cap) for one in prepared],
            watch=self._watch(plan, prepared),
            block=block,
        )
        for one, outcome in zip_longest(prepared, outcomes):
            _refuse(one.batch, misfit(one, outcome, is_exact=block.hash == plan.block.hash))
        return tuple(
            Rehearsed(
                intent_id=one.intent.intent_id,
                simulator=self.simulator.name,
                block=block,
                calldata_sha256=sha256(one.calldata).hexdigest(),
                gas_used=outcome.gas_used,
                deltas={token: change for token, change in outcome.deltas.items() if change},
            )
            for one, outcome in zip(prepared, outcomes, strict=True)
        )

    def _check_routers(self, prepared: Sequence[PreparedBatch], block: Block) -> None:
        """Hold every call of a router against the firewall, before anything runs it."""
        routed = [
            (one, leg) for one in prepared for leg in one.batch.legs if isinstance(leg, RouterLeg)
        ]
        firewall = self.guard.firewall(block) if self.guard and routed else None
        for one, leg in routed:
            objection = (
                firewall.objection_to_leg(leg, taker=one.intent.contract)
                if firewall
                else "no router is known"
            )
            if objection is not None:
                _refuse(one.batch, (f"a call of {leg.venue}'s router", "safe", objection))

    def _watch(self, plan: Plan, prepared: Sequence[PreparedBatch]) -> Watch:
        floored = {floor.token for one in prepared for floor in one.batch.floors}
        legs = [leg for one in prepared for leg in one.batch.legs]
        routers = {leg.router for leg in legs if isinstance(leg, RouterLeg)}
        return Watch(
            account=plan.contract,
            tokens=tuple(sorted({*self.known, *floored} - {ZERO_ADDRESS})),
            spenders=tuple(dict.fromkeys((*self.spenders, *sorted(routers)))),
        )


def _refuse(batch: Batch, finding: Finding | None) -> None:
    if finding is not None:
        what, expected, found = finding
        raise RehearsalMismatchError(
            batch_index=batch.index, what=what, expected=expected, found=found
        )


def _misencoded(one: PreparedBatch, plan: Plan) -> Finding | None:
    """Return how the calldata differs from its batch, read back by the decoder alone."""
    said = decode(one.calldata)
    planned = call_of(
        one.batch,
        deadline=plan.deadline,
        plan_id=one.intent.plan_id,
        intent_hash=one.intent_hash,
    )
    if one.batch not in plan.batches:
        return ("the batch", "one of the plan's", "another")
    if said != planned:
        return ("the calldata", repr(planned), repr(said))
    return None


def _call(one: PreparedBatch, fee_cap: FeeCap) -> SimulatedCall:
    return SimulatedCall(
        sender=one.intent.account,
        to=one.intent.contract,
        data=one.calldata,
        value_wei=0,
        gas_limit=one.batch.gas_limit,
        fee_cap=fee_cap,
    )


def misfit(
    one: PreparedBatch, outcome: SimulatedOutcome | None, *, is_exact: bool
) -> Finding | None:
    """Return the first thing in which a rehearsal differs from what its batch must do."""
    if outcome is None:
        return ("the result", "success", "not reached")
    if not outcome.is_success:
        return ("the result", "success", explained(outcome.revert_reason))
    return next(_findings(one, outcome, is_exact=is_exact), None)


def _findings(
    one: PreparedBatch, outcome: SimulatedOutcome, *, is_exact: bool
) -> Iterator[Finding]:
    batch, contract = one.batch, one.intent.contract
    if outcome.gas_used > batch.gas_limit:
        yield ("gas used", f"{batch.gas_limit} at most", str(outcome.gas_used))
    for (token, spender), amount in _standing_allowances(batch, outcome, contract).items():
        yield (f"the allowance of {token} to {spender}", "0", str(amount))
    witness = Executed(
        plan_id=one.intent.plan_id, intent_hash=one.intent_hash, sequence=batch.sequence
    )
    said = executed(outcome.logs, contract)
    if said != (witness,):
        yield ("the event of the batch", repr((witness,)), repr(said))
    yield from _wrong_changes(batch, outcome.deltas, is_exact=is_exact)


def _standing_allowances(
    batch: Batch, outcome: SimulatedOutcome, contract: Address
) -> Mapping[tuple[Address, Address], int]:
    """Return what may still be taken: as measured of the batch's routers, else as events tell it.

    What a router has used up needs no revocation, and many tokens tell nothing of using it.
    """
    routers = {leg.router for leg in batch.legs if isinstance(leg, RouterLeg)}
    floored = {floor.token for floor in batch.floors}
    told = {
        (token, spender): amount
        for (token, spender), amount in approved(outcome.logs, contract).items()
        if spender not in routers or token not in floored
    }
    return {**outcome.allowances, **told}


def _wrong_changes(
    batch: Batch, deltas: Mapping[Address, int], *, is_exact: bool
) -> Iterator[Finding]:
    planned = net_changes(batch.legs)
    may_vary = {
        leg.token_out.address
        for leg in batch.legs
        # What a router pays is known when it paid; what a pool pays, to the base unit on its own block.
        if isinstance(leg, RouterLeg) or not is_exact
    }
    least = _least(batch, planned, is_exact=is_exact)
    floors = {floor.token: floor for floor in batch.floors}
    for token in sorted({*deltas, *planned, *floors}):
        floor, expected = floors.get(token), planned.get(token, 0)
        name = f"the change of {floor.symbol if floor else 'token'} ({token})"
        found = deltas.get(token)
        if found is None:
            yield (name, str(expected), "not measured")
        elif floor is not None and found < (
            bound := max(floor.min_delta, least.get(token, floor.min_delta))
        ):
            yield (name, f"{bound} at least", str(found))
        elif found != expected and token not in may_vary:
            yield (name, str(expected), str(found))


def _least(
    batch: Batch, planned: Mapping[Address, int], *, is_exact: bool
) -> Mapping[Address, int]:
    """Return the least change of what routers buy, on the block that they quoted on.

    A route that pays less there than it was quoted with has lost it on the way.
    """
    quoted: dict[Address, int] = {}
    for leg in batch.legs:
        if isinstance(leg, RouterLeg) and is_exact:
            token = leg.token_out.address
            quoted[token] = quoted.get(token, 0) + leg.amount_out
    return {
        token: planned[token] - amount * ROUTED_SHORTFALL_BPS // ONE_HUNDRED_PERCENT_BPS
        for token, amount in quoted.items()
    }
