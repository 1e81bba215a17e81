"""Basket problems for tests and benches: half of a world's coins sold for the other half."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agent.domain.pool import PoolKind, PoolState
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address, Bps, base_units
from agent.planning.optimum.basket import solve_basket
from agent.planning.optimum.problem import (
    BasketLeg,
    BasketProblem,
    BasketSolution,
    GasWei,
    Hub,
    Purchase,
    Sale,
)
from agent.planning.swapping import swap_exact_in
from tests.worlds import USDC, USDT, WETH, pools, prices_by_coin, tokens_by_coin

GWEI = 10**9
HUB_USD = {WETH: Decimal(3000), USDC: Decimal(1), USDT: Decimal(1)}
FULL = 10_000


def gas(gwei: float = 1.0) -> GasWei:
    wei = int(gwei * GWEI)
    return GasWei(
        leg_by_kind={PoolKind.V2: 60_000 * wei, PoolKind.V3: 70_000 * wei}, tick=24_000 * wei
    )


def sale(token: Token, usd: Decimal | float, price: Decimal) -> Sale:
    return Sale(token=token.address, amount_in=base_units(Decimal(usd) / price, token.decimals))


def purchase(token: Token, usd: Decimal | float) -> Purchase:
    return Purchase(token=token.address, budget_usd=Decimal(usd))


def problem(
    sales: Iterable[Sale],
    purchases: Iterable[Purchase],
    states: Iterable[PoolState],
    price_by_token: dict[Token, Decimal],
    **changes: Any,
) -> BasketProblem:
    """Return a problem over the three hubs, of which nothing is held unless said otherwise."""
    usd = HUB_USD | price_by_token
    plain: dict[str, Any] = {
        "hubs": tuple(Hub(token=hub.address, amount=0) for hub in HUB_USD),
        "cash": USDC.address,
        "sales": tuple(sales),
        "purchases": tuple(purchases),
        "pools": tuple(states),
        "usd_by_token": {t.address: price.scaleb(-t.decimals) for t, price in usd.items()},
        "gas": gas(),
        "slippage_bps": Bps(50),
        "max_loss_bps": Bps(500),
    }
    return BasketProblem(**(plain | changes))


def seeded(
    seed: int, *, coins: int = 20, total_usd: int = 200_000, positions: int = 6, **changes: Any
) -> BasketProblem:
    """Return a basket of random sizes: half of the coins sold, the others bought."""
    rng = random.Random(seed)
    price = {tokens_by_coin(coins)[coin]: usd for coin, usd in prices_by_coin(coins).items()}
    traded = [token for token in price if token != WETH]
    rng.shuffle(traded)
    half = len(traded) // 2
    sizes = [rng.expovariate(1) + 0.05 for _ in traded]
    sold, bought = sum(sizes[:half]), sum(sizes[half:])
    return problem(
        (
            sale(t, total_usd * size / sold, price[t])
            for t, size in zip(traded[:half], sizes, strict=False)
        ),
        (
            purchase(t, total_usd * size / bought)
            for t, size in zip(traded[half:], sizes[half:], strict=True)
        ),
        pools(coins, positions=positions),
        price,
        **changes,
    )


def shortfalls(given: BasketProblem, solution: BasketSolution) -> list[BasketLeg]:
    """Return the legs that could not be paid for if every leg brought no more than its floor."""
    held = {hub.token: hub.amount - hub.keep for hub in given.hubs}
    held |= {order.token: order.amount_in for order in given.sales}
    found = []
    for leg in solution.legs:
        held[leg.token_in] = held.get(leg.token_in, 0) - leg.amount_in
        if held[leg.token_in] < 0:
            found.append(leg)
        sure = leg.amount_out * (FULL - given.slippage_bps) // FULL
        held[leg.token_out] = held.get(leg.token_out, 0) + sure
    return found


def order_by_order(given: BasketProblem, currency: Address) -> Iterator[BasketLeg]:
    """Yield the legs of every sale into the currency, then of every purchase out of it.

    Each order is split and routed as well as it can be alone, over the pools as those before left them.
    """
    states, proceeds = {pool.ref.address: pool for pool in given.pools}, 0
    into = (Purchase(token=currency, budget_usd=Decimal(1)),)
    for one in given.sales:
        legs = _alone(given, states, one.token, sales=(one,), purchases=into)
        proceeds += sum(leg.amount_out for leg in legs if leg.token_out == currency)
        proceeds -= sum(leg.amount_in for leg in legs if leg.token_in == currency)
        yield from legs
    left, whole = proceeds, sum(each.budget_usd for each in given.purchases)
    for each in given.purchases:
        budget = min(left, int(proceeds * each.budget_usd / whole) + 1)
        left -= budget
        hubs = tuple(
            replace(hub, amount=budget if hub.token == currency else 0, keep=0)
            for hub in given.hubs
        )
        yield from _alone(given, states, each.token, sales=(), purchases=(each,), hubs=hubs)


def _alone(
    given: BasketProblem, states: dict[Address, PoolState], coin: Address, **order: Any
) -> tuple[BasketLeg, ...]:
    """Return the legs of one order, and leave the pools as they leave them."""
    usable = {coin, *(hub.token for hub in given.hubs)}
    pools = tuple(s for s in states.values() if {s.ref.token0, s.ref.token1} <= usable)
    found = solve_basket(replace(given, pools=pools, **order))
    assert not found.unplaced, found.unplaced
    for leg in found.legs:
        swap = swap_exact_in(leg.pool, zero_for_one=leg.zero_for_one, amount_in=leg.amount_in)
        assert isinstance(swap, SwapResult)
        states[leg.pool.ref.address] = swap.pool_after
    return found.legs


def gained_usd(given: BasketProblem, legs: Iterable[BasketLeg]) -> Decimal:
    """Return what the legs add at fair prices, after gas: less than nothing, unless pools disagree."""
    native = given.usd_by_token[given.hubs[0].token]
    total = Decimal(0)
    for leg in legs:
        gas = given.gas.leg_by_kind[leg.pool.ref.kind] + given.gas.tick * leg.ticks_crossed
        total += leg.amount_out * given.usd_by_token[leg.token_out]
        total -= leg.amount_in * given.usd_by_token[leg.token_in] + gas * native
    return total


def spent(solution: BasketSolution, coin: Address) -> float:
    """Return what is spent from hubs on a coin, in dollars at the hubs' clearing prices."""
    return sum(
        leg.amount_in * solution.usd_by_token[leg.token_in]
        for leg in solution.legs
        if leg.token_out == coin
    )
