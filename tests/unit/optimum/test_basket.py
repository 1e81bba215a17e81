"""Whole baskets: every leg covered, shares kept, nothing forced, and close to the bound."""

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.order import Side
from agent.domain.units import Bps
from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.engine import best, plain
from agent.planning.optimum.network import routes
from agent.planning.optimum.problem import (
    BasketProblem,
    BasketSolution,
    Hub,
    Obstacle,
    Sale,
    Unplaced,
)
from agent.planning.optimum.screening import useful
from agent.planning.optimum.star import star_prices
from agent.planning.optimum.terms import terms
from agent.planning.optimum.wide import wide_prices
from agent.planning.swapping import swap_exact_in
from tests.baskets import gas, problem, purchase, sale, seeded, shortfalls, spent
from tests.worlds import (
    DAI,
    USDC,
    USDT,
    WETH,
    hub_pools,
    prices_by_coin,
    token,
    tokens_by_coin,
    v2_pool,
    v3_pool,
)

ONE = Decimal(1)
ETH = Decimal(3000)
AAA, BBB, CCC = token(901, "AAA"), token(902, "BBB", 8), token(903, "CCC")
PRICES = {AAA: Decimal(2), BBB: Decimal(500), CCC: Decimal("0.01")}


def weth_pool(number: int, coin: object, *, depth_usd: int = 5_000_000) -> object:
    return v2_pool(number, coin, PRICES[coin], WETH, ETH, depth_usd=depth_usd)


def usdc_pool(number: int, coin: object, *, depth_usd: int = 5_000_000) -> object:
    return v2_pool(number, coin, PRICES[coin], USDC, ONE, depth_usd=depth_usd)


def counted(solution: BasketSolution) -> Counter:
    return Counter(leg.purpose for leg in solution.legs)


def sold(solution: BasketSolution, coin: object) -> int:
    return sum(leg.amount_in for leg in solution.legs if leg.token_in == coin.address)


def bought(solution: BasketSolution, coin: object) -> int:
    return sum(leg.amount_out for leg in solution.legs if leg.token_out == coin.address)


def held(solution: BasketSolution, coin: object) -> float:
    """Return what is spent on a coin as a share of all that is spent, at clearing prices."""
    return spent(solution, coin.address)


@given(
    seed=st.integers(0, 2**32),
    total_usd=st.sampled_from([50, 5_000, 200_000, 5_000_000]),
    gwei=st.sampled_from([0, 1, 30]),
    slippage=st.sampled_from([0, 50, 300]),
)
@settings(max_examples=40)
def test_every_leg_is_covered_by_the_floors_of_those_before(
    seed: int, total_usd: int, gwei: int, slippage: int
) -> None:
    rng = random.Random(seed)
    given_ = seeded(
        seed,
        coins=rng.randint(4, 16),
        total_usd=total_usd,
        gas=gas(gwei),
        slippage_bps=Bps(slippage),
        hubs=(
            Hub(token=WETH.address, amount=rng.choice([0, 10**18]), keep=0),
            Hub(token=USDC.address, amount=rng.choice([0, 10**10]), keep=rng.choice([0, 0])),
            Hub(token=USDT.address, amount=rng.choice([0, 10**9])),
        ),
    )
    solution = solve_basket(given_)
    placed = {order.token for order in given_.sales} - {u.token for u in solution.unplaced}

    assert [] == shortfalls(given_, solution)
    assert all(left >= 0 for left in solution.left_by_hub.values())
    for order in given_.sales:
        spent_of_it = sum(g.amount_in for g in solution.legs if g.token_in == order.token)
        assert spent_of_it == (order.amount_in if order.token in placed else 0)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_legs_bring_what_the_integers_say_and_no_pool_is_used_twice(seed: int) -> None:
    solution = solve_basket(seeded(seed, coins=12))
    used = Counter(leg.pool.ref.address for leg in solution.legs)

    assert {1} == set(used.values())
    for leg in solution.legs:
        swap = swap_exact_in(leg.pool, zero_for_one=leg.zero_for_one, amount_in=leg.amount_in)
        assert (swap.amount_out, swap.ticks_crossed) == (leg.amount_out, leg.ticks_crossed)


