from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.canonical import content_id
from agent.domain.portfolio import Holding, Portfolio, Price, Target
from agent.domain.token import Form, HeldAs
from agent.execution.prepared import open_batches
from agent.execution.report import cycle_report, max_drift_ppm
from agent.execution.settlement import settled
from tests.batches import BATCH, LINK, UNI, USDC, WETH
from tests.fakes import FakeLedger
from tests.logbook import VAULT, Week, block, plan_of, receipt
from tests.receipts import batch_logs


def price(usd):
    return Price(usd=Decimal(usd), source="test")


def target(token, weight_ppm):
    held_as = HeldAs(coin_id=token.symbol.lower(), token=token, form=Form.NATIVE)
    return Target(held_as=held_as, rank=1, weight_ppm=weight_ppm)


BASE = plan_of(Week(number=0).inputs, "aa" * 32, (BATCH,))
PLAN = replace(
    BASE,
    price_by_token={
        WETH.address: price("3000"),
        UNI.address: price("9"),
        LINK.address: price("15"),
        USDC.address: price("0.9990"),
    },
    basket=replace(BASE.basket, targets=(target(WETH, 750_000), target(LINK, 250_000))),
)
(PREPARED,) = open_batches(FakeLedger(), PLAN, plan_id=content_id(PLAN))


def holdings(**amounts):
    tokens = {"WETH": WETH, "UNI": UNI, "LINK": LINK, "USDC": USDC}
    return Portfolio(
        account=VAULT,
        holdings=tuple(Holding(token=tokens[s], amount=a) for s, a in amounts.items()),
    )


def test_a_report_is_in_dollars_at_the_plans_prices():
    less = {0: 3 * 10**17 - 10**15, 2: 121 * 10**18}
    logs = batch_logs(PREPARED, amounts_out=less)
    outcome = settled(PREPARED, receipt("0x" + "ab" * 32, block(123), logs=logs))

    report = cycle_report(
        PLAN,
        plan_id="11" * 32,
        outcomes=[outcome],
        after=holdings(WETH=10**18),
        native=WETH.address,
    )

    assert Decimal("1.74") == report.realised_gas_usd  # 290,000 gas at 2 gwei
    assert Decimal("-12.00") == report.realised_slippage_usd  # 0.001 WETH less, 1 LINK more
    assert Decimal("3669.00") == report.traded_usd  # 900 + 999 + 0.59 WETH
    assert PLAN.cost.total_usd == report.planned_cost_usd
    assert (outcome,) == report.outcomes


@pytest.mark.parametrize(
    ("amounts", "drift_ppm"),
    [
        ({"WETH": 10**18, "LINK": 200 * 10**18}, 250_000),
        ({"WETH": 3 * 10**18, "LINK": 200 * 10**18}, 0),
        ({"WETH": 3 * 10**18, "LINK": 200 * 10**18, "UNI": 10**21 // 3 * 4}, 500_000),
        ({"WETH": 3 * 10**18}, 250_000),
        ({}, 0),
    ],
)
def test_drift_is_the_furthest_from_a_target(amounts, drift_ppm):
    assert drift_ppm == max_drift_ppm(PLAN, holdings(**amounts))
