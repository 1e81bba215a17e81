"""Seeded baskets for the benches: coins with five pools each against WETH and USDC, and pools between these."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

from agent.domain.pool import PoolState
from agent.domain.token import Token
from agent.domain.units import Bps
from agent.planning.optimum.problem import BasketProblem, GasWei, Hub
from tests.baskets import gas, problem, purchase, sale
from tests.worlds import USDC, WETH, token, v2_pool, v3_pool

ETH, ONE = Decimal(3000), Decimal(1)
POOLS_PER_COIN, HUB_POOLS = 5, 5

Pool = Callable[..., PoolState]


def basket(  # noqa: PLR0913 - each keyword bends one thing
    seed: int,
    *,
    coins: int = 100,
    usd: int = 1_000_000,
    ranges: int = 0,
    paid: GasWei | None = None,
    slippage_bps: int = 0,
) -> BasketProblem:
    """Return half of the coins to be sold for the other half, `usd` dollars in all.

    Pools are pairs, or with `ranges` v3 pools of so many ranges to each side.
    """
    rng = random.Random(seed)
    traded = [token(5_000 + n, f"T{n:03d}") for n in range(coins)]
    price = {each: Decimal(str(round(10 ** rng.uniform(-2, 3), 6))) for each in traded}
    sizes = [rng.paretovariate(1.2) for _ in traded]
    half = coins // 2
    sold, bought = sum(sizes[:half]), sum(sizes[half:])
    share = [size / (sold if n < half else bought) for n, size in enumerate(sizes)]
    worth = [usd * part for part in share]
    pools = [
        pool
        for n, each in enumerate(traded)
        for pool in coin_pools(rng, n, each, price[each], share[n], ranges)
    ]
    pools += [hub_pool(rng, n, ranges) for n in range(HUB_POOLS)]
    return problem(
        [sale(each, size, price[each]) for each, size in zip(traded[:half], worth, strict=False)],
        [purchase(each, size) for each, size in zip(traded[half:], worth[half:], strict=True)],
        pools,
        price,
        hubs=(Hub(token=WETH.address, amount=0), Hub(token=USDC.address, amount=0)),
        gas=gas(0) if paid is None else paid,
        slippage_bps=Bps(slippage_bps),
        max_loss_bps=Bps(5_000),
    )


def coin_pools(  # noqa: PLR0913, PLR0917 - a coin's pools depend on all of it
    rng: random.Random, number: int, coin: Token, price: Decimal, share: float, ranges: int
) -> list[PoolState]:
    """Return three pools against WETH and two against USDC: 20 to 400 times the order, were that of $1M."""
    depth = 1_000_000 * share * 10 ** rng.uniform(1.3, 2.6)
    found = []
    for n in range(POOLS_PER_COIN):
        share = rng.uniform(0.05, 0.4)
        hub, hub_price = ((WETH, ETH), (USDC, ONE))[n % 2]
        near = price * Decimal(1 + rng.gauss(0, 0.001))
        found.append(
            made(10_000 + 10 * number + n, coin, near, hub, hub_price, int(depth * share), ranges)
        )
    return found


def hub_pool(rng: random.Random, number: int, ranges: int) -> PoolState:
    near = ETH * Decimal(1 + rng.gauss(0, 0.0003))
    depth = int(10 ** rng.uniform(6.5, 8.5))
    return made(number + 1, WETH, near, USDC, ONE, depth, ranges)


def made(  # noqa: PLR0913, PLR0917 - a pool has this many degrees of freedom
    number: int,
    coin: Token,
    price: Decimal,
    hub: Token,
    hub_price: Decimal,
    depth: int,
    ranges: int,
) -> PoolState:
    if ranges:
        return v3_pool(number, coin, price, hub, hub_price, depth_usd=depth, positions=ranges)
    return v2_pool(number, coin, price, hub, hub_price, depth_usd=depth)