@pytest.mark.parametrize("seed", range(6))
def test_without_gas_the_legs_reach_the_dual_bound(seed: int) -> None:
    solution = solve_basket(seeded(seed, gas=gas(0), slippage_bps=Bps(0)))

    assert -1e-6 < solution.gap_bps < 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_with_gas_and_floors_the_gap_stays_small(seed: int) -> None:
    assert 0 <= solve_basket(seeded(seed, total_usd=1_000_000)).gap_bps < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_compiled_or_not_the_legs_are_the_same(seed: int) -> None:
    given_ = seeded(seed, coins=10)

    assert solve_basket(given_) == solve_basket(given_, engine=plain())


def crossed(seed: int, **changes: object) -> BasketProblem:
    """Return a seeded basket with pools that join some coins sold to some that are bought."""
    plain_ = seeded(seed, coins=14, **changes)
    tokens = {t.address: t for t in tokens_by_coin(14).values()}
    price = {tokens_by_coin(14)[coin]: usd for coin, usd in prices_by_coin(14).items()}
    pairs = zip(plain_.sales, plain_.purchases, strict=False)
    direct = [
        v2_pool(5_000 + n, one, price[one], other, price[other], depth_usd=3_000_000)
        for n, (one, other) in enumerate((tokens[s.token], tokens[p.token]) for s, p in pairs)
    ]
    return replace(plain_, pools=(*plain_.pools, *direct))


@pytest.mark.parametrize("seed", range(3))
def test_with_pools_from_coin_to_coin_the_legs_reach_the_bound_and_the_shares(seed: int) -> None:
    given_ = crossed(seed, gas=gas(0), slippage_bps=Bps(0), max_loss_bps=Bps(3_000))
    solution = solve_basket(given_)
    coins = {order.token for order in given_.purchases}
    across = [leg for leg in solution.legs if leg.purpose is Side.SELL and leg.token_out in coins]
    spending = {p.token: spent(solution, p.token) for p in given_.purchases}
    whole, budget = sum(spending.values()), sum(p.budget_usd for p in given_.purchases)

    assert across
    assert [] == shortfalls(given_, solution)
    assert -1e-6 < solution.gap_bps < 1e-3
    for order in given_.purchases:
        assert spending[order.token] / whole == pytest.approx(
            float(order.budget_usd / budget), rel=1e-4
        )


def test_compiled_or_not_coins_are_traded_for_each_other_alike() -> None:
    one, other = solve_basket(crossed(1)), solve_basket(crossed(1), engine=plain())

    assert len(one.legs) == len(other.legs)
    assert one.usd_by_token == pytest.approx(other.usd_by_token, rel=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_both_methods_find_the_same_prices(seed: int) -> None:
    wanted = terms(given_ := seeded(seed, gas=gas(0)))
    usable = useful(routes(given_), wanted)
    star, wide = (find(wanted, usable, best()) for find in (star_prices, wide_prices))
    unit = star.usd_by_token[WETH.address] / wide.usd_by_token[WETH.address]

    for token_, usd in star.usd_by_token.items():
        assert wide.usd_by_token[token_] * unit == pytest.approx(usd, rel=1e-6)


def test_four_hubs_are_cleared_together() -> None:
    given_ = seeded(3, coins=12, gas=gas(0), slippage_bps=Bps(0))
    usd = dict(given_.usd_by_token) | {DAI.address: Decimal("1e-18")}
    hubs = (*given_.hubs, Hub(token=DAI.address, amount=10**21))
    asked = replace(given_, hubs=hubs, usd_by_token=usd)
    solution = solve_basket(asked)

    assert [] == shortfalls(asked, solution)
    assert solution.left_by_hub[DAI.address] < 10**15
    assert -1e-6 < solution.gap_bps < 1e-3


@pytest.mark.parametrize(("slippage", "off"), [(0, 1e-6), (50, 0.01)])
@pytest.mark.parametrize("seed", range(4))
def test_purchases_have_the_shares_of_their_budgets(seed: int, slippage: int, off: float) -> None:
    given_ = seeded(seed, max_loss_bps=Bps(3_000), slippage_bps=Bps(slippage))
    solution = solve_basket(given_)
    spending = {p.token: spent(solution, p.token) for p in given_.purchases}
    whole, budget = sum(spending.values()), sum(p.budget_usd for p in given_.purchases)

    assert () == solution.unplaced
    for order in given_.purchases:
        assert spending[order.token] / whole == pytest.approx(
            float(order.budget_usd / budget), rel=off
        )


def test_the_order_of_the_input_changes_nothing() -> None:
    given_ = seeded(4)
    turned = replace(given_, pools=given_.pools[::-1])
    one, other = solve_basket(given_), solve_basket(turned)

    assert one.left_by_hub == pytest.approx(other.left_by_hub, rel=1e-6)
    assert len(one.legs) == len(other.legs)


@pytest.mark.parametrize("seed", range(5))
def test_no_pair_of_hubs_is_traded_in_both_directions(seed: int) -> None:
    solution = solve_basket(seeded(seed, coins=30, total_usd=2_000_000))
    pairs = {(g.token_in, g.token_out) for g in solution.legs if g.purpose is Side.CONVERT}

    assert all(pair[::-1] not in pairs for pair in pairs)


def test_opposing_needs_of_a_hub_pool_are_netted() -> None:
    # One order wants the WETH/USDC pool from WETH to USDC, another the other way: neither is traded.
    solution = solve_basket(
        problem(
            [sale(AAA, 10_000, PRICES[AAA]), sale(BBB, 10_000, PRICES[BBB])],
            [purchase(CCC, 10_000), purchase(DAI, 10_000)],
            [
                weth_pool(1, AAA),
                usdc_pool(2, BBB),
                weth_pool(3, CCC),
                v2_pool(4, DAI, ONE, USDC, ONE, depth_usd=5_000_000),
                *hub_pools(),
            ],
            PRICES | {DAI: ONE},
        )
    )

    assert {Side.SELL: 2, Side.BUY: 2} == counted(solution)


def test_what_does_not_net_is_converted_once() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 30_000, PRICES[AAA]), sale(BBB, 10_000, PRICES[BBB])],
            [purchase(CCC, 10_000), purchase(DAI, 30_000)],
            [
                weth_pool(1, AAA),
                usdc_pool(2, BBB),
                weth_pool(3, CCC),
                v2_pool(4, DAI, ONE, USDC, ONE, depth_usd=5_000_000),
                *hub_pools(),
            ],
            PRICES | {DAI: ONE},
        )
    )
    converted = [leg for leg in solution.legs if leg.purpose is Side.CONVERT]

    assert [(WETH.address, USDC.address)] == [(leg.token_in, leg.token_out) for leg in converted]
    assert converted[0].amount_in * 3000 / 10**18 == pytest.approx(20_000, rel=0.02)


