"""Circuit breakers: when each trips, with which numbers, and what that leads to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.daemon.observing import BREAKER, Breakers
from agent.domain.breakers import BreakerRules, Observed, returns, tripped
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from tests.unit.test_deciding import Desk
from tests.worlds import USDC, WETH, feeds

START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFF = BreakerRules(
    max_drawdown_ppm=Ppm(0),
    max_volatility_ppm=Ppm(0),
    volatility_window_s=7 * 86_400,
    max_oracle_failures=0,
    max_depegs=0,
)


def look(hour, price=100, *, amount=1, failure="", off_peg=()):
    """Return a look at `amount` of one token at a price."""
    return Observed(
        at=START + hour * HOUR,
        worth_usd_by_token={} if failure else {"0xA": Decimal(str(price)) * amount},
        usd_by_token={} if failure else {"0xA": Decimal(str(price))},
        failure=failure,
        off_peg=off_peg,
    )


def way(*prices):
    return [look(hour, price) for hour, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("prices", "is_tripped"),
    [((100, 120, 108), False), ((100, 120, 107), True), ((100, 95, 91), False), ((100,), False)],
)
def test_a_drawdown_is_from_the_highest_since_the_portfolio_is_in(prices, is_tripped):
    rules = replace(OFF, max_drawdown_ppm=Ppm(100_000))

    assert is_tripped is (tripped(way(*prices), rules) is not None)


def test_a_drawdown_has_its_numbers():
    rules = replace(OFF, max_drawdown_ppm=Ppm(100_000))

    assert (
        tripped(way(100, 80), rules) == "200000 ppm below its highest, max_drawdown_ppm is 100000"
    )


def test_a_withdrawal_is_no_loss_and_a_contribution_no_gain():
    seen = [look(0, amount=10), look(1, amount=2), look(2, amount=50)]

    assert [0, 0] == [change for _, change, _ in returns(seen)]


def test_a_volatility_needs_enough_looks():
    rules = replace(OFF, max_volatility_ppm=Ppm(1_000_000))
    wild = [100, 110] * 7

    assert tripped(way(*wild[:12]), rules) is None
    assert "a volatility of" in tripped(way(*wild), rules)
    assert tripped(way(*[100, 100.1] * 7), rules) is None


def test_a_volatility_looks_at_its_window_alone():
    rules = replace(OFF, max_volatility_ppm=Ppm(1_000_000), volatility_window_s=20 * 3_600)
    calm_since = way(*[100, 120] * 10, *[100] * 30)

    assert tripped(calm_since, rules) is None


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(["x", "x"], None), (["x", "x", "x"], "3 times in a row: x"), (["x", "", "x"], None)],
)
def test_an_oracle_that_fails_often_enough_in_a_row_trips(failures, expected):
    rules = replace(OFF, max_oracle_failures=3)
    found = tripped([look(n, failure=why) for n, why in enumerate(failures)], rules)

    assert (found is None) if expected is None else (expected in found)


def test_a_depeg_that_lasts_trips():
    rules = replace(OFF, max_depegs=2)
    off = [look(0), look(1, off_peg=("USDT",)), look(2, off_peg=("USDT",))]

    assert tripped(off[:2], rules) is None
    assert tripped(off, rules) == "USDT off the peg 2 times in a row"


@settings(max_examples=100, deadline=None)
@given(prices=st.lists(st.integers(1, 10**6), max_size=40))
def test_nothing_trips_where_all_is_switched_off(prices):
    assert tripped(way(*prices), OFF) is None


@settings(max_examples=100, deadline=None)
@given(prices=st.lists(st.integers(1, 10**6), min_size=2, max_size=40))
def test_a_drawdown_trips_just_when_the_price_says_so(prices):
    rules = replace(OFF, max_drawdown_ppm=Ppm(300_000))
    fallen = 1 - Decimal(prices[-1]) / max(prices)

    found = tripped(way(*prices), rules)

    if abs(fallen - Decimal("0.3")) > Decimal("0.00001"):
        assert (found is not None) is (fallen > Decimal("0.3"))


class Look:
    """Breakers over fakes; the portfolio is in."""

    def __init__(self, **rules):
        self.desk = Desk()
        self.desk.clock.time = START
        self.command(Regime.BULLISH)
        self.breakers = Breakers(
            sources=self.desk.deciding.sources,
            ledger=self.desk.ledger,
            book=self.desk.book,
            rules=replace(OFF, **rules),
            every=HOUR,
        )

    def command(self, stance):
        commanded = RegimeCommanded(
            stance=stance, by="op", reason="test", at=self.desk.clock.time, max_reentries=9
        )
        self.desk.ledger.append(commanded, cycle_id=BETWEEN_CYCLES)

    def look(self, passed=HOUR):
        self.desk.clock.time += passed
        self.breakers.look(self.desk.clock.time)

    @property
    def seen(self):
        return self.desk.bodies(RecordKind.OBSERVED)

    def without_feeds(self):
        position = self.desk.chain.position
        self.desk.chain.position = replace(position, feeds=())


def test_a_look_has_worth_and_prices_of_what_is_held():
    look_ = Look(max_drawdown_ppm=Ppm(1))

    look_.look()

    (seen,) = look_.seen
    assert seen["failure"] == ""
    assert seen["usd_by_token"].keys() == seen["worth_usd_by_token"].keys()
    assert {WETH.address, USDC.address} & seen["usd_by_token"].keys()


def test_looks_are_as_far_apart_as_asked():
    look_ = Look(max_drawdown_ppm=Ppm(1))

    for _ in range(4):
        look_.look(HOUR / 2)

    assert len(look_.seen) == 2


def test_nothing_is_looked_at_where_no_breaker_is_set_or_the_portfolio_is_out():
    idle, out = Look(), Look(max_depegs=1)
    out.command(Regime.BEARISH)

    idle.look()
    out.look()

    assert (idle.seen, out.seen) == ([], [])


def test_a_breaker_leads_out_and_holds_it_there():
    look_ = Look(max_oracle_failures=2)
    look_.without_feeds()

    look_.look()
    before = look_.desk.book.state().stance
    look_.look()

    state = look_.desk.book.state()
    assert (Regime.BULLISH, Regime.BEARISH) == (before, state.stance)
    assert state.held_by.startswith(f"{BREAKER}: nothing could be valued 2 times in a row")


def test_a_depeg_is_seen():
    look_ = Look(max_depegs=1)
    position = look_.desk.chain.position
    look_.desk.chain.position = replace(position, feeds=feeds({"tether": Decimal("0.9")}))

    look_.look()

    assert look_.seen[0]["off_peg"] == ["USDT"]
    assert "USDT off the peg" in look_.desk.book.state().why
