"""What tokens are worth at the plan's block: hubs by their feeds, coins by their deepest pool.

No stablecoin is taken for a dollar. What the ranking says of a coin's price is a check, not a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from agent.domain.plan import PlanInputs
from agent.domain.pool import PoolRef, PoolState, StablePool, V2Pool, WeightedPool
from agent.domain.portfolio import Price
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address, Bps
from agent.planning.feeds import feed_prices_of
from agent.planning.swapping import mid_price

NO_POOL = "no allowlisted pool trades it against a hub"
NO_LIQUIDITY = "its allowlisted pools have no liquidity at their price"
UNREAD = "none of its allowlisted pools could be read"
PRICE_CONTEXT = Context(prec=18)
_Q96 = 1 << 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Prices of tokens, and why some are missing or not to be trusted.

    A token is in `price_by_token` or in `obstacle_by_token`. Sources contradict each other on one in
    `doubt_by_token` too: its price is the lowest (a hub's that of its feed), good enough to count
    what is held, not to trade it.
    """

    price_by_token: Mapping[Address, Price]
    obstacle_by_token: Mapping[Address, str]
    doubt_by_token: Mapping[Address, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PoolPrice:
    """A price off one pool; `depth_usd` is the hub that the pool trades like a pair of, in dollars."""

    depth_usd: Fraction
    usd: Fraction
    hub: Token
    pool: Address


def market(inputs: PlanInputs) -> Market:
    """Return what every token of the token map and of the portfolio is worth.

    Raises:
        FeedUnusableError: the feed of the native coin or of the stable hub is missing or stale.
    """
    feed_prices, obstacles = feed_prices_of(inputs)
    hubs = {hub.address: hub for hub in inputs.chain_book.hubs if hub.address in feed_prices}
    pool_prices = _deepest(inputs, hubs, feed_prices)
    reference = ranking_prices(inputs)
    listed = _tokens(inputs.position.pools)
    read = _tokens(pool.ref for pool in inputs.pools)
    prices: dict[Address, Price] = {}
    doubts: dict[Address, str] = {}
    for address in (token.address for token in known_tokens(inputs)):
        if address not in hubs and address not in pool_prices:
            why = NO_LIQUIDITY if address in read else UNREAD if address in listed else NO_POOL
            obstacles.setdefault(address, why)
            continue
        sources = [m[address] for m in (feed_prices, pool_prices, reference) if address in m]
        prices[address] = sources[0]
        if doubt := _doubt(sources, inputs.policy.max_price_deviation_bps):
            doubts[address] = doubt
            prices[address] = sources[0] if address in hubs else min(sources, key=_usd)
    return Market(price_by_token=prices, obstacle_by_token=obstacles, doubt_by_token=doubts)


def _tokens(pools: Iterable[PoolRef]) -> set[Address]:
    return {address for ref in pools for address in (ref.token0, ref.token1)}


def _doubt(sources: Sequence[Price], max_bps: Bps) -> str | None:
    """Return how two sources of a price contradict each other, None if none does."""
    low, high = min(sources, key=_usd), max(sources, key=_usd)
    apart_bps = (Fraction(high.usd) / Fraction(low.usd) - 1) * ONE_HUNDRED_PERCENT_BPS
    if apart_bps <= max_bps:
        return None
    return (
        f"its price is in doubt: {low.source} says {low.usd:f} USD, {high.source} says {high.usd:f}: "
        f"{int(apart_bps)} bps apart, max_price_deviation_bps is {max_bps}"
    )


def _usd(price: Price) -> Decimal:
    return price.usd


def known_tokens(inputs: PlanInputs) -> tuple[Token, ...]:
    """Return the tokens of the token map, the hubs and the portfolio, by address."""
    token_map = inputs.token_map
    tokens = {
        *(held_as.token for held_as in token_map.held_by_coin.values()),
        *(stablecoin.token for stablecoin in token_map.stablecoin_by_coin.values()),
        *inputs.chain_book.hubs,
        *(holding.token for holding in inputs.position.portfolio.holdings if holding.amount),
    }
    return tuple(sorted(tokens))


def ranking_prices(inputs: PlanInputs) -> Mapping[Address, Price]:
    """Return the ranking's prices by token; of several coins with one token the best ranked decides."""
    token_map = inputs.token_map
    prices: dict[Address, Price] = {}
    for coin in sorted(inputs.ranking.coins, key=lambda c: (c.rank, c.coin_id)):
        held = token_map.held_by_coin.get(coin.coin_id) or token_map.stablecoin_by_coin.get(
            coin.coin_id
        )
        if held is not None and coin.price_usd is not None and coin.price_usd > 0:
            prices.setdefault(held.token.address, Price(usd=coin.price_usd, source="the ranking"))
    return prices


def _deepest(
    inputs: PlanInputs, hubs: Mapping[Address, Token], hub_prices: Mapping[Address, Price]
) -> Mapping[Address, Price]:
    """Return the price of each token that trades against a priced hub, off its deepest pool."""
    tokens = {token.address: token for token in known_tokens(inputs)}
    best: dict[Address, _PoolPrice] = {}
    for pool in inputs.pools:
        for hub, coin in _sides(pool, hubs):
            if coin not in tokens:
                continue
            found = _pool_price(pool, hubs[hub], tokens[coin], hub_prices[hub])
            if found and (coin not in best or _rank(found) < _rank(best[coin])):
                best[coin] = found
    return {coin: _price(found) for coin, found in best.items()}


def _rank(found: _PoolPrice) -> tuple[Fraction, Address]:
    return -found.depth_usd, found.pool


def _price(found: _PoolPrice) -> Price:
    usd = PRICE_CONTEXT.divide(Decimal(found.usd.numerator), Decimal(found.usd.denominator))
    return Price(usd=usd, source=f"pool {found.pool} in {found.hub.symbol}")


def _sides(pool: PoolState, hubs: Mapping[Address, Token]) -> Iterable[tuple[Address, Address]]:
    """Yield (hub, coin) where exactly one side of the pool is a hub."""
    token0, token1 = pool.ref.token0, pool.ref.token1
    if token0 in hubs and token1 not in hubs:
        yield token0, token1
    elif token1 in hubs and token0 not in hubs:
        yield token1, token0


def _pool_price(pool: PoolState, hub: Token, coin: Token, hub_price: Price) -> _PoolPrice | None:
    price = mid_price(pool, zero_for_one=pool.ref.token0 == coin.address)
    depth = virtual_reserve(pool, is_token0=pool.ref.token0 == hub.address)
    if price is None or depth == 0:
        return None
    hub_unit = Fraction(hub_price.usd) / 10**hub.decimals
    return _PoolPrice(
        depth_usd=depth * hub_unit,
        usd=price * hub_unit * 10**coin.decimals,
        hub=hub,
        pool=pool.ref.address,
    )


def virtual_reserve(pool: PoolState, *, is_token0: bool) -> int:
    """Return the reserve of a constant-product pair that trades alike at the present price.

    For v3 L / sqrt(P) of token0 and L sqrt(P) of token1 (Uniswap v3 Core white paper, 2); for a
    weighted pool what has the same slope of the price, 2 x w' / (w + w'). Stable pools are deeper
    than the balance that is returned for them.
    """
    if isinstance(pool, StablePool):
        return pool.balances[pool.coin0 if is_token0 else pool.coin1]
    if isinstance(pool, WeightedPool):
        balance, other = (
            (pool.balance0, pool.weight1) if is_token0 else (pool.balance1, pool.weight0)
        )
        return 2 * balance * other // (pool.weight0 + pool.weight1)
    if isinstance(pool, V2Pool):
        return pool.reserve0 if is_token0 else pool.reserve1
    if pool.sqrt_price_x96 == 0:
        return 0
    if is_token0:
        return pool.liquidity * _Q96 // pool.sqrt_price_x96
    return pool.liquidity * pool.sqrt_price_x96 // _Q96
