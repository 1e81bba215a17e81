"""Replay: a recorded plan computed anew from its recorded inputs, to the last integer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent.domain.canonical import content_id, from_json, to_json
from agent.domain.plan import Plan, PlanInputs
from agent.domain.record import Record, RecordKind
from agent.errors import CanonicalFormError, LogVerificationError
from agent.log.trees import parsed
from agent.planning.planner import optimality_gap_bps, plan, splits_of

TOLERANCE_BPS = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A plan that was computed anew. `gap_bps`: the most that other splits would add to the basket."""

    cycle_id: str
    plan_id: str
    orders: int
    batches: int
    gap_bps: Decimal


def last_plan(records: Iterable[Record], cycle_id: str) -> Record:
    """Return the record of a cycle's last plan.

    Raises:
        LogVerificationError: it has none.
    """
    plans = [r for r in records if r.cycle_id == cycle_id and r.kind is RecordKind.PLAN]
    if not plans:
        raise LogVerificationError(where=f"cycle {cycle_id}", reason="no plan is recorded of it")
    return plans[-1]


def inputs_sha256(record: Record) -> str:
    """Return the SHA-256 of the inputs that a plan record was made from."""
    return str(record.body["plan"]["inputs_sha256"])


def replay(record: Record, content: bytes, *, tolerance_bps: Decimal = TOLERANCE_BPS) -> Replay:
    """Compute a plan record's plan anew from `content`, the inputs that it names.

    Its splits are taken as they were proposed, every integer follows from them; then the splits are
    held against the best there are.

    Raises:
        LogVerificationError: the plan is another, or its splits are not within tolerance of the best.
    """
    where = f"record {record.seq} (plan)"
    if hashlib.sha256(content).hexdigest() != inputs_sha256(record):
        raise LogVerificationError(where=where, reason="these are not the inputs that it names")
    inputs, recorded = _inputs(content, where), _recorded(record, where)
    again = plan(inputs, proposal_id=recorded.proposal_id, proposed_splits=splits_of(recorded))
    if content_id(again) != record.body["plan_id"]:
        path = first_difference(to_json(again), to_json(recorded)) or "the claimed plan id"
        raise LogVerificationError(where=where, reason=f"computed anew it differs at {path}")
    gap_bps = optimality_gap_bps(inputs, recorded)
    if gap_bps > tolerance_bps:
        raise LogVerificationError(
            where=where, reason=f"other splits would bring the basket {gap_bps} bps more"
        )
    return Replay(
        cycle_id=record.cycle_id,
        plan_id=content_id(again),
        orders=len(again.orders),
        batches=len(again.batches),
        gap_bps=gap_bps,
    )


def _inputs(content: bytes, where: str) -> PlanInputs:
    try:
        tree = parsed(content)
    except ValueError as error:
        raise LogVerificationError(where=where, reason="its inputs are not JSON") from error
    inputs: PlanInputs = _read(PlanInputs, tree, where)
    return inputs


def _recorded(record: Record, where: str) -> Plan:
    recorded: Plan = _read(Plan, record.body["plan"], where)
    return recorded


def _read(kind: Any, tree: Any, where: str) -> Any:  # noqa: ANN401 - of the type asked for
    try:
        return from_json(kind, tree)
    except CanonicalFormError as error:
        raise LogVerificationError(
            where=where, reason=f"{error}: replay it with the release of the agent that recorded it"
        ) from error


def first_difference(one: Any, other: Any, path: str = "") -> str | None:  # noqa: ANN401 - JSON
    """Return where two JSON trees first differ, None if they are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(f"{path}.{k}", one.get(k), other.get(k)) for k in sorted(one.keys() | other)]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else path.removeprefix(".")
    found = (first_difference(a, b, at) for at, a, b in pairs)
    return next((at for at in found if at is not None), None)
