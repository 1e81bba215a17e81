"""Orders to legs: which hub a coin trades against, and which pools share its order.

`split_orders` is the one way from an order to its legs. Orders are settled one after the other on
what the orders before have left of the pools, in the integers of the pools themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agent.domain.order import Leg, Order, Side, SkippedOrder
from agent.domain.pool import swap_fee_pips
from agent.domain.quote import Quote, QuoteRequest
from agent.domain.swap import Shortfall, Unfillable
from agent.planning.gas import GasPrice, leg_gas
from agent.planning.money import usd_of
from agent.planning.pool_book import PoolBook
from agent.planning.quoting import quotes
from agent.planning.splitting import Candidate, Split
from agent.planning.swapping import mid_amount_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What became of orders: those that trade with their legs, the rest with the reason, all quotes."""

    orders: tuple[Order, ...]
    legs: tuple[Leg, ...]
    quotes: tuple[Quote, ...]
    skipped: tuple[SkippedOrder, ...]


def split_orders(orders: Sequence[Order], book: PoolBook) -> Routed:
    """Return the legs of each order over its pair's pools, and leave `book` as they leave the pools."""
    traded: list[Order] = []
    legs: list[Leg] = []
    considered: list[Quote] = []
    skipped: list[SkippedOrder] = []
    for order in orders:
        candidates = book.candidates(order)
        best = book.split(order)
        considered.extend(
            quotes(_at_full_size(order), candidates=candidates, split=best, leg_gas=leg_gas)
        )
        if isinstance(best, Unfillable):
            skipped.append(skipped_order(order, f"its pools cannot take it: {best.shortfall}"))
            continue
        traded.append(order)
        legs.extend(_legs(order, candidates, best))
        book.trade(swap.pool_after for swap in best.swaps if swap is not None)
    return Routed(
        orders=tuple(traded), legs=tuple(legs), quotes=tuple(considered), skipped=tuple(skipped)
    )


def skipped_order(order: Order, reason: str) -> SkippedOrder:
    coin = order.token_out if order.side is Side.BUY else order.token_in
    return SkippedOrder(
        coin_id=order.coin_id,
        symbol=coin.symbol,
        side=order.side,
        notional_usd=order.notional_usd,
        drift_ppm=order.drift_ppm,
        reason=reason,
    )


def best_order(
    alternatives: Sequence[Order], book: PoolBook, gas_price: GasPrice
) -> tuple[Order, tuple[Quote, ...]]:
    """Return the alternative (one per hub, at least one) that brings most, and the others' quotes.

    What an order brings is its output less gas, in dollars; of equals the first is taken. Where none
    can be filled the first stands, for `split_orders` to say why.
    """
    best = next((order for order in alternatives if book.proposes(order)), None) or max(
        alternatives, key=lambda order: _brings_usd(order, book, gas_price)
    )
    hub = best.token_out if best.side is Side.SELL else best.token_in
    return best, tuple(
        quote
        for order in alternatives
        if order is not best
        for quote in _lost_quotes(order, book, f"the order brings more through {hub.symbol}")
    )


def _brings_usd(order: Order, book: PoolBook, gas_price: GasPrice) -> Decimal:
    best = book.split(order)
    if isinstance(best, Unfillable):
        return Decimal("-Infinity")
    price = gas_price.price_by_token[order.token_out.address]
    return usd_of(best.net_amount_out, order.token_out, price)


def _lost_quotes(order: Order, book: PoolBook, verdict: str) -> Iterable[Quote]:
    unsplit = Unfillable(shortfall=Shortfall.NO_POOL, absorbed=0)
    for quote in quotes(
        _at_full_size(order), candidates=book.candidates(order), split=unsplit, leg_gas=leg_gas
    ):
        alone = "" if quote.amount_out else "; the pool cannot take it alone"
        yield replace(quote, verdict=verdict + alone)


def _at_full_size(order: Order) -> QuoteRequest:
    return QuoteRequest(
        order_id=order.id,
        token_in=order.token_in,
        token_out=order.token_out,
        amounts_in=(order.amount_in,),
    )


def _legs(order: Order, candidates: Sequence[Candidate], best: Split) -> Iterable[Leg]:
    for candidate, amount_in, swap in zip(candidates, best.allocations, best.swaps, strict=True):
        if swap is None:
            continue
        ref = candidate.pool.ref
        yield Leg(
            order_id=order.id,
            pool=ref.address,
            kind=ref.kind,
            page=ref.page,
            record=ref.record,
            zero_for_one=candidate.zero_for_one,
            token_in=order.token_in,
            token_out=order.token_out,
            amount_in=amount_in,
            amount_out=swap.amount_out,
            mid_amount_out=mid_amount_out(
                candidate.pool, zero_for_one=candidate.zero_for_one, amount_in=amount_in
            ),
            fee_pips=swap_fee_pips(candidate.pool, zero_for_one=candidate.zero_for_one),
            gas=leg_gas(ref.kind, swap.ticks_crossed),
        )
