"""Coverage: what of the list is held, in what form, and what the rest implies."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.domain.canonical import from_json, to_json
from agent.domain.coverage import NO_COVERAGE, Coverage, Holds
from agent.domain.signal import Regime
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM
from agent.planning.coverage import coverage, tracking_error_ppm
from agent.planning.drafting import draft
from agent.planning.normal import normalised
from agent.planning.proposing import propose
from tests.worlds import with_policy, world

AT = datetime(2026, 11, 23, tzinfo=UTC)


def covered(**bends):
    inputs = normalised(world(coins=15, **bends))
    return coverage(inputs, draft(inputs).basket)


def test_every_coin_of_the_list_is_held_or_has_a_reason():
    found = covered()

    assert len(found.coins) == 18
    assert all(bool(coin.token) is not bool(coin.reason) for coin in found.coins)
    assert {"tether", "usd-coin", "dai"} == {
        coin.coin_id for coin in found.coins if coin.holds is Holds.NOT
    }
    assert {"bitcoin", "ethereum"} == {
        coin.coin_id for coin in found.coins if coin.holds is Holds.WRAPPED
    }


def test_shares_and_weights_each_make_a_whole():
    found = covered()

    assert ONE_HUNDRED_PERCENT_PPM == sum(coin.share_ppm for coin in found.coins)
    assert ONE_HUNDRED_PERCENT_PPM == sum(coin.weight_ppm for coin in found.coins)
    assert ONE_HUNDRED_PERCENT_PPM == found.native_ppm + found.wrapped_ppm + found.missing_ppm


def test_what_is_not_held_is_redistributed():
    found = covered()

    assert found.missing_ppm == found.redistributed_ppm > 0
    assert found.tracking_error_ppm > 0


@pytest.mark.parametrize(
    ("active", "expected"), [([], 0), ([0, 0], 0), ([100_000, -100_000], 84_852)]
)
def test_the_tracking_error_is_own_risk_times_what_weights_are_off(active, expected):
    assert expected == tracking_error_ppm(active)


def test_a_portfolio_that_is_out_covers_nothing():
    assert covered(regime=Regime.BEARISH) == NO_COVERAGE


def test_a_proposal_carries_its_coverage():
    inputs = with_policy(world(coins=15), top_n=10)

    made = propose(inputs, executes_at=AT)

    assert [coin.rank for coin in made.coverage.coins] == list(range(1, 11))
    assert made.coverage == from_json(Coverage, to_json(made.coverage))


def test_the_order_of_rows_changes_nothing():
    inputs = world(coins=15)
    turned = replace(
        inputs, ranking=replace(inputs.ranking, coins=tuple(reversed(inputs.ranking.coins)))
    )

    assert propose(inputs, executes_at=AT).coverage == propose(turned, executes_at=AT).coverage