def test_a_way_over_two_hubs_is_found() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 1_000, PRICES[AAA])],
            [purchase(BBB, 1_000)],
            [weth_pool(1, AAA), usdc_pool(2, BBB), *hub_pools()],
            PRICES,
        )
    )

    assert [Side.SELL, Side.CONVERT, Side.BUY] == [leg.purpose for leg in solution.legs]
    assert () == solution.unplaced


def test_coins_are_traded_for_each_other_where_a_pool_joins_them() -> None:
    direct = v2_pool(9, AAA, PRICES[AAA], BBB, PRICES[BBB], depth_usd=20_000_000)
    solution = solve_basket(
        problem(
            [sale(AAA, 10_000, PRICES[AAA])],
            [purchase(BBB, 10_000)],
            [weth_pool(1, AAA), weth_pool(2, BBB), direct],
            PRICES,
        )
    )
    across = [leg for leg in solution.legs if leg.token_out == BBB.address]

    assert direct in [leg.pool for leg in across]
    assert solution.gap_bps < 1


def test_a_direct_pool_that_no_hub_joins_is_enough() -> None:
    direct = v2_pool(9, AAA, PRICES[AAA], BBB, PRICES[BBB], depth_usd=20_000_000)
    given_ = problem([sale(AAA, 1_000, PRICES[AAA])], [purchase(BBB, 1_000)], [direct], PRICES)
    solution = solve_basket(given_)

    assert [direct] == [leg.pool for leg in solution.legs]
    assert given_.sales[0].amount_in == sold(solution, AAA)


def test_a_coin_without_pools_is_reported_and_its_budget_stays_as_cash() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 10_000, PRICES[AAA])],
            [purchase(BBB, 5_000), purchase(CCC, 5_000)],
            [weth_pool(1, AAA), weth_pool(2, BBB), *hub_pools()],
            PRICES,
        )
    )

    assert (Unplaced(token=CCC.address, obstacle=Obstacle.NO_ROUTE),) == solution.unplaced
    assert solution.left_by_hub[USDC.address] / 10**6 == pytest.approx(5_000, rel=0.02)
    assert held(solution, BBB) == pytest.approx(5_000, rel=0.02)


