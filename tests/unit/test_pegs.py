"""The depeg guard: when a stablecoin is off its peg, and what a way out does then."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.pool import PoolKind, V2Pool
from agent.domain.rules import StableRules
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from agent.errors import DepeggedError
from agent.planning.pegs import off_peg
from agent.planning.planner import plan
from agent.planning.pricing import market
from tests.worlds import ETH_USD, POLICY, USDC, USDT, WETH, feeds, ref, v2_pool, world

BAND = replace(POLICY, stable=StableRules(max_depeg_bps=200))


def priced(*, coins=8, regime=Regime.BULLISH, policy=BAND, pools=(), **price_by_coin):
    inputs = world(coins=coins, regime=regime, policy=policy)
    named = {coin.replace("_", "-"): Decimal(price) for coin, price in price_by_coin.items()}
    known = (*inputs.pools, *pools)
    position = replace(
        inputs.position, feeds=feeds(named), pools=tuple(state.ref for state in known)
    )
    return replace(inputs, position=position, pools=known)


def off(inputs):
    return off_peg(inputs, market(inputs))


@pytest.mark.parametrize(
    ("price", "is_off"), [("1", False), ("0.98", False), ("0.9799", True), ("1.0201", True)]
)
def test_a_feed_beyond_the_band_says_that_a_stablecoin_is_off(price, is_off):
    found = off(priced(tether=price))

    assert is_off is (USDT.address in found)
    assert USDC.address not in found


def test_the_reason_has_the_numbers():
    (reason,) = off(priced(tether="0.9")).values()

    assert "says 0.9000 USD, 1000 bps off its peg, the band is 200" in reason


def pool(price, depth_usd):
    return v2_pool(9_999, USDT, Decimal(price), WETH, ETH_USD, depth_usd=depth_usd)


def test_the_deepest_pool_says_it_too():
    assert USDT.address in off(priced(pools=[pool("0.9", 10**9)]))


def test_a_shallow_pool_says_nothing():
    inputs = priced()
    alone = replace(
        inputs,
        pools=tuple(s for s in inputs.pools if USDT.address not in (s.ref.token0, s.ref.token1)),
    )

    assert off(replace(alone, pools=(*alone.pools, pool("0.5", 50_000)))) == {}
    assert USDT.address in off(replace(alone, pools=(*alone.pools, pool("0.5", 200_000))))


def test_an_empty_pool_says_nothing():
    where = ref(9_998, PoolKind.V2, USDT, WETH, 3000, record=9)

    assert off(priced(pools=[V2Pool(ref=where, reserve0=0, reserve1=0)])) == {}


def test_the_guard_can_be_switched_off():
    policy = replace(POLICY, stable=StableRules(max_depeg_bps=0))

    assert off(priced(policy=policy, tether="0.5")) == {}


def weights(made):
    return {t.held_as.coin_id: t.weight_ppm for t in made.basket.targets}


def test_a_way_out_leaves_out_what_is_off_its_peg():
    made = plan(priced(regime=Regime.BEARISH, tether="0.9"), proposal_id="")

    assert {"usd-coin": 1_000_000} == weights(made)
    assert any("USDT is left out of the stablecoins" in note for note in made.basket.notes)


def out_in(coins_usd, **prices):
    """Return a portfolio that is out already, with these dollars in stablecoins."""
    inputs = priced(regime=Regime.BEARISH, **prices)
    held = world(coins=8, usd_by_token=coins_usd).position.portfolio
    return replace(inputs, position=replace(inputs.position, portfolio=held))


def test_a_stablecoin_that_is_held_and_falls_off_its_peg_is_sold():
    usd = {USDC: 50_000, USDT: 50_000}

    calm = plan(out_in(usd), proposal_id="")
    fallen = plan(out_in(usd, tether="0.95"), proposal_id="")

    assert calm.orders == ()
    assert {(USDT, USDC)} == {(o.token_in, o.token_out) for o in fallen.orders}


def test_where_all_are_off_nothing_is_traded():
    inputs = priced(regime=Regime.BEARISH, tether="0.9", usd_coin="0.9")

    with pytest.raises(DepeggedError, match=r"USDT: .*; USDC: |USDC: .*; USDT: "):
        plan(inputs, proposal_id="")


def capped(**caps):
    inputs = priced(regime=Regime.BEARISH)
    known = inputs.token_map.stablecoin_by_coin
    named = {c: replace(s, issuer=f"issuer of {c}") for c, s in known.items()}
    rules = StableRules(cap_ppm_by_issuer={f"issuer of {c}": Ppm(w) for c, w in caps.items()})
    return replace(
        inputs,
        token_map=replace(inputs.token_map, stablecoin_by_coin=named),
        policy=replace(inputs.policy, stable=rules),
    )


def test_an_issuers_cap_holds():
    made = plan(capped(tether=300_000), proposal_id="")

    assert {"usd-coin": 700_000, "tether": 300_000} == weights(made)


def test_a_way_out_goes_before_a_cap_that_leaves_no_whole():
    made = plan(capped(**{"tether": 300_000, "usd-coin": 300_000}), proposal_id="")

    assert {"usd-coin": 500_000, "tether": 500_000} == weights(made)
    assert any("caps of issuers" in note for note in made.basket.notes)
