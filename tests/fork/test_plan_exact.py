"""A plan against the chain in the same block: each leg to the wei."""

import pytest

from agent.domain.canonical import content_id
from agent.domain.order import Side
from agent.planning.planner import optimality_gap_bps, plan, splits_of
from tests.fork.exact_plan import paid, staged_inputs

pytestmark = pytest.mark.fork


def test_every_leg_of_a_plan_pays_what_was_planned_and_can_be_planned_again(fork, tmp_path):
    inputs = staged_inputs(fork, tmp_path, universe="strict", usd=500_000)
    made = plan(inputs, proposal_id="")

    assert {Side.SELL, Side.BUY} <= {order.side for order in made.orders}
    for order_id, planned, got in paid(fork, made):
        assert (order_id, planned) == (order_id, got)

    again = plan(inputs, proposal_id="", proposed_splits=splits_of(made))
    assert content_id(again) == content_id(made)
    assert optimality_gap_bps(inputs, made) == 0
