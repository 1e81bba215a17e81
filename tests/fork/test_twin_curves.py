"""Curves brought over keep their shape, and modelled ones have the depth that the table says."""

from decimal import Decimal
from fractions import Fraction

import pytest

from agent.planning.tick_math import sqrt_ratio_at_tick
from anvil.abi import ZERO
from anvil.addresses import WETH
from anvil.assets import assets, mainnet_pools
from anvil.curves import (
    MAX_TICK,
    X96,
    amounts,
    gross_by_tick,
    liquidity_at,
    merged,
    ranges,
    shifted,
    sqrt_price_x96,
    sqrt_ratio_x96,
    tick_at,
)
from anvil.market import PoolKey, market
from anvil.model import CLASSES, SPREAD, STABLE_CLASSES, depth_class, varied

FACTS = [fact for fact in mainnet_pools() if fact["kind"] != "v2"]
STATES = market()


def usd_to_move(state, move):
    """What takes the price up by a factor, in dollars of token1, at the liquidity it starts with."""
    token1 = assets()[state.key.token1]
    units = state.liquidity * state.sqrt_price // X96 * (Decimal(move).sqrt() - 1)
    return units * token1.usd_per_unit


@pytest.mark.parametrize("tick", [-887_272, -200_001, -1, 0, 1, 60, 199_999, 887_272])
def test_ratios_agree_with_the_pools_own(tick):
    ours, exact = sqrt_ratio_x96(tick), sqrt_ratio_at_tick(tick)

    assert abs(ours - exact) * 10**8 <= exact


@pytest.mark.parametrize("tick", [-300_000, -7, 0, 12_345, 300_000])
def test_tick_at_is_the_tick_of_its_own_ratio(tick):
    exact = sqrt_ratio_at_tick(tick)

    assert (tick, tick - 1) == (tick_at(exact + 10**6), tick_at(exact - 10**6))


def test_sqrt_price_is_rounded_down():
    assert (2 * X96, X96 + X96 // 2) == (
        sqrt_price_x96(Fraction(4)),
        sqrt_price_x96(Fraction(9, 4)),
    )


@pytest.mark.parametrize(
    "fact", FACTS, ids=lambda fact: fact.get("address") or fact["pool_id"][:10]
)
def test_facts_state_the_liquidity_that_their_ticks_sum_to(fact):
    curve = merged((tick, int(net)) for tick, net in fact["ticks"])

    assert int(fact["liquidity"]) == liquidity_at(curve, fact["tick"])
    assert 0 == sum(net for _, net in curve)


@pytest.mark.parametrize(
    "fact", FACTS, ids=lambda fact: fact.get("address") or fact["pool_id"][:10]
)
def test_curves_move_by_whole_spacings_with_their_liquidity(fact):
    original = [(tick, int(net)) for tick, net in fact["ticks"]]
    key = PoolKey(**{name: fact[name] for name in PoolKey.__dataclass_fields__})
    state = next(s for s in STATES if s.key == key)
    by = round(Fraction(state.tick - fact["tick"], key.tick_spacing)) * key.tick_spacing
    end = MAX_TICK // key.tick_spacing * key.tick_spacing
    inside = [(t + by, net) for t, net in original if abs(t) < end and -end < t + by < end]

    assert inside == [(tick, net) for tick, net in state.curve if -end < tick < end]
    assert abs(state.tick - fact["tick"] - by) <= key.tick_spacing / 2 + 1


def test_shifting_stops_at_the_usable_ends():
    curve = ((-887_220, 5), (60, 7), (887_220, -12))

    assert ((-887_220, 5), (6_060, 7), (887_220, -12)) == shifted(curve, 0, 6_010, 60)
    assert ((-887_220, 12), (887_220, -12)) == shifted(curve, 0, -900_000, 60)


def test_gross_liquidity_counts_a_position_per_range():
    curve = ((-60, 5), (60, 7), (120, -12))

    assert [(-60, 60, 5), (60, 120, 12)] == list(ranges(curve))
    assert {-60: 5, 60: 17, 120: 12} == gross_by_tick(curve)


def test_amounts_cover_what_the_ranges_hold():
    low, high = sqrt_ratio_at_tick(-60), sqrt_ratio_at_tick(60)
    held0, held1 = amounts(((-60, 10**18), (60, -(10**18))), X96)

    assert 0 <= held0 - 10**18 * X96 * (high - X96) // (high * X96) < 10
    assert 0 <= held1 - 10**18 * (X96 - low) // X96 < 10


def test_no_range_is_empty_or_below_zero():
    for state in STATES:
        if state.key.kind == "v2":
            assert min(state.reserve0, state.reserve1) > 0
        else:
            assert state.liquidity > 0
            assert all(liquidity >= 0 for _, _, liquidity in ranges(state.curve))


@pytest.mark.parametrize("symbol", ["CRV", "ANKR", "MORPHO", "CRO", "RAD", "LUSD", "GHO"])
def test_modelled_pools_are_as_deep_as_their_class_says(symbol):
    asset = next(a for a in assets().values() if a.symbol == symbol)
    models = depth_class(asset.market_cap_usd, is_stable=asset.is_stable).pools
    for model in models:
        quote = {"WETH": WETH, "ETH": ZERO}.get(model.quote)
        quote = quote or next(a.address for a in assets().values() if a.symbol == model.quote)
        pair = {asset.address, quote}
        state = next(
            s
            for s in STATES
            if {s.key.token0, s.key.token1} == pair
            and (s.key.kind, s.key.fee_pips) == (model.kind, model.fee_pips)
        )
        key = state.key
        factor = varied(f"{key.kind}:{key.token0}:{key.token1}:{key.fee_pips}")
        if key.kind == "v2":
            depth = (
                state.reserve1 * assets()[key.token1].usd_per_unit * (Decimal("1.02").sqrt() - 1)
            )
        else:
            depth = usd_to_move(
                state, "1.001" if asset.is_stable and model.quote[:3] == "USD" else "1.02"
            )

        assert float(depth) == pytest.approx(float(model.depth_usd * factor), rel=1e-3)


def test_depth_falls_with_the_market_cap():
    for classes in (CLASSES, STABLE_CLASSES):
        deepest = [max(model.depth_usd for model in c.pools) for c in classes]

        assert deepest == sorted(deepest, reverse=True)
        assert classes[-1].min_cap_usd == 0


def test_variation_stays_within_its_spread():
    factors = [varied(str(i)) for i in range(1_000)]

    assert 1 - SPREAD <= min(factors) < 1 - SPREAD * Decimal("0.9")
    assert 1 + SPREAD * Decimal("0.9") < max(factors) <= 1 + SPREAD