def test_a_sale_without_pools_is_reported_and_kept() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 10_000, PRICES[AAA]), sale(CCC, 100, PRICES[CCC])],
            [purchase(BBB, 5_000)],
            [weth_pool(1, AAA), weth_pool(2, BBB)],
            PRICES,
        )
    )

    assert (Unplaced(token=CCC.address, obstacle=Obstacle.NO_ROUTE),) == solution.unplaced
    assert 0 == sold(solution, CCC)


def test_nothing_can_be_placed_where_no_pool_leads_anywhere() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 10, PRICES[AAA])],
            [purchase(BBB, 10)],
            [weth_pool(2, CCC), v2_pool(5, AAA, PRICES[AAA], WETH, ETH, depth_usd=0)],
            PRICES,
        )
    )

    assert () == solution.legs
    assert {AAA.address, BBB.address} == {order.token for order in solution.unplaced}


@pytest.mark.parametrize("side", [Side.SELL, Side.BUY])
def test_an_order_that_its_pools_would_take_only_at_a_great_loss_is_not_forced(side: Side) -> None:
    coins = (AAA, BBB) if side is Side.SELL else (BBB, AAA)
    solution = solve_basket(
        problem(
            [sale(coins[0], 5_000, PRICES[coins[0]]), sale(CCC, 100, PRICES[CCC])],
            [purchase(coins[1], 5_000)],
            [weth_pool(1, AAA, depth_usd=20_000), weth_pool(2, BBB), weth_pool(3, CCC)],
            PRICES,
        )
    )

    assert [(AAA.address, Obstacle.TOO_THIN)] == [(u.token, u.obstacle) for u in solution.unplaced]
    assert 500 < (solution.unplaced[0].loss_bps or 0) < 3_000
    assert {BBB.address, CCC.address} & {leg.token_out for leg in solution.legs} or side is Side.BUY


def test_an_order_larger_than_all_liquidity_is_too_thin() -> None:
    ranged = v3_pool(1, AAA, PRICES[AAA], WETH, ETH, depth_usd=100_000)
    solution = solve_basket(
        problem(
            [sale(AAA, 10**9, PRICES[AAA])],
            [purchase(BBB, 5_000)],
            [ranged, weth_pool(2, BBB)],
            PRICES,
        )
    )

    assert Unplaced(token=AAA.address, obstacle=Obstacle.TOO_THIN) in solution.unplaced
    assert () == solution.legs


def test_a_conversion_at_a_great_loss_is_barred_and_what_depends_on_it_reported() -> None:
    puddle = v2_pool(8, WETH, ETH, USDC, ONE, depth_usd=10_000)
    solution = solve_basket(
        problem(
            [sale(AAA, 20_000, PRICES[AAA])],
            [purchase(BBB, 20_000)],
            [weth_pool(1, AAA), usdc_pool(2, BBB), puddle],
            PRICES,
        )
    )

    assert () == solution.legs or Side.CONVERT not in counted(solution)
    assert (WETH.address, USDC.address) in {(u.token, u.into) for u in solution.unplaced}


def test_an_order_worth_less_than_its_gas_is_too_small() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, Decimal("0.05"), PRICES[AAA]), sale(CCC, 1_000, PRICES[CCC])],
            [purchase(BBB, 1_000)],
            [weth_pool(1, AAA), weth_pool(2, BBB), weth_pool(3, CCC)],
            PRICES,
        )
    )

    assert [(AAA.address, Obstacle.TOO_SMALL)] == [(u.token, u.obstacle) for u in solution.unplaced]


def test_a_sale_of_one_unit_does_not_upset_the_rest() -> None:
    given_ = problem(
        [Sale(token=AAA.address, amount_in=1), sale(CCC, 1_000, PRICES[CCC])],
        [purchase(BBB, 1_000)],
        [weth_pool(1, AAA), weth_pool(2, BBB), weth_pool(3, CCC)],
        PRICES,
        gas=gas(0),
    )
    solution = solve_basket(given_)

    assert AAA.address in {order.token for order in solution.unplaced}
    assert given_.sales[1].amount_in == sold(solution, CCC)


