"""Who is in the index: places, the buffer at the border, lists, sectors, caps and weightings."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.policy import Universe
from agent.domain.rules import IndexRules, Weighting
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from agent.planning.targets import basket
from tests.worlds import POLICY, WETH, coin_token, ranking, token_map

COINS = 60
ROWS = ranking(COINS)
MAP = token_map(COINS)
PLACE = {coin.coin_id: coin.rank for coin in ROWS.coins}


def wanted(*, held=(), rows=ROWS, top_n=20, universe=Universe.STRICT, volatility=None, **rules):
    policy = replace(POLICY, top_n=top_n, universe=universe, index=IndexRules(**rules))
    return basket(
        ranking=rows,
        regime=Regime.BULLISH,
        token_map=MAP,
        policy=policy,
        obstacle_by_token={},
        held=frozenset(t.address for t in held),
        volatility_ppm_by_token=volatility or {},
    )


def members(found):
    return {target.held_as.coin_id for target in found.targets}


def places(found):
    return {PLACE[coin] for coin in members(found)}


def reasons(found):
    return {coin.coin_id: coin.reason for coin in found.left_out}


def coin_at(place):
    return next(coin.coin_id for coin in ROWS.coins if coin.rank == place)


def token_at(place):
    return MAP.held_by_coin[coin_at(place)].token


def test_a_coin_in_the_buffer_stays_if_held_and_does_not_enter_if_not():
    rules = {"enter_place": 15, "leave_place": 25, "top_n": 20}

    assert max(places(wanted(**rules))) == 15
    found = wanted(held=(token_at(18), token_at(25), token_at(26)), **rules)
    assert {18, 25} == {p for p in places(found) if p > 15}
    assert "place 26 is beyond 25, where a coin that is held leaves" == reasons(found)[coin_at(26)]
    assert "place 17 is beyond 15, up to which a coin enters" == reasons(found)[coin_at(17)]


def test_a_range_of_ranks_begins_behind_the_largest():
    found = wanted(first_place=11, top_n=10)

    assert places(found) <= set(range(11, 21))
    assert not {coin for coin in reasons(found) if PLACE[coin] < 11}


def test_a_filled_range_counts_what_can_be_held():
    found = wanted(first_place=3, top_n=5, universe=Universe.FILL)

    assert len(members(found)) == 5
    assert "bitcoin" not in members(found)


def test_included_coins_are_in_wherever_they_rank_and_excluded_ones_never():
    far = coin_at(50)
    found = wanted(include=(far,), exclude=("bitcoin",))

    assert far in members(found)
    assert "bitcoin" not in members(found)
    assert "excluded by the settings (index.exclude)" == reasons(found)["bitcoin"]


def test_only_the_sectors_asked_for_are_in():
    sectors = {"ethereum": "smart contracts", "coin-005": "finance", "coin-007": "finance"}
    found = wanted(sectors=("finance",), sector_by_coin=sectors)

    assert {"coin-005", "coin-007"} == members(found)
    assert "of smart contracts, not of the sectors wanted: finance" == reasons(found)["ethereum"]


def test_caps_of_a_coin_and_of_a_sector_hold():
    small = {"coin-004", "coin-005", "coin-006", "coin-007"}
    found = wanted(
        sector_by_coin=dict.fromkeys(small, "finance"),
        cap_ppm_by_coin={"bitcoin": Ppm(300_000)},
        cap_ppm_by_sector={"finance": Ppm(40_000)},
    )

    weight = {t.held_as.coin_id: t.weight_ppm for t in found.targets}
    assert weight["bitcoin"] == 300_000
    assert sum(weight[coin] for coin in small) == 40_000
    assert sum(weight.values()) == 1_000_000


def test_equal_weights_differ_by_rounding_alone():
    weights = {t.weight_ppm for t in wanted(weighting=Weighting.EQUAL).targets}

    assert max(weights) - min(weights) <= 1


def test_a_coin_of_half_the_volatility_weighs_double():
    calm = {WETH.address: Ppm(400_000)}
    found = wanted(weighting=Weighting.VOLATILITY, volatility=calm)

    weight = {t.held_as.coin_id: t.weight_ppm for t in found.targets}
    assert abs(weight["ethereum"] - 2 * weight["bitcoin"]) <= 2


@pytest.mark.parametrize("universe", list(Universe))
@given(
    random=st.randoms(use_true_random=False),
    first=st.integers(1, 10),
    top_n=st.integers(1, 40),
    enter=st.none() | st.integers(1, 50),
    leave=st.none() | st.integers(1, 60),
    weighting=st.sampled_from(Weighting),
    held=st.sets(st.integers(3, COINS), max_size=20),
)
def test_weights_are_whole_and_rows_in_any_order_say_the_same(  # noqa: PLR0913, PLR0917
    universe, random, first, top_n, enter, leave, weighting, held
):
    rules = {
        "first_place": first,
        "top_n": top_n,
        "enter_place": enter,
        "leave_place": leave,
        "weighting": weighting,
        "universe": universe,
        "held": [coin_token(n) for n in held],
        "include": ("bitcoin",),
    }
    mixed = replace(ROWS, coins=tuple(random.sample(ROWS.coins, len(ROWS.coins))))

    found = wanted(**rules)

    assert found == wanted(rows=mixed, **rules)
    assert sum(t.weight_ppm for t in found.targets) == 1_000_000
    assert Decimal(min(t.weight_ppm for t in found.targets)) >= 0
