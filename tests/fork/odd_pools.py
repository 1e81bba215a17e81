"""Real v3 pools put into states that liquidity providers seldom make: gaps, extremes, prices on ticks."""

from __future__ import annotations

import random
from collections.abc import Sequence

from eth_utils.address import to_checksum_address

from agent.domain.pool import PoolKind, PoolRef, Tick, V3Pool
from agent.domain.units import Address
from agent.planning.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from anvil.abi import ZERO, call_data, mapping_slot, word
from anvil.addresses import TWIN_ADMIN, V3_FACTORY
from anvil.calls import read, transact
from anvil.fund import fund
from anvil.node import Node

SPACING_BY_FEE = {500: 10, 3000: 60, 10_000: 200}
CENTRES = (0, 0, 0, -276_324, 196_000, 600_000, -600_000, 880_000, -880_000)
TICKS_PER_WORD = 256
SLOT0, LIQUIDITY, TICKS, BITMAP = 0, 4, 5, 6
"""Where UniswapV3Pool keeps them."""
PRICE_AND_TICK_BITS = 160 + 24


def odd_pools(node: Node, rng: random.Random, tokens: Sequence[str], count: int) -> list[V3Pool]:
    """Create pools of tokens that have none together yet, and write a random state into each."""
    pools = [_odd(rng, created(node, rng, tokens)) for _ in range(count)]
    for pool in pools:
        written(node, pool)
    return pools


def created(
    node: Node,
    rng: random.Random,
    tokens: Sequence[str],
    *,
    fees: Sequence[int] = tuple(SPACING_BY_FEE),
) -> PoolRef:
    """Create a pool and set a price, without which it refuses swaps."""
    fund(node.rpc, ZERO, TWIN_ADMIN, 10**20)
    fee_pips, where, pair, found = 0, "getPool(address,address,uint24)", list[str](), ""
    while found != ZERO:
        fee_pips = rng.choice(fees)
        pair = sorted(rng.sample(tokens, 2), key=lambda token: int(token, 16))
        found = read(node, V3_FACTORY, where, *pair, fee_pips, returns="address")
    creation = call_data("createPool(address,address,uint24)", *pair, fee_pips)
    transact(node, TWIN_ADMIN, V3_FACTORY, creation)
    pool = to_checksum_address(read(node, V3_FACTORY, where, *pair, fee_pips, returns="address"))
    transact(node, TWIN_ADMIN, pool, call_data("initialize(uint160)", 1 << 96))
    return PoolRef(
        address=Address(pool),
        kind=PoolKind.V3,
        token0=Address(pair[0]),
        token1=Address(pair[1]),
        fee_pips=fee_pips,
        tick_spacing=SPACING_BY_FEE[fee_pips],
        page=0,
        record=0,
    )


def _odd(rng: random.Random, ref: PoolRef) -> V3Pool:
    net_by_tick = _positions(rng, ref.tick_spacing)
    tick, price = _place(rng, sorted(net_by_tick))
    return V3Pool(
        ref=ref,
        sqrt_price_x96=price,
        tick=tick,
        liquidity=sum(net for index, net in net_by_tick.items() if index <= tick),
        ticks=tuple(Tick(index=i, liquidity_net=net) for i, net in sorted(net_by_tick.items())),
        scanned_from=MIN_TICK,
        scanned_to=MAX_TICK,
    )


def _positions(rng: random.Random, spacing: int) -> dict[int, int]:
    """Return the net liquidity by tick of some positions with gaps between them, thin ones and thick."""
    net_by_tick: dict[int, int] = {}
    widest = MAX_TICK // spacing
    for _ in range(rng.randint(1, 4)):
        centre = rng.choice(CENTRES) // spacing
        for _ in range(rng.randint(1, 8)):
            lower = min(max(centre + rng.randint(-400, 400), -widest), widest - 1)
            upper = min(lower + rng.choice((1, 2, 30, 300)), widest)
            liquidity = int(10 ** rng.uniform(2, 30))
            for index, net in ((lower, liquidity), (upper, -liquidity)):
                net_by_tick[index * spacing] = net_by_tick.get(index * spacing, 0) + net
    return net_by_tick


def _place(rng: random.Random, indices: Sequence[int]) -> tuple[int, int]:
    """Return a tick and price: on an initialised tick, come to from above or below, or anywhere near."""
    index = rng.choice(indices)
    match rng.randrange(4):
        case 0:
            tick, price = index, sqrt_ratio_at_tick(index)
        case 1:
            tick, price = index - 1, sqrt_ratio_at_tick(index)
        case _:
            tick = min(max(index + rng.randint(-3000, 3000), MIN_TICK + 1), MAX_TICK - 2)
            price = rng.randrange(sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1))
    return tick, price


def written(node: Node, pool: V3Pool) -> None:
    """Write the state where the pool's code looks for it, and money for what swaps may pay."""
    address = pool.ref.address
    slot0 = int(node.rpc("eth_getStorageAt", address, hex(SLOT0), "latest"), 16)
    flags = slot0 >> PRICE_AND_TICK_BITS << PRICE_AND_TICK_BITS
    words = {
        SLOT0: flags | pool.tick % 2**24 << 160 | pool.sqrt_price_x96,
        LIQUIDITY: pool.liquidity,
    }
    for tick in pool.ticks:
        gross = max(abs(tick.liquidity_net), 1)
        words[mapping_slot(tick.index, TICKS)] = tick.liquidity_net % 2**128 << 128 | gross
        place, bit = divmod(tick.index // pool.ref.tick_spacing, TICKS_PER_WORD)
        slot = mapping_slot(place, BITMAP)
        words[slot] = words.get(slot, 0) | 1 << bit
    node.batch(
        [("anvil_setStorageAt", [address, hex(slot), word(value)]) for slot, value in words.items()]
    )
    for token in (pool.ref.token0, pool.ref.token1):
        fund(node.rpc, token, address, 1 << 200)
