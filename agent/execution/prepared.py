"""From a plan to batches that are ready to be rehearsed and sent: each with its intent and exact calldata."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.intent import Intent, Route
from agent.domain.order import Batch
from agent.domain.plan import Plan
from agent.execution.calls import encode
from agent.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedBatch:
    """A batch whose sending is decided. `intent_hash`, the hash of the intent's record, is in `calldata`."""

    intent: Intent
    intent_hash: str
    batch: Batch
    calldata: bytes
    deadline: int


def open_batches(
    ledger: Ledger, plan: Plan, *, plan_id: str, route: Route = Route.PUBLIC
) -> tuple[PreparedBatch, ...]:
    """Record the intent of each batch of a plan, and return what is to be sent; twice is as once.

    `route` is that of intents that are opened now; one that stands keeps its own.

    Raises:
        CalldataError: a batch has no calldata form. LedgerError: the ledger knows otherwise.
    """
    standing = {s.intent.intent_id: s.intent.route for s in ledger.intents(cycle_id=plan.cycle_id)}
    return tuple(
        _opened(ledger, plan, batch, plan_id, standing.get(f"{plan_id}-{batch.index}", route))
        for batch in plan.batches
    )


def _opened(ledger: Ledger, plan: Plan, batch: Batch, plan_id: str, route: Route) -> PreparedBatch:
    intent = Intent(
        intent_id=f"{plan_id}-{batch.index}",
        cycle_id=plan.cycle_id,
        plan_id=plan_id,
        batch_index=batch.index,
        chain_id=plan.block.chain_id,
        account=plan.agent,
        contract=plan.contract,
        sequence=batch.sequence,
        route=route,
    )
    intent_hash = ledger.open_intent(intent).hash
    return PreparedBatch(
        intent=intent,
        intent_hash=intent_hash,
        batch=batch,
        calldata=encode(batch, deadline=plan.deadline, plan_id=plan_id, intent_hash=intent_hash),
        deadline=plan.deadline,
    )
