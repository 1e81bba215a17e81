"""Proposals and their bounds: a plan of the same market lies within, a moved one does not."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.canonical import content_id, from_json, to_json
from agent.domain.plan import Proposal
from agent.domain.signal import Regime
from agent.domain.units import Bps, Ppm
from agent.planning.planner import normalised, plan
from agent.planning.proposing import propose, usd_by_coin, within_bounds
from tests import worlds
from tests.worlds import USDC, coin_token, with_contract, with_policy, world

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DEEP = worlds.pools(12, deeper=100)


def calm(**changes):
    inputs = world(coins=12, states=DEEP)
    return with_policy(
        inputs, **{"drift_band_ppm": Ppm(100), "min_notional_usd": Decimal(20)} | changes
    )


def proposed(inputs):
    return propose(inputs, executes_at=MONDAY)


def left(inputs, proposal):
    made = plan(inputs, proposal_id=content_id(proposal))
    return {breach.limit: breach for breach in within_bounds(made, proposal)}


def with_eth_at(inputs, factor):
    """Return the inputs with every price but the dollar's moved by `factor`."""
    feeds = tuple(
        replace(f, answer=int(f.answer * factor)) if f.feed == worlds.BOOK.native_usd_feed else f
        for f in inputs.position.feeds
    )
    coins = tuple(
        replace(c, price_usd=c.price_usd * factor)
        if c.coin_id in inputs.token_map.held_by_coin
        else c
        for c in inputs.ranking.coins
    )
    return replace(
        inputs,
        position=replace(inputs.position, feeds=feeds),
        ranking=replace(inputs.ranking, coins=coins),
    )


def test_a_proposal_says_what_the_plan_of_the_same_block_does():
    inputs = calm()
    proposal, made = proposed(inputs), plan(inputs, proposal_id="")

    assert (proposal.orders, proposal.skipped, proposal.cost) == (
        made.orders,
        made.skipped,
        made.cost,
    )
    assert proposal.basket == made.basket
    assert proposal.inputs_sha256 == content_id(normalised(inputs)) == made.inputs_sha256
    assert proposal.executes_at == MONDAY


def test_the_plan_of_the_same_market_lies_within():
    inputs = calm()

    assert left(inputs, proposed(inputs)) == {}


def test_a_proposal_survives_its_canonical_form():
    proposal = proposed(calm())

    assert from_json(Proposal, to_json(proposal)) == proposal


def test_bounds_cover_every_coin_that_is_held_or_wanted_but_no_hub():
    inputs = calm()
    allowed = proposed(inputs).bounds

    assert set(allowed.max_order_usd_by_coin) == {
        coin for coin in worlds.tokens_by_coin(12) if coin != "ethereum"
    }
    assert allowed.max_price_move_bps == inputs.policy.max_price_move_bps


def test_a_coins_bound_is_its_order_and_what_a_price_move_may_add():
    inputs = calm(max_price_move_bps=Bps(1_000))
    proposal = proposed(inputs)
    sale = next(order for order in proposal.orders if order.coin_id == "coin-005")
    price = proposal.price_by_token[coin_token(5).address].usd
    held = inputs.position.portfolio.amount(coin_token(5).address)
    held_usd = Decimal(held).scaleb(-18) * price

    bound = proposal.bounds.max_order_usd_by_coin["coin-005"]

    target_usd = held_usd - sale.notional_usd
    assert abs(bound - (sale.notional_usd + (held_usd + target_usd) / 10)) < Decimal("0.05")


def test_sums_may_grow_by_what_a_price_move_may_add():
    inputs = calm(max_price_move_bps=Bps(1_000), max_cost_bps=Bps(150))
    proposal = proposed(inputs)
    cost = proposal.cost

    more_usd = cost.portfolio_usd / 5
    assert abs(proposal.bounds.max_turnover_usd - cost.turnover_usd - more_usd) <= Decimal("0.01")
    assert abs(
        proposal.bounds.max_cost_usd - 2 * cost.total_usd - more_usd * 150 / 10_000
    ) <= Decimal("0.01")


