"""Limits: each breach says which, what is allowed, what was found, and the mend."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.rules import StableRules
from agent.domain.signal import Regime
from agent.domain.units import Address, Bps, Ppm
from agent.planning.judging import wholes
from agent.planning.limits import breaches, gas_wei_at_most
from agent.planning.planner import plan
from tests import worlds
from tests.worlds import (
    AGENT,
    ETHER,
    USDC,
    USDT,
    WETH,
    coin_token,
    with_contract,
    with_policy,
    with_pools,
    world,
)

GWEI = 10**9
OTHER = Address("0x0000000000000000000000000000000000000bad")


def broken(inputs, signer=AGENT):
    return {b.limit: b for b in breaches(plan(inputs, proposal_id=""), inputs, signer=signer)}


def with_base_fee(inputs, wei):
    block = replace(inputs.position.block, base_fee_per_gas=wei)
    return replace(inputs, position=replace(inputs.position, block=block))


def calm(**changes):
    return with_policy(world(coins=12, states=worlds.pools(12, deeper=100)), **changes)


def test_a_calm_week_breaks_nothing():
    assert broken(calm()) == {}


@pytest.mark.parametrize(
    ("policy", "limit", "allowed", "found"),
    [
        (
            {"max_order_usd": Decimal(50_000)},
            "max_order_usd of order sell:bitcoin",
            "50000 USD",
            "",
        ),
        ({"max_cycle_usd": Decimal(1_000)}, "max_cycle_usd", "1000 USD", " USD"),
        ({"max_turnover_ppm": Ppm(1_000)}, "max_turnover_ppm", "1000 ppm of the portfolio", " ppm"),
        ({"max_cost_bps": Bps(1)}, "max_cost_bps", "1 bps of the notional", " bps ("),
        ({"max_fee_per_gas_wei": GWEI // 2}, "max_fee_per_gas", "0.5 gwei", "a base fee of 1 gwei"),
    ],
)
def test_each_limit_of_the_policy_is_named(policy, limit, allowed, found):
    breach = broken(calm(**policy))[limit]

    assert breach.allowed == allowed
    assert found in breach.found
    assert "raise policy." in breach.mend


def test_a_limit_that_is_just_kept_is_not_broken():
    made = plan(calm(), proposal_id="")
    legs = [leg for batch in made.batches for leg in batch.legs]
    cost, largest = made.cost, max(whole.notional_usd for whole in wholes(made.orders, legs))

    assert broken(calm(max_order_usd=largest)) == {}
    assert broken(calm(max_order_usd=largest - Decimal("0.01"))) != {}
    assert broken(calm(max_cycle_usd=cost.notional_usd)) == {}
    assert "max_cycle_usd" in broken(calm(max_cycle_usd=cost.notional_usd - Decimal("0.01")))


def test_a_large_price_impact_breaks_the_slippage_limit():
    inputs = with_policy(world(coins=12), max_slippage_bps=Bps(5), max_turnover_ppm=Ppm(2_000_000))

    breach = broken(inputs)["max_slippage_bps of order sell:bitcoin"]

    assert breach.allowed == "5 bps"
    assert breach.found.startswith("a price impact of ")
    assert "allowlist deeper pools" in breach.mend


def test_the_weekly_turnover_of_a_full_exit_and_entry_is_allowed_by_two_hundred_percent():
    cash = world(coins=12, usd_by_token={USDC: 1_000_000}, states=worlds.pools(12, deeper=1_000))
    cash = with_policy(cash, max_turnover_ppm=Ppm(900_000))

    assert "max_turnover_ppm" in broken(cash)
    assert broken(with_policy(cash, max_turnover_ppm=Ppm(1_000_000))) == {}


def test_a_hub_that_pools_sell_above_its_feed_is_left_out_and_nothing_else_is():
    inputs = world(coins=12, regime=Regime.BEARISH, states=worlds.pools(12, deeper=1_000))
    inputs = with_policy(inputs, stable=StableRules(max_depeg_bps=0))
    # Feed and ranking know that the stablecoin is worth 90 cents; the pools still sell it at a dollar.
    ninety = Decimal("0.90")
    coins = tuple(
        replace(c, price_usd=ninety) if c.coin_id == "tether" else c for c in inputs.ranking.coins
    )
    inputs = replace(
        inputs,
        ranking=replace(inputs.ranking, coins=coins),
        position=replace(inputs.position, feeds=worlds.feeds({"tether": ninety})),
    )

    made = plan(inputs, proposal_id="")
    reasons = {skip.coin_id: skip.reason for skip in made.skipped}

    assert list(reasons) == ["tether"]
    assert "too great a loss: 10" in reasons["tether"]
    assert {o.token_out for o in made.orders} == {WETH, USDC}
    assert breaches(made, inputs) == ()


def test_a_plan_that_loses_more_than_a_stricter_policy_allows_is_stopped():
    inputs = calm()
    made = plan(inputs, proposal_id="")

    stricter = with_policy(inputs, max_price_deviation_bps=Bps(1))
    found = {breach.limit: breach for breach in breaches(made, stricter)}

    breach = found["max_price_deviation_bps of order sell:bitcoin"]
    assert breach.allowed == "1 bps"
    assert breach.found.startswith("a loss of ")


@pytest.mark.parametrize("wei", [0, ETHER // 100])
def test_too_little_ether_for_gas_says_how_much_is_missing(wei):
    inputs = with_contract(calm(), agent_wei=wei)
    breach = broken(inputs)["ETH for gas"]

    assert breach.allowed.endswith(" ETH at least")
    assert breach.mend.endswith(f" ETH to {AGENT}")


def test_ether_for_gas_and_reserve_is_just_enough():
    inputs = calm()
    needed = gas_wei_at_most(plan(inputs, proposal_id=""), inputs) + 5 * 10**16

    assert broken(with_contract(inputs, agent_wei=needed)) == {}
    assert "ETH for gas" in broken(with_contract(inputs, agent_wei=needed - 1))


def test_gas_is_reckoned_at_what_will_be_offered_and_never_above_the_ceiling():
    inputs = calm()
    planned = plan(inputs, proposal_id="")
    limits = sum(batch.gas_limit for batch in planned.batches)

    assert gas_wei_at_most(planned, inputs) == limits * (2 * GWEI + GWEI // 10)
    assert gas_wei_at_most(planned, with_base_fee(inputs, 80 * GWEI)) == limits * 100 * GWEI


def test_a_paused_contract_is_named():
    breach = broken(with_contract(calm(), is_paused=True))["contract"]

    assert (breach.allowed, breach.mend) == ("not paused", "its owner unpauses it")


def test_an_account_that_is_not_the_agent_is_named():
    breach = broken(calm(), signer=OTHER)["agent of the contract"]

    assert (breach.allowed, breach.found) == (OTHER, AGENT)
    assert f"setAgent({OTHER})" in breach.mend
    assert broken(calm(), signer=None) == {}


def test_a_plan_without_batches_breaks_nothing_whatever_the_state():
    idle = world(coins=12, regime=Regime.BEARISH, usd_by_token={USDC: 500, USDT: 500})
    idle = with_base_fee(with_contract(idle, is_paused=True, agent_wei=0), 10**12)

    assert broken(idle, signer=OTHER) == {}


def test_a_floor_that_nothing_guarantees_is_found():
    inputs = calm()
    planned = plan(inputs, proposal_id="")
    batch = planned.batches[0]
    greedy = tuple(replace(f, min_delta=f.min_delta - 10**30) for f in batch.floors)
    worse = replace(planned, batches=(replace(batch, floors=greedy), *planned.batches[1:]))

    assert any(b.limit == "guaranteed balance" for b in breaches(worse, inputs))


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from([*worlds.tokens_by_coin(12).values(), USDC]),
        st.integers(min_value=0, max_value=400_000),
        max_size=6,
    ),
    st.integers(min_value=1_000, max_value=400_000).map(Decimal),
    st.integers(min_value=1, max_value=100).map(Bps),
)
def test_a_plan_without_breach_keeps_every_limit(held, max_usd, slippage_bps):
    inputs = with_policy(
        world(coins=12, usd_by_token=held),
        max_order_usd=max_usd,
        max_cycle_usd=2 * max_usd,
        max_slippage_bps=slippage_bps,
    )
    made = plan(inputs, proposal_id="")
    found = {breach.limit for breach in breaches(made, inputs)}

    legs = [leg for batch in made.batches for leg in batch.legs]
    too_large = {w.label for w in wholes(made.orders, legs) if w.notional_usd > max_usd}
    assert {f"max_order_usd of order {order}" for order in too_large} <= found
    assert ("max_cycle_usd" in found) == (made.cost.notional_usd > 2 * max_usd)


def test_a_coin_without_depth_is_what_the_slippage_limit_catches():
    thin = coin_token(5)
    states = [
        s for s in worlds.pools(12, deeper=100) if thin.address not in {s.ref.token0, s.ref.token1}
    ]
    pool = worlds.v2_pool(
        999, thin, worlds.coin_price(5), worlds.WETH, worlds.ETH_USD, depth_usd=100_000
    )
    inputs = with_pools(world(coins=12), [*states, pool])

    assert "max_slippage_bps of order sell:coin-005" in broken(inputs)
