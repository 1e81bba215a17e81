"""What to ask venues before anything has a price on chain: every coin that may trade, at likely sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from agent.domain.order import Order, Side
from agent.domain.plan import PlanInputs
from agent.domain.policy import Policy, Universe
from agent.domain.pool import PoolRef
from agent.domain.portfolio import Price
from agent.domain.quote import QuoteRequest
from agent.domain.token import Token
from agent.domain.units import Address, Ppm
from agent.planning.drafting import coin_by_token
from agent.planning.feeds import feed_prices_of
from agent.planning.ladder import quote_requests as laddered
from agent.planning.money import ZERO, amount_of, cents, reckoned
from agent.planning.normal import normalised
from agent.planning.pricing import NO_POOL, Market, known_tokens, ranking_prices
from agent.planning.screening import screened
from agent.planning.standing import Stand, Standing, standing
from agent.planning.targets import basket
from agent.planning.wanting import held_tokens

SPARES = 10
"""Coins beyond the N of a filled universe that are asked about, should pools turn out to be dry."""


@reckoned
def quote_requests(inputs: PlanInputs) -> tuple[QuoteRequest, ...]:
    """Return what to ask about every coin held or wanted, against hubs and each other, and of the hubs.

    Sizes follow from the ranking's prices, since no pool has been read yet: they are likely, no more.
    `inputs.pools` is not looked at.

    Raises:
        FeedUnusableError: nothing can be valued. InfeasibleTargetError: no basket fits the policy.
    """
    inputs = normalised(inputs)
    feed_prices, obstacles = feed_prices_of(inputs)
    hubs = tuple(hub for hub in inputs.chain_book.hubs if hub.address in feed_prices)
    listed = _traded_against(hubs, inputs.position.pools)
    market = Market(
        price_by_token={**ranking_prices(inputs), **feed_prices},
        obstacle_by_token=obstacles
        | {
            token.address: NO_POOL
            for token in known_tokens(inputs)
            if token not in hubs and token.address not in listed
        },
        doubt_by_token={},
    )
    stands = _likely_standing(inputs, market)
    orders = [
        *_coin_orders(stands, hubs, listed, market, inputs.policy),
        *_straight_orders(stands, hubs, inputs.position.pools, market),
        *_hub_orders(stands, hubs, market, inputs.policy),
    ]
    return laddered(orders)


def _traded_against(
    hubs: Sequence[Token], pools: Iterable[PoolRef]
) -> Mapping[Address, frozenset[Address]]:
    """Return the hubs that each token has an allowlisted pool with."""
    found: dict[Address, set[Address]] = {}
    addresses = {hub.address for hub in hubs}
    for ref in pools:
        for token, other in ((ref.token0, ref.token1), (ref.token1, ref.token0)):
            if other in addresses:
                found.setdefault(token, set()).add(other)
    return {token: frozenset(others) for token, others in found.items()}


def _likely_standing(inputs: PlanInputs, market: Market) -> Standing:
    """Return a standing at the market's prices; what has none counts as worth nothing."""
    policy = _with_spares(inputs.policy)
    held = held_tokens(inputs, market)
    # No pool is read yet: how deep they are is not known before these requests are answered.
    unmeasured = replace(inputs, vetting=replace(inputs.vetting, min_depth_usd=ZERO))
    screen = screened(unmeasured, market, held=held)
    wanted = basket(
        ranking=screen.ranking,
        regime=inputs.stance.regime,
        token_map=inputs.token_map,
        policy=policy,
        obstacle_by_token=market.obstacle_by_token,
        held=held,
        volatility_ppm_by_token=inputs.memory.volatility_ppm_by_token,
    )
    nothing = Price(usd=ZERO, source="none yet")
    prices = {token.address: nothing for token in known_tokens(inputs)}
    return standing(
        portfolio=inputs.position.portfolio,
        basket=wanted,
        market=replace(market, price_by_token={**prices, **market.price_by_token}),
        policy=policy,
        coin_by_token=coin_by_token(inputs.token_map),
        native=inputs.chain_book.hubs[0],
    )


def _with_spares(policy: Policy) -> Policy:
    if policy.universe is Universe.STRICT:
        return policy
    places = policy.index
    enter, leave = (p and p + SPARES for p in (places.enter_place, places.leave_place))
    return replace(
        policy,
        top_n=policy.top_n + SPARES,
        index=replace(places, enter_place=enter, leave_place=leave),
    )


def _coin_orders(
    stands: Standing,
    hubs: Sequence[Token],
    listed: Mapping[Address, frozenset[Address]],
    market: Market,
    policy: Policy,
) -> Iterator[Order]:
    for stand in stands.stands:
        for hub in hubs:
            if stand.token in hubs or hub.address not in listed.get(stand.token.address, ()):
                continue
            if stand.drift_usd > 0 or not stand.is_target:
                yield _order(Side.SELL, stand, stand.token, hub, _sold(stand, market))
            else:
                usd = max(-stand.drift_usd, policy.min_notional_usd)
                amount_in = amount_of(usd, hub, market.price_by_token[hub.address])
                yield _order(Side.BUY, stand, hub, stand.token, amount_in)


def _straight_orders(
    stands: Standing, hubs: Sequence[Token], pools: Iterable[PoolRef], market: Market
) -> Iterator[Order]:
    """Yield what is likely sold, against each coin likely bought that it has an allowlisted pool with."""
    pairs = {frozenset((ref.token0, ref.token1)) for ref in pools}
    coins = [stand for stand in stands.stands if stand.token not in hubs]
    bought = [stand.token for stand in coins if stand.is_target and stand.drift_usd < 0]
    for stand in coins:
        if stand.drift_usd > 0 or not stand.is_target:
            for other in bought:
                if frozenset((stand.token.address, other.address)) in pairs:
                    yield _order(Side.SELL, stand, stand.token, other, _sold(stand, market))


def _sold(stand: Stand, market: Market) -> int:
    if not stand.is_target:
        return stand.amount
    return amount_of(stand.drift_usd, stand.token, market.price_by_token[stand.token.address])


def _order(side: Side, stand: Stand, token_in: Token, token_out: Token, amount_in: int) -> Order:
    return Order(
        id=f"{side}:{stand.coin_id}",
        side=side,
        coin_id=stand.coin_id,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount_in,
        notional_usd=cents(abs(stand.drift_usd)),
        drift_ppm=stand.drift_ppm,
    )


def _hub_orders(
    stands: Standing, hubs: Sequence[Token], market: Market, policy: Policy
) -> Iterator[Order]:
    """Yield each pair of hubs at the portfolio's size: no conversion is larger."""
    usd = max(stands.total_usd, policy.min_notional_usd)
    for one, other in combinations(hubs, 2):
        yield Order(
            id=f"{Side.CONVERT}:{one.symbol}:{other.symbol}",
            side=Side.CONVERT,
            coin_id=f"{one.symbol}-{other.symbol}",
            token_in=one,
            token_out=other,
            amount_in=amount_of(usd, one, market.price_by_token[one.address]),
            notional_usd=cents(usd),
            drift_ppm=Ppm(0),
        )
