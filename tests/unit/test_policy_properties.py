"""What holds whatever the portfolio: targets are reached, round trips lose only costs, contributions buy."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.domain.canonical import content_id
from agent.domain.order import Side
from agent.domain.regime import Stance
from agent.domain.rules import DriftRules
from agent.domain.signal import Regime
from agent.domain.units import Bps, Ppm
from agent.planning.planner import plan
from agent.planning.proposing import propose, within_bounds
from tests.worlds import (
    ETH_USD,
    USDC,
    USDT,
    WBTC,
    WETH,
    coin_price,
    coin_token,
    outcome,
    v3_pool,
    with_holdings,
    with_policy,
    world,
)

COINS = 6
TOKENS = (WBTC, WETH, *(coin_token(n) for n in range(3, COINS + 1)))
few = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
HOLDINGS = st.lists(st.integers(0, 300_000), min_size=COINS, max_size=COINS)


def free_pools():
    """Return pools without fee and so deep that no order moves them."""
    deep = {"depth_usd": 10**13, "fee_pips": 100, "positions": 2}
    price = {WBTC: Decimal(90_000), **{coin_token(n): coin_price(n) for n in range(3, COINS + 1)}}
    found = [
        v3_pool(10 * n, coin, usd, WETH, ETH_USD, **deep)
        for n, (coin, usd) in enumerate(price.items(), start=1)
    ]
    found += [
        v3_pool(1, WETH, ETH_USD, USDC, Decimal(1), **deep),
        v3_pool(2, USDC, Decimal(1), USDT, Decimal(1), **deep),
    ]
    return [replace(pool, ref=replace(pool.ref, fee_pips=0)) for pool in found]


def free(inputs):
    """Return the inputs without gas."""
    position = inputs.position
    block = replace(position.block, base_fee_per_gas=0)
    return replace(inputs, position=replace(position, block=block, priority_fee_per_gas=0))


@few
@given(HOLDINGS, st.sampled_from([Decimal(0), Decimal(10)]))
def test_without_costs_and_bands_the_portfolio_lands_on_target_within_dust(usd, risk_aversion):
    held = {USDC: 100_000, **dict(zip(TOKENS, usd, strict=True))}
    inputs = free(world(coins=COINS, usd_by_token=held, states=free_pools()))
    inputs = with_policy(
        inputs,
        top_n=COINS,
        drift_band_ppm=Ppm(0),
        drift_band_of_target_ppm=Ppm(0),
        min_notional_usd=Decimal(0),
        max_slippage_bps=Bps(1),
        drift=DriftRules(risk_aversion=risk_aversion),
    )
    after = outcome(inputs, plan(inputs, proposal_id="p"))

    left = plan(after, proposal_id="p")
    worst = max((abs(skip.drift_ppm) for skip in left.skipped), default=0)
    assert worst <= 500
    assert all(abs(order.drift_ppm) <= 500 for order in left.orders)


def turned(inputs, regime):
    stance = Stance(regime=regime, since=inputs.stance.since, why="test")
    return replace(inputs, stance=stance)


@few
@given(HOLDINGS)
def test_out_and_in_again_loses_only_costs(usd):
    held = {USDC: 100_000, **dict(zip(TOKENS, usd, strict=True))}
    inputs = world(coins=COINS, usd_by_token=held, states=free_pools())
    inputs = with_policy(inputs, top_n=COINS, max_order_usd=Decimal(10**9))
    settled = outcome(inputs, plan(inputs, proposal_id="p"))
    before = plan(settled, proposal_id="p").cost.portfolio_usd

    out = plan(turned(settled, Regime.BEARISH), proposal_id="p")
    flat = outcome(turned(settled, Regime.BEARISH), out)
    back = plan(turned(flat, Regime.BULLISH), proposal_id="p")
    home = outcome(turned(flat, Regime.BULLISH), back)

    costs = sum(made.cost.venue_fee_usd + made.cost.price_impact_usd for made in (out, back))
    lost = before - plan(home, proposal_id="p").cost.portfolio_usd
    assert abs(lost) <= costs + before / 100_000
    assert out.batches
    assert back.batches


@few
@given(
    HOLDINGS,
    st.sampled_from(list(Regime)[:2]),
    st.builds(
        DriftRules,
        risk_aversion=st.sampled_from([Decimal(0), Decimal(10)]),
        trades_constituents=st.booleans(),
        runner_ppm=st.sampled_from([None, Ppm(200_000)]),
    ),
)
def test_a_plan_of_the_proposals_market_keeps_its_bounds(usd, regime, rules):
    held = {USDC: 50_000, **dict(zip(TOKENS, usd, strict=True))}
    inputs = world(coins=COINS, usd_by_token=held, regime=regime)
    inputs = with_policy(inputs, top_n=COINS, drift=rules)
    proposal = propose(inputs, executes_at=inputs.stance.since)
    made = plan(inputs, proposal_id="")
    made = replace(made, proposal_id=content_id(proposal))
    assert within_bounds(made, proposal) == ()


def test_a_contribution_goes_to_what_is_underweight_and_sells_nothing():
    held = {WBTC: 700_000, WETH: 170_000, coin_token(3): 40_000, coin_token(4): 30_000}
    inputs = world(coins=COINS, usd_by_token=held, states=free_pools())
    inputs = with_policy(
        inputs, top_n=COINS, drift_band_ppm=Ppm(20_000), drift_band_of_target_ppm=Ppm(500_000)
    )
    settled = outcome(inputs, plan(inputs, proposal_id="p"))
    holdings = {h.token: h for h in settled.position.portfolio.holdings}
    cash = holdings[USDC].amount if USDC in holdings else 0
    given_more = [h for t, h in holdings.items() if t != USDC]
    given_more.append(replace(next(iter(given_more)), token=USDC, amount=cash + 30_000 * 10**6))

    made = plan(with_holdings(settled, given_more), proposal_id="p")

    assert {order.side for order in made.orders} <= {Side.BUY, Side.CONVERT}
    bought = [order for order in made.orders if order.side is Side.BUY]
    assert bought
    assert all(order.drift_ppm < 0 for order in bought)
