"""Baskets: who is in, who is left out and why, and weights that sum."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.policy import Universe
from agent.domain.signal import Regime
from agent.domain.token import Form, HeldAs
from agent.errors import InfeasibleTargetError
from agent.planning.targets import basket
from tests import worlds
from tests.worlds import POLICY, USDC, USDT, WBTC, WETH, coin_token


def made(ranking=None, regime=Regime.BULLISH, token_map=None, obstacles=None, coins=12, **policy):
    return basket(
        ranking=ranking or worlds.ranking(coins),
        regime=regime,
        token_map=token_map or worlds.token_map(coins),
        policy=replace(POLICY, **policy),
        obstacle_by_token=obstacles or {},
    )


def members(wanted):
    return [target.held_as.coin_id for target in wanted.targets]


def reasons(wanted):
    return {out.coin_id: out.reason for out in wanted.left_out}


def test_strict_takes_what_can_be_held_of_the_first_ranks():
    wanted = made(top_n=6)

    assert ["bitcoin", "ethereum", "coin-003", "coin-004", "coin-005"] == members(wanted)
    assert {"tether": "a stablecoin; not an index member"} == reasons(wanted)


def test_fill_takes_the_first_coins_that_can_be_held():
    wanted = made(top_n=6, universe=Universe.FILL)

    assert members(wanted)[-2:] == ["coin-005", "coin-006"]
    assert len(wanted.targets) == 6
    assert wanted.notes == ()


def test_fill_with_too_few_coins_takes_what_there_is_and_says_so():
    wanted = made(top_n=100, universe=Universe.FILL)

    assert len(wanted.targets) == 12
    assert wanted.notes[0].startswith("12 of the 100 coins wanted: no more of the 15 ranked")


def test_weights_follow_market_caps_and_keep_rank_order():
    wanted = made(top_n=6)
    caps = {c.coin_id: c.market_cap_usd for c in worlds.ranking(12).coins}
    whole = sum(caps[coin] for coin in members(wanted))

    assert sum(target.weight_ppm for target in wanted.targets) == 1_000_000
    for target in wanted.targets:
        exact = caps[target.held_as.coin_id] * 1_000_000 / whole
        assert abs(target.weight_ppm - exact) < 1


def test_shares_left_out_and_covered_make_a_whole():
    wanted = made(top_n=8)

    assert wanted.covered_ppm + sum(out.share_ppm for out in wanted.left_out) == 1_000_000


def test_a_coin_beyond_the_top_is_measured_by_the_same_whole():
    ranking = worlds.ranking(12)
    last = next(coin for coin in ranking.coins if coin.coin_id == "coin-012")
    token_map = worlds.token_map(12)
    held = {c: h for c, h in token_map.held_by_coin.items() if c not in {"coin-005", last.coin_id}}

    wanted = made(
        ranking, token_map=replace(token_map, held_by_coin=held), top_n=11, universe=Universe.FILL
    )

    out = next(o for o in wanted.left_out if o.coin_id == last.coin_id)
    whole = sum(coin.market_cap_usd for coin in ranking.coins[:11])
    assert out.share_ppm == int(last.market_cap_usd * 1_000_000 / whole)
    assert out.reason == "not in the token map of this chain"


def test_two_coins_never_share_a_token():
    token_map = worlds.token_map(12)
    twin = HeldAs(coin_id="coin-004", token=WBTC, form=Form.WRAPPED)
    held = {**token_map.held_by_coin, "coin-004": twin}

    wanted = made(token_map=replace(token_map, held_by_coin=held), top_n=6)

    assert "coin-004" not in members(wanted)
    assert reasons(wanted)["coin-004"] == "held as WBTC like bitcoin, which is in already"


def test_a_token_with_an_obstacle_is_left_out_and_the_rest_reweighted():
    blocked = coin_token(3).address

    wanted = made(obstacles={blocked: "no allowlisted pool trades it against a hub"}, top_n=6)

    assert "coin-003" not in members(wanted)
    assert reasons(wanted)["coin-003"] == "no allowlisted pool trades it against a hub"
    assert sum(target.weight_ppm for target in wanted.targets) == 1_000_000


def test_fill_replaces_a_coin_with_an_obstacle():
    blocked = coin_token(3).address

    wanted = made(obstacles={blocked: "dry"}, top_n=6, universe=Universe.FILL)

    assert members(wanted)[-1] == "coin-007"


def test_the_cap_bounds_every_weight():
    wanted = made(top_n=6, max_coin_weight_ppm=250_000)

    assert max(target.weight_ppm for target in wanted.targets) == 250_000


def test_a_cap_that_cannot_be_met_is_refused_with_the_least_that_can():
    with pytest.raises(InfeasibleTargetError, match="raise it to 200000 at least"):
        made(top_n=6, max_coin_weight_ppm=199_999)


def test_a_coin_without_market_cap_is_left_out():
    ranking = worlds.ranking(12)
    coins = tuple(
        replace(c, market_cap_usd=Decimal(0)) if c.coin_id == "coin-005" else c
        for c in ranking.coins
    )

    assert reasons(made(replace(ranking, coins=coins)))["coin-005"] == (
        "the ranking gives it no market cap"
    )


def test_a_ranking_of_which_nothing_can_be_held_is_refused():
    token_map = replace(worlds.token_map(12), held_by_coin={})

    with pytest.raises(InfeasibleTargetError, match="none of 15 ranked coins can be held"):
        made(token_map=token_map)


def test_bearish_wants_the_policys_stablecoins():
    wanted = made(regime=Regime.BEARISH)

    assert {"usd-coin": 500_000, "tether": 500_000} == {
        target.held_as.coin_id: target.weight_ppm for target in wanted.targets
    }
    assert {USDC, USDT} == {target.held_as.token for target in wanted.targets}
    assert (wanted.left_out, wanted.covered_ppm) == ((), 0)


def test_bearish_leaves_out_a_stablecoin_with_an_obstacle():
    wanted = made(regime=Regime.BEARISH, obstacles={USDT.address: "its feed is stale"})

    assert [1_000_000] == [target.weight_ppm for target in wanted.targets]
    assert {"tether": "its feed is stale"} == reasons(wanted)
    assert wanted.notes == ("USDT is left out of the stablecoins: its feed is stale",)


def test_bearish_with_no_stablecoin_left_is_refused():
    blocked = {USDT.address: "stale", USDC.address: "stale"}

    with pytest.raises(InfeasibleTargetError, match="allowlist a pool against a hub"):
        made(regime=Regime.BEARISH, obstacles=blocked)


def test_an_unknown_stablecoin_is_refused_with_the_known_ones():
    with pytest.raises(InfeasibleTargetError, match="name one of dai, tether, usd-coin"):
        made(regime=Regime.BEARISH, stablecoin_weight_by_coin={"usd-con": 1_000_000})


@given(st.randoms(), st.sampled_from(Universe), st.integers(min_value=1, max_value=20))
def test_the_order_of_the_rows_changes_nothing(random, universe, top_n):
    ranking = worlds.ranking(12)
    rows = list(ranking.coins)
    random.shuffle(rows)

    shuffled = made(replace(ranking, coins=tuple(rows)), universe=universe, top_n=top_n)

    assert made(ranking, universe=universe, top_n=top_n) == shuffled


def test_ether_is_held_wrapped():
    target = next(t for t in made().targets if t.held_as.coin_id == "ethereum")

    assert target.held_as.token == WETH
