"""Replay: a recorded plan follows from its recorded inputs, and a plan that does not is caught."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from agent.domain.canonical import canonical_bytes, content_id, to_json
from agent.domain.plan import Plan, PlanInputs
from agent.domain.record import NO_HASH, Record, RecordKind
from agent.errors import LogVerificationError
from agent.log.replay import first_difference, inputs_sha256, last_plan, replay
from agent.planning.planner import normalised, plan, splits_of
from tests.worlds import world


@cache
def made() -> tuple[PlanInputs, Plan]:
    inputs = normalised(world(coins=12))
    return inputs, plan(inputs, proposal_id="")


def record(planned: Plan, *, plan_id: str | None = None) -> Record:
    body = {"plan_id": plan_id or content_id(planned), "plan": to_json(planned)}
    return Record(
        seq=9, prev=NO_HASH, at="2026-11-23T00:00:00Z", cycle_id=planned.cycle_id,
        kind=RecordKind.PLAN, body=body, hash=NO_HASH,
    )  # fmt: skip


def test_a_plan_follows_from_its_inputs() -> None:
    inputs, planned = made()
    replayed = replay(record(planned), canonical_bytes(inputs))

    assert replayed.plan_id == content_id(planned)
    assert (replayed.orders, replayed.batches) == (len(planned.orders), len(planned.batches))
    assert planned.batches
    assert replayed.gap_bps == 0


def test_the_inputs_must_be_those_that_are_named() -> None:
    inputs, planned = made()
    other = replace(inputs, cycle_id="index-1999")

    with pytest.raises(LogVerificationError, match=r"record 9 \(plan\): these are not the inputs"):
        replay(record(planned), canonical_bytes(other))


def altered_leg(planned: Plan) -> Plan:
    batch = planned.batches[0]
    leg = replace(batch.legs[0], amount_out=batch.legs[0].amount_out + 1)
    batches = (replace(batch, legs=(leg, *batch.legs[1:])), *planned.batches[1:])
    return replace(planned, batches=batches)


def altered_floor(planned: Plan) -> Plan:
    batch = planned.batches[0]
    floor = replace(batch.floors[1], min_delta=batch.floors[1].min_delta - 1)
    floors = (batch.floors[0], floor, *batch.floors[2:])
    return replace(planned, batches=(replace(batch, floors=floors), *planned.batches[1:]))


@pytest.mark.parametrize(
    ("alter", "place"),
    [
        (altered_leg, r"batches\[0\]\.legs\[0\]\.amount_out"),
        (altered_floor, r"batches\[0\]\.floors\[1\]\.min_delta"),
        (lambda p: replace(p, deadline=p.deadline + 1), "deadline"),
        (lambda p: replace(p, skipped=()), "skipped"),
    ],
)
def test_an_altered_plan_is_caught(alter: Callable[[Plan], Plan], place: str) -> None:
    """Alter the plan and give it the fitting id, as a forger would."""
    inputs, planned = made()

    with pytest.raises(LogVerificationError, match=f"computed anew it differs at {place}"):
        replay(record(alter(planned)), canonical_bytes(inputs))


def test_a_plan_under_another_id_is_caught() -> None:
    inputs, planned = made()

    with pytest.raises(LogVerificationError, match="it differs at the claimed plan id"):
        replay(record(planned, plan_id="ab" * 32), canonical_bytes(inputs))


def worse(planned: Plan, inputs: PlanInputs) -> Plan:
    """Return an exact plan whose largest order goes through two of its pools in other shares."""
    splits = splits_of(planned)
    largest = max(planned.orders, key=lambda order: order.notional_usd)
    pools = [leg.pool for b in planned.batches for leg in b.legs if leg.order_id == largest.id]
    size = {share.pool: share.amount_in for share in splits.shares}
    moved = size[pools[0]] // 2
    change = {pools[0]: -moved, pools[1]: moved}
    shares = tuple(
        replace(share, amount_in=share.amount_in + change.get(share.pool, 0))
        for share in splits.shares
    )
    return plan(inputs, proposal_id="", proposed_splits=replace(splits, shares=shares))


def test_a_split_that_is_exact_and_dear_is_caught() -> None:
    inputs, planned = made()
    dear = worse(planned, inputs)
    assert content_id(dear) != content_id(planned)

    with pytest.raises(LogVerificationError, match="other splits would bring the basket"):
        replay(record(dear), canonical_bytes(inputs), tolerance_bps=Decimal("0.001"))
    assert replay(record(dear), canonical_bytes(inputs), tolerance_bps=Decimal(1000)).gap_bps > 0


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"junk", b"[" * 100_000])
def test_inputs_of_another_form_are_refused(content: bytes) -> None:
    _, planned = made()
    named = replace(planned, inputs_sha256=sha256(content).hexdigest())

    with pytest.raises(LogVerificationError, match=r"release of the agent|are not JSON"):
        replay(record(named), content)


def test_a_cycles_last_plan_is_replayed() -> None:
    _, planned = made()
    first, second = record(planned), replace(record(planned), seq=12)

    assert last_plan([first, second], planned.cycle_id) == second
    assert inputs_sha256(second) == planned.inputs_sha256
    with pytest.raises(LogVerificationError, match="cycle index-1999: no plan is recorded"):
        last_plan([first], "index-1999")


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ({"a": "1"}, {"a": "1"}, None),
        ({"a": "1"}, {"a": "2"}, "a"),
        ({"a": "1"}, {}, "a"),
        ({"a": [{"b": "1"}, {"b": "2"}]}, {"a": [{"b": "1"}, {"b": "3"}]}, "a[1].b"),
        ({"a": ["1"]}, {"a": ["1", "2"]}, "a"),
        ({"a": "1"}, {"a": {}}, "a"),
    ],
)
def test_the_first_difference_is_named(one: Any, other: Any, place: str | None) -> None:
    assert first_difference(one, other) == place
