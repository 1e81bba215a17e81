"""What the log of earlier cycles says for the next: volatilities, last trades, what was spent."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from agent.daemon.remembering import memory
from agent.domain.bodies import PlanMade, ProposalMade, Reported
from agent.domain.canonical import content_id
from agent.domain.fill import CycleReport
from agent.domain.memory import NOTHING_REMEMBERED, Memory, Spent
from agent.domain.portfolio import Price
from agent.domain.signal import Regime
from agent.planning.planner import plan
from agent.planning.proposing import propose
from agent.planning.remembering import DAY_S, LEAST_RETURNS, projected, volatilities
from tests.fakes import FakeLedger
from tests.worlds import NOW, USDC, WBTC, WETH, coin_token, world

COINS = 4
WEEK = 7 * DAY_S
AT = datetime.fromtimestamp(NOW, UTC)


def at(inputs, time):
    position = inputs.position
    block = replace(position.block, timestamp=time)
    return replace(inputs, position=replace(position, block=block), cycle_id=f"index-{time}")


def recorded(ledger, inputs, *, time):
    """Record a cycle at a time, and return its plan."""
    made = plan(at(inputs, time), proposal_id="p")
    plan_id = content_id(made)
    report = CycleReport(
        cycle_id=made.cycle_id,
        plan_id=plan_id,
        outcomes=(),
        planned_cost_usd=made.cost.total_usd,
        realised_gas_usd=Decimal(3),
        realised_slippage_usd=Decimal(-1),
        traded_usd=made.cost.notional_usd,
        max_drift_after_ppm=0,
    )
    for body in (PlanMade(plan_id=plan_id, plan=made), Reported(report=report)):
        ledger.append(body, cycle_id=made.cycle_id)
    return made


def test_an_empty_log_remembers_nothing():
    assert NOTHING_REMEMBERED == memory(FakeLedger(), now=NOW) == Memory()


def test_the_last_trade_and_what_was_sold_are_remembered():
    ledger = FakeLedger()
    inputs = world(coins=COINS, usd_by_token={WBTC: 500_000, WETH: 300_000, coin_token(3): 200_000})
    recorded(ledger, inputs, time=NOW - 3 * WEEK)
    recorded(ledger, inputs, time=NOW - WEEK)

    found = memory(ledger, now=NOW)

    assert NOW - WEEK == found.rebalanced_at
    assert {"coin-003": NOW - WEEK} == found.sold_at_by_coin


def test_a_week_and_a_year_sum_what_was_turned_over_and_paid():
    ledger = FakeLedger()
    inputs = world(coins=COINS, usd_by_token={WBTC: 500_000, WETH: 300_000, coin_token(3): 200_000})
    plans = [recorded(ledger, inputs, time=NOW - days * DAY_S) for days in (400, 30, 2)]

    found = memory(ledger, now=NOW)

    last = plans[-1].cost
    assert last.turnover_usd == found.week.turnover_usd
    assert 2 * last.turnover_usd == found.year.turnover_usd
    fees = last.venue_fee_usd + last.price_impact_usd
    assert fees + 2 == found.week.cost_usd


def test_a_switch_is_not_counted():
    ledger = FakeLedger()
    held = {WBTC: 500_000, coin_token(3): 500_000}
    recorded(ledger, world(coins=COINS, usd_by_token={USDC: 1_000_000}), time=NOW - DAY_S)
    out = world(coins=COINS, usd_by_token=held, regime=Regime.BEARISH)
    recorded(ledger, out, time=NOW - 2 * DAY_S)

    assert memory(ledger, now=NOW).year.turnover_usd == 0


def test_a_budget_of_a_week_is_whole_again_a_week_later():
    ledger = FakeLedger()
    inputs = world(coins=COINS, usd_by_token={WBTC: 500_000, WETH: 300_000, coin_token(3): 200_000})
    recorded(ledger, inputs, time=NOW - WEEK + 600)

    assert memory(ledger, now=NOW).week.turnover_usd == 0


def priced(prices, *, every=WEEK):
    base = propose(world(coins=COINS, usd_by_token={USDC: 1_000}), executes_at=AT)
    return [
        replace(
            base,
            block=replace(base.block, timestamp=NOW - every * back),
            price_by_token={WETH.address: Price(usd=Decimal(str(usd)), source="test")},
        )
        for back, usd in zip(range(len(prices) - 1, -1, -1), prices, strict=True)
    ]


def test_volatility_is_the_root_of_squared_returns_a_year():
    swings = [3000 * (1.1 if week % 2 else 1.0) for week in range(LEAST_RETURNS + 2)]

    found = volatilities(priced(swings), now=NOW)

    expected = math.log(1.1) * math.sqrt(365.25 / 7)
    assert abs(found[WETH.address] - expected * 1e6) < 2


def test_too_few_prices_and_old_ones_say_nothing():
    assert {} == volatilities(priced([3000, 3300] * 4), now=NOW)
    assert {} == volatilities(priced([3000, 3300] * 10), now=NOW + 40 * WEEK)


def test_a_price_that_never_moved_has_no_volatility():
    assert {} == volatilities(priced([3000] * 12), now=NOW)


def test_the_log_gives_proposals_their_place_among_the_prices():
    ledger = FakeLedger()
    for proposal in priced([3000 + 30 * (n % 2) for n in range(12)]):
        made = ProposalMade(proposal_id=content_id(proposal), proposal=proposal)
        ledger.append(made, cycle_id=f"index-{proposal.block.timestamp}")

    assert WETH.address in memory(ledger, now=NOW).volatility_ppm_by_token


def test_a_year_is_projected_from_the_time_since_the_first_report():
    spent = Spent(turnover_usd=Decimal(1_000), cost_usd=Decimal(10))

    months = projected(spent, first=NOW - 73 * DAY_S, now=NOW)
    years = projected(spent, first=NOW - 900 * DAY_S, now=NOW)

    assert (Decimal(5_000), Decimal(50)) == (months.turnover_usd, months.cost_usd)
    assert spent == years
    assert projected(Spent(), first=None, now=NOW) == Spent()