def test_a_plan_at_its_bounds_lies_within():
    inputs = calm()
    made, proposal = plan(inputs, proposal_id=""), proposed(inputs)
    exact = replace(
        proposal.bounds,
        max_order_usd_by_coin=usd_by_coin(made.orders),
        max_turnover_usd=made.cost.turnover_usd,
        max_cost_usd=made.cost.total_usd,
        max_price_move_bps=Bps(0),
    )

    assert left(inputs, replace(proposal, bounds=exact)) == {}
    cent = Decimal("0.01")
    tighter = replace(
        exact,
        max_order_usd_by_coin={c: u - cent for c, u in exact.max_order_usd_by_coin.items()},
        max_turnover_usd=exact.max_turnover_usd - cent,
        max_cost_usd=exact.max_cost_usd - cent,
    )
    assert {"turnover", "cost", "order of bitcoin"} <= left(
        inputs, replace(proposal, bounds=tighter)
    ).keys()


def test_no_bound_exceeds_the_policys_largest_order():
    allowed = proposed(calm(max_order_usd=Decimal(30_000))).bounds

    assert max(allowed.max_order_usd_by_coin.values()) == 30_000


@settings(max_examples=25)
@given(st.integers(min_value=-800, max_value=800))
def test_prices_that_move_within_the_bound_leave_the_plan_within(move_bps):
    inputs = calm(max_price_move_bps=Bps(1_000))
    proposal = proposed(inputs)

    moved = with_eth_at(inputs, 1 + Decimal(move_bps) / 10_000)

    assert left(moved, proposal) == {}


@pytest.mark.parametrize("factor", [Decimal("0.88"), Decimal("1.12")])
def test_a_price_that_moves_too_far_is_named(factor):
    inputs = calm(max_price_move_bps=Bps(1_000))
    proposal = proposed(inputs)

    found = left(with_eth_at(inputs, factor), proposal)

    assert "price of WETH" in found
    assert "within 1000 bps" in found["price of WETH"].allowed


def test_a_deposit_between_notice_and_execution_leaves_the_bounds():
    inputs = calm()
    proposal = proposed(inputs)
    position = replace(
        inputs.position,
        portfolio=worlds.portfolio({**worlds.drifted(12), USDC: 3_000_000}, coins=12),
    )

    found = left(replace(inputs, position=position), proposal)

    assert "turnover" in found
    assert "order of bitcoin" in found


def test_costlier_gas_leaves_the_cost_bound():
    inputs = calm()
    proposal = proposed(inputs)
    block = replace(inputs.position.block, base_fee_per_gas=3_000 * 10**9)

    found = left(replace(inputs, position=replace(inputs.position, block=block)), proposal)

    assert found["cost"].allowed == f"{proposal.bounds.max_cost_usd} USD"


def test_a_turned_regime_leaves_the_proposal():
    inputs = calm()
    proposal = proposed(inputs)
    turned = replace(inputs, stance=replace(inputs.stance, regime=Regime.BEARISH))

    assert left(turned, proposal)["regime"].found == "bearish"


def test_another_policy_or_account_leaves_the_proposal():
    inputs = calm()
    proposal = proposed(inputs)

    assert "policy" in left(with_policy(inputs, max_cost_bps=Bps(149)), proposal)
    assert "account" in left(with_contract(inputs, address=worlds.OWNER), proposal)


def test_a_plan_of_another_proposal_is_not_within():
    inputs = calm()
    made = plan(inputs, proposal_id="another")

    assert {"proposal"} == {b.limit for b in within_bounds(made, proposed(inputs))}


def test_a_plan_that_does_nothing_leaves_no_proposal():
    proposal = proposed(calm())
    idle = calm()
    idle = replace(idle, position=replace(idle.position, portfolio=worlds.portfolio({})))

    assert left(idle, proposal) == {}
