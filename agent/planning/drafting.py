"""From inputs to everything that a proposal or a plan says, before either is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from agent.domain.order import Batch, Order, Side, SkippedOrder
from agent.domain.plan import CostPreview, PlanInputs
from agent.domain.pool import PoolState
from agent.domain.portfolio import Basket, Price
from agent.domain.quote import Quote
from agent.domain.token import Token, TokenMap
from agent.domain.units import Address, Ppm
from agent.planning.batching import batches
from agent.planning.costs import cost_preview
from agent.planning.desk import Desk
from agent.planning.gas import gas_price
from agent.planning.money import ZERO, cents
from agent.planning.pegs import check_pegs, free_to_leave, off_peg
from agent.planning.pool_calls import called
from agent.planning.pricing import Market, market
from agent.planning.rebalance import Wants
from agent.planning.rivals import with_routers
from agent.planning.screening import screened
from agent.planning.splits import Splits
from agent.planning.standing import Standing, coin_id, standing
from agent.planning.targets import basket
from agent.planning.trading import traded
from agent.planning.wanting import asked, held_tokens, usable_hubs


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a cycle would do on its inputs, with what that was decided from."""

    hubs: tuple[Token, ...]
    basket: Basket
    market: Market
    standing: Standing
    orders: tuple[Order, ...]
    skipped: tuple[SkippedOrder, ...]
    quotes: tuple[Quote, ...]
    batches: tuple[Batch, ...]
    cost: CostPreview

    @property
    def price_by_token(self) -> Mapping[Address, Price]:
        """Return the prices of the hubs and of what is held or wanted."""
        tokens = {*self.hubs, *(stand.token for stand in self.standing.stands)}
        return MappingProxyType(
            {t.address: self.market.price_by_token[t.address] for t in sorted(tokens)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is wanted of a cycle, before anything is said of how to trade it."""

    basket: Basket
    market: Market
    standing: Standing
    wants: Wants
    desk: Desk


def opened(inputs: PlanInputs) -> Opening:
    """Return what is wanted on normalised inputs.

    Raises:
        FeedUnusableError, InfeasibleTargetError: nothing can be planned on these inputs.
    """
    found = market(inputs)
    held = held_tokens(inputs, found)
    screen = screened(inputs, found, held=held)
    found = _without(screen.with_holds(found), inputs)
    off = off_peg(inputs, found)
    check_pegs(inputs, off)
    found = free_to_leave(inputs, found, off)
    wanted = basket(
        ranking=screen.ranking,
        regime=inputs.stance.regime,
        token_map=screen.token_map,
        policy=inputs.policy,
        obstacle_by_token={**found.obstacle_by_token, **off},
        held=held,
        volatility_ppm_by_token=inputs.memory.volatility_ppm_by_token,
    )
    wanted = screen.noted(wanted)
    stands = standing(
        portfolio=inputs.position.portfolio,
        basket=wanted,
        market=found,
        policy=inputs.policy,
        coin_by_token=coin_by_token(inputs.token_map),
        native=inputs.chain_book.hubs[0],
    )
    request = asked(inputs, wanted, stands, found)
    return Opening(
        basket=wanted,
        market=found,
        standing=request.standing,
        wants=request.wants,
        desk=_desk(inputs, found),
    )


def _without(found: Market, inputs: PlanInputs) -> Market:
    """Return the market with what was set aside in doubt, so that nothing trades it."""
    aside = {t: f"set aside: {why}" for t, why in inputs.set_aside_by_token.items()}
    return replace(found, doubt_by_token={**found.doubt_by_token, **aside})


def draft(inputs: PlanInputs, proposed: Splits | None = None) -> Draft:
    """Return what to do on normalised inputs, with the best splits or the proposed ones.

    Raises:
        FeedUnusableError, InfeasibleTargetError: nothing can be planned on these inputs.
        LogVerificationError: the proposed splits are not those of these inputs.
    """
    opening = opened(inputs)
    stands, desk = opening.standing, opening.desk
    routed = with_routers(traded(opening.wants, desk, proposed), inputs.offered, desk)
    contract, block = inputs.position.contract, inputs.position.block
    legs = called(
        routed.legs,
        desk.pools,
        taker=contract.address,
        slippage_bps=inputs.policy.max_slippage_bps,
        deadline=block.timestamp + inputs.policy.deadline_s,
    )
    planned = batches(
        tuple(legs),
        policy=inputs.policy,
        first_sequence=contract.sequence + 1,
        table=desk.gas_price.table,
        held={h.token.address: h.amount for h in inputs.position.portfolio.holdings},
    )
    left_alone = (
        *_left_alone(stands, opening.wants, desk),
        *_unpriced(inputs, opening.market),
    )
    return Draft(
        hubs=desk.hubs,
        basket=opening.basket,
        market=opening.market,
        standing=stands,
        orders=routed.orders,
        skipped=tuple(sorted((*routed.skipped, *left_alone), key=_largest_first)),
        quotes=tuple(sorted(routed.quotes, key=lambda q: (q.order_id, q.venue, q.amount_in))),
        batches=planned,
        cost=cost_preview(
            routed.orders,
            planned,
            gas_price=desk.gas_price,
            portfolio_usd=stands.total_usd,
            cash=desk.hubs[1:],
        ),
    )


def coin_by_token(token_map: TokenMap) -> Mapping[Address, str]:
    """Return the coin of each known token; the first by id where several share one."""
    stable = {coin: held.token for coin, held in token_map.stablecoin_by_coin.items()}
    tokens = stable | {coin: held.token for coin, held in token_map.held_by_coin.items()}
    return {token.address: coin for coin, token in sorted(tokens.items(), reverse=True)}


def _desk(inputs: PlanInputs, found: Market) -> Desk:
    pools: dict[Address, PoolState] = {}
    for pool in inputs.pools:
        pools.setdefault(pool.ref.address, pool)
    return Desk(
        hubs=usable_hubs(inputs, found),
        stable_hub=inputs.chain_book.stable_hub,
        market=found,
        policy=inputs.policy,
        gas_price=gas_price(
            inputs.position,
            inputs.policy,
            native=inputs.chain_book.hubs[0],
            price_by_token=found.price_by_token,
        ),
        pools=MappingProxyType(pools),
    )


def _left_alone(stands: Standing, wants: Wants, desk: Desk) -> Iterator[SkippedOrder]:
    """Yield the drifts that were neither due nor needed for balance; idle cash is none."""
    wanted = {aim.hub for aim in wants.aims if aim.more_usd > 0}
    wanted |= {want.stand.token for want in (*wants.sells, *wants.buys)}
    cash = set(desk.hubs[1:])
    for stand in stands.stands:
        is_cash = stand.token in cash and not stand.is_target
        reason = wants.reason_by_token.get(stand.token)
        if reason is None or stand.token in wanted or is_cash or stand.drift_usd == 0:
            continue
        yield SkippedOrder(
            coin_id=stand.coin_id,
            symbol=stand.token.symbol,
            side=Side.SELL if stand.drift_usd > 0 else Side.BUY,
            notional_usd=cents(abs(stand.drift_usd)),
            drift_ppm=stand.drift_ppm,
            reason=reason,
        )


def _unpriced(inputs: PlanInputs, found: Market) -> Iterator[SkippedOrder]:
    coins = coin_by_token(inputs.token_map)
    for holding in inputs.position.portfolio.holdings:
        address = holding.token.address
        if holding.amount > 0 and address not in found.price_by_token:
            yield SkippedOrder(
                coin_id=coin_id(holding.token, coins),
                symbol=holding.token.symbol,
                side=Side.SELL,
                notional_usd=cents(ZERO),
                drift_ppm=Ppm(0),
                reason=f"held, but without a price: {found.obstacle_by_token[address]}",
            )


def _largest_first(skip: SkippedOrder) -> tuple[object, ...]:
    return -skip.notional_usd, skip.coin_id, skip.side
