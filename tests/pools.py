"""Pools for tests and benches: by hand, or seeded at random around one price."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from agent.domain.pool import PoolKind, PoolRef, PoolState, Tick, V2Pool, V3Pool
from agent.domain.units import Address
from agent.planning.splitting import Candidate
from agent.planning.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick

TOKEN0 = Address("0x" + "11" * 20)
TOKEN1 = Address("0x" + "22" * 20)
SPACING_BY_FEE = {100: 1, 500: 10, 3000: 60, 10_000: 200}


def pool_ref(kind: PoolKind, *, fee_pips: int, number: int = 0) -> PoolRef:
    return PoolRef(
        address=Address(f"0x{number + 1:040x}"),
        kind=kind,
        token0=TOKEN0,
        token1=TOKEN1,
        fee_pips=fee_pips,
        tick_spacing=SPACING_BY_FEE[fee_pips] if kind is PoolKind.V3 else 0,
        page=0,
        record=number,
    )


def v2_pool(reserve0: int, reserve1: int, *, fee_pips: int = 3000, number: int = 0) -> V2Pool:
    ref = pool_ref(PoolKind.V2, fee_pips=fee_pips, number=number)
    return V2Pool(ref=ref, reserve0=reserve0, reserve1=reserve1)


def v3_pool(  # noqa: PLR0913 - a pool has that many facts
    net_by_tick: Mapping[int, int],
    *,
    tick: int = 0,
    sqrt_price_x96: int | None = None,
    fee_pips: int = 3000,
    scanned: tuple[int, int] = (MIN_TICK, MAX_TICK),
    number: int = 0,
) -> V3Pool:
    """Return a pool at `tick` (at its lower edge unless a price is given) with these ticks in scan."""
    return V3Pool(
        ref=pool_ref(PoolKind.V3, fee_pips=fee_pips, number=number),
        sqrt_price_x96=sqrt_ratio_at_tick(tick) if sqrt_price_x96 is None else sqrt_price_x96,
        tick=tick,
        liquidity=sum(net for index, net in net_by_tick.items() if index <= tick),
        ticks=tuple(
            Tick(index=index, liquidity_net=net)
            for index, net in sorted(net_by_tick.items())
            if net and scanned[0] <= index <= scanned[1]
        ),
        scanned_from=scanned[0],
        scanned_to=scanned[1],
    )


def random_v2_pool(rng: random.Random, number: int = 0, centre: int = 0) -> V2Pool:
    depth, price = 10 ** rng.uniform(20, 23.5), 1.0001**centre * math.exp(rng.gauss(0, 0.003))
    return v2_pool(int(depth / price**0.5), int(depth * price**0.5), number=number)


def random_v3_pool(rng: random.Random, number: int = 0, centre: int = 0) -> V3Pool:
    """Return a pool of 2 to 12 positions near tick `centre` and one thin one over the whole range."""
    fee_pips = rng.choice(list(SPACING_BY_FEE))
    spacing, tick = SPACING_BY_FEE[fee_pips], centre + rng.randint(-30, 30)
    net_by_tick: dict[int, int] = {}
    widest = MAX_TICK // spacing * spacing
    positions = [(-widest, widest, 10**20)]
    for _ in range(rng.randint(2, 12)):
        lower = (tick // spacing - rng.randint(0, 40)) * spacing
        upper = lower + rng.randint(1, 40) * spacing
        positions.append((lower, upper, int(10 ** rng.uniform(20, 23.5))))
    for lower, upper, liquidity in positions:
        net_by_tick[lower] = net_by_tick.get(lower, 0) + liquidity
        net_by_tick[upper] = net_by_tick.get(upper, 0) - liquidity
    return v3_pool(
        net_by_tick,
        tick=tick,
        sqrt_price_x96=rng.randrange(sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)),
        fee_pips=fee_pips,
        number=number,
    )


def random_pool(rng: random.Random, number: int = 0, centre: int = 0) -> PoolState:
    make = random_v2_pool if rng.random() < 0.4 else random_v3_pool
    return make(rng, number, centre)


def random_candidates(rng: random.Random, count: int, *, centre: int = 0) -> tuple[Candidate, ...]:
    """Return pools of one pair near tick `centre` with unequal gas, from negligible to decisive."""
    is_down = rng.random() < 0.5
    price = 1.0001**centre if is_down else 1.0001**-centre
    gas = 10 ** rng.uniform(14, 17.5) * price**0.5
    return tuple(
        Candidate(
            pool=random_pool(rng, number, centre),
            zero_for_one=is_down,
            gas_cost_out=int(gas * rng.uniform(0.7, 1.6)),
            tick_cost_out=int(gas * 0.3),
        )
        for number in range(count)
    )
