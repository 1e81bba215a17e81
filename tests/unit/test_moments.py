"""When within its window a cycle is carried out: cheap hours, deep pools, chance, blackouts, the deadline."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agent.daemon.gather import Sources
from agent.daemon.timing import SAMPLES, Timing, heights
from agent.domain.signal import Regime
from agent.domain.units import Ppm
from agent.domain.window import FeeSample, Seen, WindowRules
from agent.errors import RpcUnavailableError
from agent.planning.moments import depth_ppm, hour_of_week, moment
from agent.planning.proposing import propose
from tests.fakes import START, FakeChain, FakeRankings, FakeRegimes, FakeVenue, StillClock
from tests.worlds import (
    AGENT,
    POLICY,
    QUARANTINE,
    REGIME_RULES,
    USDC,
    WETH,
    coin_token,
    v2_pool,
    with_pools,
    world,
)

GWEI = 10**9
RULES = WindowRules(
    length=timedelta(hours=8),
    jitter=timedelta(0),
    fee_percentile_ppm=Ppm(250_000),
    min_depth_ppm=Ppm(0),
    blackout_hours=frozenset(),
)
# Four weeks in which night is cheap (1 gwei until 06:00) and day is dear (10 gwei).
PROFILE = tuple(
    FeeSample(at=at, base_fee_per_gas=GWEI if at.hour < 6 else 10 * GWEI)
    for at in (START - timedelta(hours=n) for n in range(1, 4 * 168))
)


def judged(  # noqa: PLR0913 - each keyword bends one thing
    after, *, gwei="1", rules=RULES, depth=None, profile=PROFILE, proposal_id="ab" * 32
):
    seen = Seen(now=START + after, base_fee_per_gas=int(Decimal(gwei) * GWEI), depth_ppm=depth)
    return moment(rules, opens_at=START, proposal_id=proposal_id, seen=seen, profile=profile)


def test_a_fee_among_the_cheapest_of_the_hours_to_come_is_taken():
    assert judged(timedelta(0), gwei="1").is_now
    assert not judged(timedelta(0), gwei="1.1").is_now


def test_with_the_time_that_passes_more_will_do():
    dear = [judged(timedelta(hours=h), gwei="10").is_now for h in range(9)]

    assert not dear[0]
    assert dear[-1]
    assert dear == sorted(dear)


def test_the_hours_to_come_count_not_those_of_the_day():
    noon = timedelta(hours=12)
    window = replace(RULES, length=timedelta(hours=20))

    assert judged(noon, gwei="10", rules=window).is_now
    assert not judged(timedelta(0), gwei="10", rules=window).is_now


def test_without_a_profile_nothing_is_waited_for():
    assert judged(timedelta(0), gwei="500", profile=()).is_now


def test_shallow_pools_are_waited_out():
    rules = replace(RULES, min_depth_ppm=Ppm(800_000))

    shallow = judged(timedelta(0), rules=rules, depth=Ppm(700_000))
    assert not shallow.is_now
    assert "pools are 700000 ppm as deep as proposed" in shallow.why
    assert judged(timedelta(0), rules=rules, depth=Ppm(800_000)).is_now


def test_chance_comes_from_the_proposal_and_stays_within_its_bound():
    rules = replace(RULES, jitter=timedelta(hours=1))
    begins = {
        next(
            m
            for m in range(61)
            if judged(timedelta(minutes=m), rules=rules, proposal_id=f"{n:064x}"[::-1]).is_now
        )
        for n in range(1, 30)
    }

    assert len(begins) > 5
    assert max(begins) <= 60


@given(
    st.sets(st.integers(0, 23), max_size=23),
    st.integers(0, 8 * 60),
    st.integers(1, 400),
    st.none() | st.integers(0, 1_000_000),
)
def test_no_blackout_before_the_deadline_and_always_at_it(blackout, minutes, gwei, depth):
    rules = replace(RULES, blackout_hours=frozenset(blackout), min_depth_ppm=Ppm(500_000))
    now = START + timedelta(minutes=minutes)
    found = judged(timedelta(minutes=minutes), gwei=str(gwei), rules=rules, depth=depth)

    if now >= START + RULES.length:
        assert found.is_now
    elif now.hour in blackout:
        assert not found.is_now


def test_the_week_begins_on_monday():
    assert hour_of_week(START) == 0
    assert hour_of_week(START - timedelta(hours=1)) == 167


def pooled(*depths):
    pools = [
        v2_pool(900 + n, coin_token(3 + n), Decimal(1), WETH, Decimal(3000), depth_usd=depth)
        for n, depth in enumerate(depths)
    ]
    return with_pools(world(coins=6, states=pools, usd_by_token={USDC: 1}), pools)


def test_depth_is_the_mean_of_what_pools_have_against_before():
    then = pooled(1_000_000, 2_000_000)

    assert depth_ppm(then, then) == 1_000_000
    assert abs(depth_ppm(pooled(500_000, 2_000_000), then) - 750_000) <= 2
    assert depth_ppm(then, pooled()) is None


class FakeFees:
    def __init__(self, *, is_down=False):
        self.asked, self.is_down = [], is_down

    def fetch_base_fees(self, wanted):
        if self.is_down:
            raise RpcUnavailableError(endpoint="node", reason="down")
        self.asked.append(wanted)
        return PROFILE


def timing(fees, *, clock, rules=RULES):
    inputs = world(coins=6, usd_by_token={USDC: 100_000})
    sources = Sources(
        clock=clock,
        rankings=FakeRankings(inputs.ranking),
        regimes=FakeRegimes(inputs.regime),
        chain=FakeChain(account=AGENT, position=inputs.position),
        venue=FakeVenue(inputs.pools),
        token_map=inputs.token_map,
        chain_book=inputs.chain_book,
        policy=POLICY,
        max_gap_s=0,
        regime_rules=REGIME_RULES,
        quarantine=QUARANTINE,
    )
    return Timing(rules=rules, sources=sources, fees=fees), inputs


def test_the_profile_is_learned_once_for_a_proposal():
    fees, clock = FakeFees(), StillClock()
    picks, inputs = timing(fees, clock=clock, rules=replace(RULES, blackout_hours=frozenset({0})))
    proposal = propose(inputs, executes_at=clock.now())

    first = picks.is_now(proposal, "ab" * 32, lambda: inputs)
    clock.sleep(600)
    second = picks.is_now(proposal, "ab" * 32, lambda: inputs)

    assert (first, second, len(fees.asked)) == (False, False, 1)
    clock.sleep(3_600)
    assert picks.is_now(proposal, "ab" * 32, lambda: inputs)


def test_a_node_that_is_down_puts_it_off_until_the_deadline():
    clock = StillClock()
    picks, inputs = timing(FakeFees(is_down=True), clock=clock)
    proposal = propose(inputs, executes_at=clock.now())

    assert not picks.is_now(proposal, "ab" * 32, lambda: inputs)
    clock.sleep(8 * 3_600)
    assert picks.is_now(proposal, "ab" * 32, lambda: inputs)


def test_an_exit_waits_for_no_moment():
    clock = StillClock()
    picks, inputs = timing(FakeFees(is_down=True), clock=clock)
    proposal = replace(propose(inputs, executes_at=clock.now()), regime=Regime.BEARISH)

    assert picks.is_now(proposal, "ab" * 32, lambda: inputs)


def test_it_learns_from_four_weeks_as_far_as_there_are_any():
    head = FakeChain(account=AGENT).block(100)

    assert heights(head) == ()
    assert len(heights(replace(head, number=25_000_000))) == SAMPLES
