"""What is due, what is left alone and why, and what pays for it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.portfolio import Basket, Holding, Portfolio, Price, Target
from agent.domain.token import Form, HeldAs
from agent.domain.units import Ppm
from agent.planning.funding import balanced
from agent.planning.pricing import Market
from agent.planning.rebalance import RESTING, wants
from agent.planning.standing import UNRANKED, band_ppm, idle_band_ppm, standing
from tests.worlds import POLICY, USDC, USDT, VAULT, WETH, coin_token

A, B, C = coin_token(3), coin_token(4), coin_token(5)
HUBS = (WETH, USDC, USDT)
COINS = {A: "a", B: "b", C: "c", WETH: "ethereum", USDC: "usd-coin", USDT: "tether"}
EVEN = replace(
    POLICY,
    drift_band_ppm=Ppm(10_000),
    drift_band_of_target_ppm=Ppm(100_000),
    min_notional_usd=Decimal(50),
)


def dollars(usd, token):
    """Return base units worth `usd` dollars: every token of this module is priced at one dollar."""
    return int(Decimal(usd).scaleb(token.decimals))


def stood(held, weights, *, policy=EVEN, doubted=(), unpriced=()):
    """Return standing and market of dollars held and ppm wanted, by token."""
    market = Market(
        price_by_token={
            t.address: Price(usd=Decimal(1), source="test") for t in COINS if t not in unpriced
        },
        obstacle_by_token={t.address: "dry" for t in unpriced},
        doubt_by_token={t.address: "two sources disagree" for t in doubted},
    )
    basket = Basket(
        targets=tuple(
            Target(
                held_as=HeldAs(coin_id=COINS[t], token=t, form=Form.NATIVE),
                rank=rank,
                weight_ppm=Ppm(weight),
            )
            for rank, (t, weight) in enumerate(weights.items(), start=1)
        ),
        left_out=(),
        covered_ppm=Ppm(0),
        notes=(),
    )
    holdings = tuple(Holding(token=t, amount=dollars(usd, t)) for t, usd in held.items())
    stands = standing(
        portfolio=Portfolio(account=VAULT, holdings=holdings),
        basket=basket,
        market=market,
        policy=policy,
        coin_by_token={t.address: coin for t, coin in COINS.items()},
        native=WETH,
    )
    return stands, market


def asked(  # noqa: PLR0913 - each keyword bends one thing
    held, weights, *, policy=EVEN, doubted=(), resting=(), fund=False
):
    stands, market = stood(held, weights, policy=policy, doubted=doubted)
    found = wants(stands, hubs=HUBS, market=market, policy=policy, resting=resting)
    return balanced(found, stands, market=market, policy=policy) if fund else found


def sides(found):
    return {
        **{w.stand.coin_id: f"-{w.notional_usd.normalize():f}" for w in found.sells},
        **{w.stand.coin_id: f"+{w.notional_usd.normalize():f}" for w in found.buys},
    }


def aim(found, hub):
    return next(a for a in found.aims if a.hub == hub)


@pytest.mark.parametrize(
    ("held", "weights", "orders"),
    [
        # Out of the absolute band (1 % of 10,000) and of the band of the target (10 %): to the target.
        ({A: 6_000, B: 4_000}, {A: 500_000, B: 500_000}, {"a": "-1000", "b": "+1000"}),
        # 4 % off is within 10 % of a 50 % target.
        ({A: 5_400, B: 4_600}, {A: 500_000, B: 500_000}, {}),
        # A target of 2 % has an absolute band of 1 %: 0.9 % is within, 1.1 % is not.
        ({A: 290, B: 9_710}, {A: 20_000, B: 980_000}, {}),
        ({A: 310, B: 9_690}, {A: 20_000, B: 980_000}, {"a": "-110"}),
        # What is not wanted goes, whatever the band, all of it.
        ({A: 60, B: 9_940}, {B: 1_000_000}, {"a": "-60"}),
        # Unless it is dust.
        ({A: 49, B: 9_951}, {B: 1_000_000}, {}),
        # Nothing is held: nothing is worth anything, nothing is due.
        ({}, {A: 500_000, B: 500_000}, {}),
    ],
)
def test_what_is_due(held, weights, orders):
    assert orders == sides(asked(held, weights))


def test_the_band_is_the_larger_of_both():
    policy = replace(EVEN, drift_band_ppm=Ppm(500), drift_band_of_target_ppm=Ppm(100_000))

    assert band_ppm(Ppm(4_999), policy) == 500
    assert band_ppm(Ppm(600_000), policy) == 60_000


def test_a_drift_of_exactly_the_band_is_left_alone():
    held, weights = {A: 5_500, B: 4_500}, {A: 500_000, B: 500_000}

    assert sides(asked(held, weights)) == {}
    assert sides(asked({A: 5_501, B: 4_499}, weights)) == {"a": "-501", "b": "+501"}


def test_a_drift_below_the_minimum_notional_is_left_alone_with_the_reason():
    policy = replace(EVEN, min_notional_usd=Decimal(1_500))
    found = asked({A: 6_000, B: 4_000}, {A: 500_000, B: 500_000}, policy=policy)

    assert sides(found) == {}
    assert found.reason_by_token[A] == "1000.00 USD is below min_notional_usd (1500)"


def test_reasons_say_which_band_held_a_drift_back():
    found = asked({A: 5_400, B: 4_600}, {A: 500_000, B: 500_000})

    assert found.reason_by_token[A] == "within its drift band of 50000 ppm"


def test_a_coin_in_doubt_is_not_traded_but_counted():
    found = asked({A: 6_000, B: 4_000}, {A: 500_000, B: 500_000}, doubted=[A])

    assert sides(found) == {"b": "+1000"}
    assert found.reason_by_token[A] == "two sources disagree"


def test_what_has_no_price_counts_for_nothing():
    stands, _ = stood({A: 6_000, B: 4_000}, {B: 1_000_000}, unpriced=[A])

    assert stands.total_usd == 4_000
    assert [stand.coin_id for stand in stands.stands] == ["b"]


def test_a_sale_of_what_is_not_wanted_takes_every_base_unit():
    (sale,) = asked({A: Decimal("60.000000000000000001"), B: 9_940}, {B: 1_000_000}).sells

    assert sale.amount == 60 * 10**18 + 1
    assert sale.stand.rank == UNRANKED


def test_stable_hubs_are_cash_and_ether_is_a_member():
    found = asked({WETH: 2_000, USDC: 3_000, A: 5_000}, {WETH: 500_000, A: 500_000})

    assert (aim(found, USDC).keep, aim(found, USDC).more_usd) == (0, 0)
    assert aim(found, USDC).rests
    assert aim(found, WETH).keep == dollars(2_000, WETH)
    assert aim(found, WETH).more_usd == 3_000
    assert not aim(found, WETH).rests


def test_too_much_ether_pays_for_others():
    found = asked({WETH: 8_000, A: 2_000}, {WETH: 500_000, A: 500_000})

    assert aim(found, WETH).keep == dollars(5_000, WETH)
    assert sides(found) == {"a": "+3000"}


def test_ether_that_is_not_wanted_is_not_kept():
    found = asked({WETH: 5_000, A: 5_000}, {A: 1_000_000})

    assert (aim(found, WETH).keep, aim(found, WETH).more_usd) == (0, 0)


def test_ether_in_doubt_stays_as_it_is():
    found = asked({WETH: 8_000, A: 2_000}, {WETH: 500_000, A: 500_000}, doubted=[WETH])

    assert aim(found, WETH).keep == dollars(8_000, WETH)
    assert aim(found, WETH).more_usd == 0


def test_stablecoins_rest_while_nothing_else_must_go():
    weights = {USDC: 500_000, USDT: 500_000}
    resting = [USDC.address, USDT.address]

    found = asked({USDC: 9_000, USDT: 1_000}, weights, resting=resting)

    assert found.reason_by_token == {USDC: RESTING, USDT: RESTING}
    assert aim(found, USDC).keep == dollars(9_000, USDC)
    assert aim(found, USDT).more_usd == 0


def test_stablecoins_are_filled_when_something_else_goes():
    weights = {USDC: 500_000, USDT: 500_000}
    resting = [USDC.address, USDT.address]

    found = asked({USDC: 4_000, A: 6_000}, weights, resting=resting)

    assert sides(found) == {"a": "-6000"}
    assert aim(found, USDC).more_usd == 1_000
    assert aim(found, USDT).more_usd == 5_000


# -- Balancing. A slippage of 50 bps: sells bring 99.5 %, and 1 % of the portfolio may lie idle.


def test_what_is_due_and_paid_for_needs_no_balance():
    held, weights = {A: 6_000, B: 4_000, USDC: 10}, {A: 500_000, B: 500_000}

    assert sides(asked(held, weights)) == sides(asked(held, weights, fund=True))


def test_a_missing_coin_is_paid_for_by_drifts_within_their_bands():
    held, weights = {A: 5_150, B: 4_850}, {A: 475_000, B: 475_000, C: 50_000}

    found = asked(held, weights, fund=True)

    assert sides(asked(held, weights)) == {"c": "+500"}
    assert sides(found) == {"a": "-400", "b": "-100", "c": "+500"}


def test_the_largest_drift_pays_first_and_only_down_to_its_target():
    held, weights = {A: 4_900, B: 5_100}, {A: 480_000, B: 480_000, C: 40_000}

    found = asked(held, weights, fund=True)

    first, second = found.sells
    assert (first.stand.coin_id, first.notional_usd) == ("b", 300)
    assert (second.stand.coin_id, second.notional_usd) == ("a", 100)


def test_ether_within_its_band_pays_out_of_the_hub():
    held, weights = {WETH: 5_050, A: 4_550, USDC: 400}, {WETH: 475_000, A: 455_000, C: 70_000}

    found = asked(held, weights, fund=True)

    # 700 are to be bought, 400 are there: 300 of the 300 too much are released.
    assert found.sells == ()
    assert aim(found, WETH).keep == dollars(4_750, WETH)


def test_no_more_ether_is_released_than_is_short():
    held, weights = {WETH: 5_150, A: 4_350, USDC: 500}, {WETH: 475_000, A: 455_000, C: 70_000}

    found = asked(held, weights, fund=True)

    assert aim(found, WETH).keep == dollars(4_950, WETH)


def test_idle_cash_buys_the_coins_that_are_furthest_below_their_targets():
    held, weights = {A: 4_600, B: 4_900, USDC: 500}, {A: 500_000, B: 500_000}

    found = asked(held, weights, fund=True)

    assert sides(asked(held, weights)) == {}
    assert sides(found) == {"a": "+400", "b": "+100"}


def test_idle_cash_within_what_floors_leave_is_left():
    held, weights = {A: 4_950, B: 4_950, USDC: 100}, {A: 500_000, B: 500_000}

    assert idle_band_ppm(EVEN) == 10_000
    assert sides(asked(held, weights, fund=True)) == {}


def test_idle_cash_buys_ether_as_a_member():
    held, weights = {WETH: 4_600, A: 4_900, USDC: 500}, {WETH: 500_000, A: 500_000}

    found = asked(held, weights, fund=True)

    assert aim(found, WETH).more_usd == 400
    assert sides(found) == {"a": "+100"}


def test_a_coin_in_doubt_neither_pays_nor_is_bought():
    held, weights = {A: 5_250, B: 4_750}, {A: 475_000, B: 475_000, C: 50_000}

    found = asked(held, weights, doubted=[A], fund=True)

    assert sides(found) == {"c": "+500"}
