"""Why each coin is traded or not, in one sentence with numbers; and the methodology, which cannot drift."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent.bootstrap.methodology import methodology_of
from agent.domain.policy import Universe
from agent.domain.rules import BandRule, BudgetRules, DriftRules, IndexRules, TradeTo, Weighting
from agent.domain.signal import Regime
from agent.domain.units import Bps, Ppm
from agent.planning.explaining import Decided, Verdict, explained, trigger
from agent.planning.methodology import methodology
from agent.planning.planner import plan
from agent.settings import Settings
from tests.worlds import POLICY, USDC, WBTC, WETH, coin_token, with_policy, world

ROOT = Path(__file__).parent.parent.parent
COINS = 8
HELD = {WBTC: 600_000, WETH: 250_000, coin_token(3): 60_000, coin_token(4): 50_000, USDC: 9_000}


def reasons(inputs):
    made = plan(inputs, proposal_id="p")
    decided = Decided(basket=made.basket, orders=made.orders, skipped=made.skipped)
    return made, {reason.coin_id: reason for reason in explained(inputs, decided)}


def test_every_coin_has_one_reason_with_numbers():
    inputs = world(coins=COINS, usd_by_token=HELD)
    made, found = reasons(inputs)

    told = found["coin-004"]
    assert told.verdict is Verdict.SOLD
    assert told.sentence.startswith("$50,000.00 held, $")
    assert "since the drift is beyond its band of" in told.sentence
    assert found["bitcoin"].verdict is Verdict.BOUGHT
    assert found["tether"].verdict is Verdict.LEFT_OUT
    assert "a stablecoin; not an index member" in found["tether"].sentence
    assert {order.coin_id for order in made.orders if order.side != "convert"} <= found.keys()
    assert len(found) == len({reason.coin_id for reason in found.values()})


def test_what_is_kept_and_what_is_skipped_say_why():
    inputs = with_policy(
        world(coins=COINS, usd_by_token=HELD),
        drift=DriftRules(risk_aversion=Decimal("0.001"), mandate_bps=Bps(0)),
    )
    _, found = reasons(inputs)

    assert found["coin-004"].verdict is Verdict.SKIPPED
    assert "not worth its cost: closing it is worth" in found["coin-004"].sentence
    assert "within its drift band" in found["ethereum"].sentence or found["ethereum"].verdict in {
        Verdict.BOUGHT,
        Verdict.SOLD,
        Verdict.SKIPPED,
    }


def test_an_exit_says_that_the_stance_turned():
    inputs = world(coins=COINS, usd_by_token=HELD, regime=Regime.BEARISH)
    _, found = reasons(inputs)

    assert found["bitcoin"].verdict is Verdict.SOLD
    assert "none wanted: sold for $" in found["bitcoin"].sentence
    assert "since the stance is bearish: " in found["bitcoin"].sentence


@pytest.mark.parametrize(
    ("cycle_id", "words"),
    [
        ("index-2026-11-23T0000Z", "the schedule of index: cron 0 0 * * MON"),
        ("index-2026-11-23T000000Z-out", "bearish"),
        ("index-2026-11-23T000000Z-in", "bullish again"),
    ],
)
def test_a_cycle_says_what_began_it(cycle_id, words):
    assert words in trigger(cycle_id, portfolio="index", cron="0 0 * * MON")


def defaults():
    return Settings(
        portfolio={"vault": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"},
        chain={"rpc_url": "http://127.0.0.1:8545"},
        signals={"ranking": "ranking.json", "regime": "regime.json"},
        key={"keystore": "keystore.json", "password_file": "password"},
        log={"checkpoint_key": "checkpoint.pem"},
    )


def test_the_page_is_what_the_code_does():
    page = (ROOT / "docs" / "methodology.md").read_text()

    assert methodology_of(defaults()) == page, "write agent methodology's output into the page"


def test_every_rule_that_is_bent_changes_the_page():
    bent = [
        {"universe": Universe.FILL},
        {"top_n": 50},
        {"max_coin_weight_ppm": Ppm(250_000)},
        {"drift_band_ppm": Ppm(123)},
        {"min_notional_usd": Decimal(77)},
        {"index": IndexRules(leave_place=110)},
        {"index": IndexRules(include=("bitcoin",))},
        {"index": IndexRules(exclude=("ripple",))},
        {"index": IndexRules(sectors=("defi",))},
        {"index": IndexRules(weighting=Weighting.EQUAL)},
        {"index": IndexRules(cap_ppm_by_sector={"defi": Ppm(200_000)})},
        {"index": IndexRules(cap_ppm_by_coin={"bitcoin": Ppm(200_000)})},
        {"drift": DriftRules(band_rule=BandRule.NO_TRADE, risk_aversion=Decimal(10))},
        {"drift": DriftRules(trade_to=TradeTo.EDGE)},
        {"drift": DriftRules(trades_constituents=True)},
        {"drift": DriftRules(risk_aversion=Decimal(3))},
        {"drift": DriftRules(trend_band_ppm=Ppm(2_000_000))},
        {"drift": DriftRules(trend_rest_days=14)},
        {"drift": DriftRules(runner_ppm=Ppm(500_000))},
        {"drift": DriftRules(cash_reserve_usd=Decimal(5_000))},
        {"budget": BudgetRules(week_turnover_ppm=Ppm(100_000))},
        {"budget": BudgetRules(year_turnover_ppm=Ppm(100_000))},
        {"budget": BudgetRules(week_cost_bps=Bps(10))},
        {"budget": BudgetRules(year_cost_bps=Bps(10))},
        {"max_slippage_bps": Bps(33)},
    ]
    pages = {
        methodology(replace(POLICY, **rule), cron="0 0 * * MON", notice_hours=12)
        for rule in ({}, *bent)
    }

    assert len(bent) + 1 == len(pages)
