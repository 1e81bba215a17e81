"""Money between hubs: converted whichever way the basket turns out to need it."""

import random
from decimal import Decimal

import pytest

from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.problem import BasketProblem, Hub
from tests.baskets import gas, problem, purchase, sale
from tests.worlds import USDC, USDT, WETH, token, v2_pool, v3_pool

ONE, ETH = Decimal(1), Decimal(3000)
SOLD = token(901, "SOLD")
BOUGHT = tuple(token(910 + n, f"B{n}") for n in range(6))
PRICES = dict.fromkeys((SOLD, *BOUGHT), Decimal(2))
FAR_BPS = 200


def basket_of(seed: int) -> BasketProblem:
    """Return purchases that trade against one of two hubs each, and money that lies in both."""
    rng = random.Random(seed)
    states = [v3_pool(1, WETH, ETH, USDC, ONE, fee_pips=100, depth_usd=50_000_000, positions=1)]
    for n, coin in enumerate(PRICES):
        hub, usd = rng.choice(((WETH, ETH), (USDC, ONE)))
        states.append(v2_pool(20 + n, coin, PRICES[coin], hub, usd, depth_usd=10_000_000))
        if rng.random() < 1 / 3:
            other, usd = (USDC, ONE) if hub == WETH else (WETH, ETH)
            states.append(v2_pool(50 + n, coin, PRICES[coin], other, usd, depth_usd=10_000_000))
    return problem(
        [sale(SOLD, rng.uniform(5_000, 22_000), PRICES[SOLD])],
        [purchase(coin, rng.uniform(700, 6000)) for coin in BOUGHT],
        states,
        PRICES,
        hubs=(
            Hub(token=WETH.address, amount=rng.randrange(3 * 10**18)),
            Hub(token=USDC.address, amount=rng.randrange(10_000 * 10**6)),
            Hub(token=USDT.address, amount=0),
        ),
        gas=gas(rng.choice((0.5, 1.0, 2.0))),
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_purchase_gets_its_share_whichever_hub_it_is_paid_from(seed):
    given = basket_of(seed)
    solution = solve_basket(given)
    usd = {hub.token: float(given.usd_by_token[hub.token]) for hub in given.hubs}
    spent = {p.token: 0.0 for p in given.purchases}
    for leg in solution.legs:
        if leg.token_out in spent:
            spent[leg.token_out] += leg.amount_in * usd[leg.token_in]
    whole, budget = sum(spent.values()), float(sum(p.budget_usd for p in given.purchases))

    assert not solution.unplaced
    for wanted in given.purchases:
        share, due = spent[wanted.token] / whole, float(wanted.budget_usd) / budget
        assert abs(share / due - 1) * 10_000 < FAR_BPS