@pytest.mark.parametrize(("decimals", "usd"), [(0, 3_000), (30, 60)])
def test_coins_of_any_decimals_are_traded(decimals: int, usd: int) -> None:
    odd = token(904, "ODD", decimals)
    price = {odd: Decimal(3)} | PRICES
    pools = [
        v2_pool(1, odd, Decimal(3), WETH, ETH, depth_usd=usd * 150),
        v3_pool(2, odd, Decimal(3), USDC, ONE, depth_usd=2_000_000)
        if decimals == 0
        else usdc_pool(2, AAA),
        weth_pool(3, BBB),
        *hub_pools(),
    ]
    into = solve_basket(problem([sale(BBB, usd, PRICES[BBB])], [purchase(odd, usd)], pools, price))
    out_of = solve_basket(problem([sale(odd, usd, Decimal(3))], [purchase(BBB, usd)], pools, price))

    assert bought(into, odd) / 10**decimals == pytest.approx(usd / 3, rel=0.03)
    assert bought(out_of, BBB) / 10**8 == pytest.approx(usd / 500, rel=0.03)


def test_hubs_are_bought_by_keeping_them() -> None:
    solution = solve_basket(
        problem(
            [sale(AAA, 10_000, PRICES[AAA])],
            [purchase(USDC, 6_000), purchase(WETH, 4_000)],
            [weth_pool(1, AAA), *hub_pools()],
            PRICES,
        )
    )

    assert {Side.SELL: 1, Side.CONVERT: 1} == counted(solution)
    # The floor of what the sale brings is shared out; what it brings beyond stays in WETH.
    assert solution.left_by_hub[USDC.address] / 10**6 == pytest.approx(6_000, rel=0.02)
    assert solution.left_by_hub[WETH.address] * 3000 / 10**18 == pytest.approx(4_000, rel=0.02)


def test_hubs_alone_are_rebalanced() -> None:
    solution = solve_basket(
        problem(
            [],
            [purchase(USDC, 50), purchase(USDT, 50)],
            hub_pools(),
            {},
            hubs=(
                Hub(token=WETH.address, amount=10**19, keep=9 * 10**18),
                Hub(token=USDC.address, amount=0),
                Hub(token=USDT.address, amount=0),
            ),
        )
    )

    assert 0 == solution.left_by_hub[WETH.address]
    for hub in (USDC, USDT):
        assert solution.left_by_hub[hub.address] / 10**6 == pytest.approx(1_500, rel=0.01)


def test_what_must_remain_of_a_hub_remains() -> None:
    solution = solve_basket(
        problem(
            [],
            [purchase(BBB, 1)],
            [weth_pool(1, BBB), *hub_pools()],
            PRICES,
            hubs=(
                Hub(token=WETH.address, amount=2 * 10**18, keep=10**18),
                Hub(token=USDC.address, amount=10**9, keep=10**9),
            ),
        )
    )

    assert 10**18 == sum(leg.amount_in for leg in solution.legs if leg.token_in == WETH.address)
    assert 0 == sum(leg.amount_in for leg in solution.legs if leg.token_in == USDC.address)


def test_dear_gas_leaves_fewer_legs() -> None:
    few, many = (solve_basket(seeded(2, gas=gas(gwei))) for gwei in (50, 0.1))

    assert len(few.legs) < len(many.legs)
    assert few.gas_wei > many.gas_wei


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"hubs": (Hub(token=WETH.address, amount=1, keep=2),)},
            "keep 2 is not within what is held",
        ),
        ({"sales": (Sale(token=AAA.address, amount_in=0),)}, "sells nothing"),
        ({"sales": (Sale(token=WETH.address, amount_in=1),)}, "is a hub"),
        ({"sales": (Sale(token=BBB.address, amount_in=1),)}, "is sold and bought"),
        ({"purchases": ()}, "nothing is bought"),
        ({"purchases": (purchase(BBB, 0),)}, "has no budget"),
        ({"purchases": (purchase(BBB, 1), purchase(BBB, 2))}, "is bought twice"),
        ({"purchases": (purchase(DAI, 1),)}, "has no price"),
        ({"cash": AAA.address}, "is not a hub"),
    ],
)
def test_a_problem_that_contradicts_itself_is_refused(change: dict, complaint: str) -> None:
    sound = problem(
        [sale(AAA, 1, PRICES[AAA])],
        [purchase(BBB, 1)],
        [weth_pool(1, AAA), weth_pool(2, BBB)],
        PRICES,
        hubs=(Hub(token=WETH.address, amount=0), Hub(token=USDC.address, amount=0)),
    )
    broken: BasketProblem = replace(sound, **change)

    with pytest.raises(ValueError, match=complaint):
        solve_basket(broken)
