"""Every pool that an order could have used: what it offers for the whole order, what it got, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.domain.order import Order, Side
from agent.domain.pool import PoolState
from agent.domain.quote import Quote, QuoteRequest
from agent.domain.swap import Shortfall, Unfillable
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.assembling import Assembled, Fill
from agent.planning.desk import Desk
from agent.planning.quoting import quotes
from agent.planning.rebalance import Want, Wants
from agent.planning.splits import Splits, name, order_id
from agent.planning.splitting import Candidate, Split

_Pair = tuple[Token, Token]
_NO_SPLIT = Unfillable(shortfall=Shortfall.NO_POOL, absorbed=0)


def considered(made: Assembled, splits: Splits, wants: Wants, desk: Desk) -> Iterator[Quote]:
    """Yield the quotes of every pool of each want and conversion, against each token it could take."""
    by_pair = _pools_by_pair(desk.pools.values())
    order_by_pair = {(order.token_in, order.token_out): order for order in made.orders}
    for order in made.orders:
        pools = by_pair[_key(order.token_in, order.token_out)]
        yield from _taken(order, made.fills_by_order[order.id], pools, desk)
    for want in (*wants.sells, *wants.buys):
        pairs = [pair for pair in _pairs(want, wants, desk) if _key(*pair) in by_pair]
        through = [pair for pair in pairs if pair in order_by_pair]
        verdict = _why_none(want, through, splits)
        for pair in pairs:
            if pair not in order_by_pair:
                yield from _lost(want, pair, by_pair[_key(*pair)], desk, verdict)


def _pools_by_pair(pools: Iterable[PoolState]) -> Mapping[frozenset[Address], list[PoolState]]:
    found: dict[frozenset[Address], list[PoolState]] = {}
    for pool in pools:
        found.setdefault(frozenset({pool.ref.token0, pool.ref.token1}), []).append(pool)
    return found


def _key(one: Token, other: Token) -> frozenset[Address]:
    return frozenset({one.address, other.address})


def _pairs(want: Want, wants: Wants, desk: Desk) -> Iterator[_Pair]:
    """Yield (token in, token out) for all that the want could be traded against."""
    coin = want.stand.token
    if want.side is Side.BUY:
        yield from ((hub, coin) for hub in desk.hubs)
        return
    bought = (other.stand.token for other in wants.buys)
    yield from ((coin, other) for other in (*desk.hubs, *bought))


def _why_none(want: Want, through: Sequence[_Pair], splits: Splits) -> str:
    reason = splits.reason_by_name.get(name(want.side, want.stand.coin_id))
    if reason is not None:
        return f"order not traded: {reason}"
    others = [out if want.side is Side.SELL else token_in for token_in, out in through]
    symbols = " and ".join(token.symbol for token in others) or "another coin that is sold"
    return f"the order brings more through {symbols}"


def _taken(
    order: Order, fills: Sequence[Fill], pools: Sequence[PoolState], desk: Desk
) -> tuple[Quote, ...]:
    fill_by_pool = {fill.leg.pool: fill for fill in fills}
    found = [fill_by_pool.get(pool.ref.address) for pool in pools]
    split = Split(
        allocations=tuple(fill.leg.amount_in if fill else 0 for fill in found),
        swaps=tuple(fill.swap if fill else None for fill in found),
        amount_out=sum(fill.leg.amount_out for fill in fills),
        cost_out=0,
    )
    request = QuoteRequest(
        order_id=order.id,
        token_in=order.token_in,
        token_out=order.token_out,
        amounts_in=(order.amount_in,),
    )
    candidates = _candidates(pools, order.token_in)
    return quotes(request, candidates=candidates, split=split, leg_gas=desk.gas_price.table.leg)


def _lost(
    want: Want, pair: _Pair, pools: Sequence[PoolState], desk: Desk, verdict: str
) -> Iterator[Quote]:
    token_in, token_out = pair
    is_sell = want.side is Side.SELL
    amount_in = want.amount if is_sell else desk.amount(want.notional_usd, token_in)
    if amount_in <= 0:
        return
    other = token_out if is_sell else token_in
    request = QuoteRequest(
        order_id=order_id(want.side, want.stand.coin_id, other.symbol),
        token_in=token_in,
        token_out=token_out,
        amounts_in=(amount_in,),
    )
    candidates = _candidates(pools, token_in)
    for quote in quotes(
        request, candidates=candidates, split=_NO_SPLIT, leg_gas=desk.gas_price.table.leg
    ):
        alone = "" if quote.amount_out else "; the pool cannot take it alone"
        yield replace(quote, verdict=verdict + alone)


def _candidates(pools: Iterable[PoolState], token_in: Token) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(pool=pool, zero_for_one=pool.ref.token0 == token_in.address, gas_cost_out=0)
        for pool in pools
    )
