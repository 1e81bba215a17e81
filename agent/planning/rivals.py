"""Aggregators against pools: an order, or a part of it, goes where it brings more with gas counted.

A router takes part of an order by leaving the pools the rest, in the proportions that they had. No
liquidity is counted twice: a route through a pool that the plan uses itself is not combined with it, and
one that does not say where it leads is not combined with any pool that it might lead through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.domain.offer import FirmOffer, Offer, Offered
from agent.domain.order import BatchLeg, Leg, Order, RouterLeg
from agent.domain.quote import Quote
from agent.domain.swap import Unfillable
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS
from agent.planning.desk import Desk
from agent.planning.metering import swap_gas
from agent.planning.swapping import mid_amount_out, swap_exact_in
from agent.planning.trading import Routed

ROUTER_GAS = 80_000
"""What a router leg costs beside the service's estimate: approval, its revocation, calldata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """An offer beside the pools that keep the rest of an order; amounts in base units of the output.

    `gain` is what it brings beyond the pools alone, gas counted.
    """

    offer: Offer
    kept: tuple[Leg, ...]
    gain: int


def rival(offer: Offer, order: Order, legs: Sequence[Leg], desk: Desk) -> Rival | None:
    """Return what an offer would do for an order; None where it cannot take part in it.

    With less than the pools alone bring it is no rival, however cheap its gas: later legs may count on
    every unit.
    """
    is_its = (offer.token_in, offer.token_out) == (order.token_in.address, order.token_out.address)
    if not is_its or not 0 < offer.amount_in <= order.amount_in:
        return None
    kept = _kept(legs, order.amount_in - offer.amount_in, desk)
    if kept is None or _meets(offer, kept, desk):
        return None
    alone = sum(leg.amount_out for leg in legs)
    together = offer.amount_out + sum(leg.amount_out for leg in kept)
    if together < alone:
        return None
    gas = offer.gas + ROUTER_GAS + sum(leg.gas for leg in kept)
    saved = desk.gas_price.in_token(sum(leg.gas for leg in legs), order.token_out)
    cost = desk.gas_price.in_token(gas, order.token_out)
    return Rival(offer=offer, kept=kept, gain=together - alone - cost + saved)


def _meets(offer: Offer, legs: Iterable[Leg], desk: Desk) -> bool:
    """Return whether a route may lead through the pool of one of the legs.

    What it does not say leads through pools of its coin, or between hubs.
    """
    hubs = {hub.address for hub in desk.hubs}
    coins = {offer.token_in, offer.token_out} - hubs
    for leg in legs:
        tokens = {leg.token_in.address, leg.token_out.address}
        if leg.pool in offer.pools:
            return True
        if not offer.names_all_pools and (tokens & coins or tokens <= hubs):
            return True
    return False


def _kept(legs: Sequence[Leg], left: int, desk: Desk) -> tuple[Leg, ...] | None:
    """Return the legs scaled to what is left of the order; None where a pool refuses its part."""
    whole = sum(leg.amount_in for leg in legs)
    shares = [leg.amount_in * left // whole for leg in legs]
    shares[max(range(len(legs)), key=lambda i: legs[i].amount_in)] += left - sum(shares)
    scaled = [_scaled(leg, share, desk) for leg, share in zip(legs, shares, strict=True) if share]
    return None if None in scaled else tuple(leg for leg in scaled if leg is not None)


def _scaled(leg: Leg, amount_in: int, desk: Desk) -> Leg | None:
    pool = desk.pools[leg.pool]
    swap = swap_exact_in(pool, zero_for_one=leg.zero_for_one, amount_in=amount_in)
    if isinstance(swap, Unfillable):
        return None
    return replace(
        leg,
        amount_in=amount_in,
        amount_out=swap.amount_out,
        mid_amount_out=mid_amount_out(pool, zero_for_one=leg.zero_for_one, amount_in=amount_in),
        gas=swap_gas(desk.gas_price.table, pool, swap),
    )


def legs_by_order(legs: Sequence[BatchLeg]) -> Mapping[str, tuple[Leg, ...]]:
    """Return the legs of each order that pools alone fill."""
    found: dict[str, tuple[Leg, ...]] = {}
    for leg in legs:
        if isinstance(leg, Leg):
            found[leg.order_id] = (*found.get(leg.order_id, ()), leg)
    called = {leg.order_id for leg in legs if isinstance(leg, RouterLeg)}
    return {order_id: group for order_id, group in found.items() if order_id not in called}


def with_routers(routed: Routed, offered: Offered, desk: Desk) -> Routed:
    """Return the trades with routers in the place of pools where they bring more."""
    if not offered.offers and not offered.firm:
        return routed
    legs = legs_by_order(routed.legs)
    taken = _taken(routed, offered.firm, legs, desk)
    return replace(
        routed,
        legs=tuple(_with(routed, taken, legs, desk)),
        quotes=(*_told(routed.quotes, taken), *_offer_quotes(offered, taken)),
    )


Taken = tuple[FirmOffer, Rival]


def _taken(
    routed: Routed,
    firm: Sequence[FirmOffer],
    legs: Mapping[str, tuple[Leg, ...]],
    desk: Desk,
) -> Mapping[str, Taken]:
    """Return a rival for each order that one fits: those that gain most in dollars claim their pools first."""
    options = [
        (desk.usd(best.gain, order.token_out), order, offer, best)
        for order in routed.orders
        for offer in firm
        if offer.offer.order_id == order.id
        and order.id in legs
        and (best := rival(offer.offer, order, legs[order.id], desk)) is not None
        and best.gain > 0
    ]
    options.sort(key=lambda option: (-option[0], option[1].id, option[2].offer.service))
    standing = dict(legs)
    taken: dict[str, Taken] = {}
    for _, order, offer, best in options:
        others = [leg for i, group in standing.items() if i != order.id for leg in group]
        rivals = (other for _, other in taken.values())
        is_free = order.id not in taken and not _meets(best.offer, others, desk)
        if is_free and not _crosses(best, rivals):
            standing[order.id] = best.kept
            taken[order.id] = (offer, best)
    return taken


def _crosses(one: Rival, others: Iterable[Rival]) -> bool:
    """Return whether routes share a pool by name; unnamed ones are told apart by their coins."""
    pools = set(one.offer.pools)
    coins = {one.offer.token_in, one.offer.token_out}
    for other in others:
        same_pair = {other.offer.token_in, other.offer.token_out} == coins
        if pools & set(other.offer.pools) or same_pair:
            return True
    return False


def _with(
    routed: Routed, taken: Mapping[str, Taken], legs: Mapping[str, tuple[Leg, ...]], desk: Desk
) -> Iterator[BatchLeg]:
    orders = {order.id: order for order in routed.orders}
    done: set[str] = set()
    for leg in routed.legs:
        if leg.order_id not in taken:
            yield leg
        elif leg.order_id not in done:
            done.add(leg.order_id)
            offer, best = taken[leg.order_id]
            yield _router_leg(offer, orders[leg.order_id], legs[leg.order_id], desk)
            yield from best.kept


def _router_leg(firm: FirmOffer, order: Order, legs: Sequence[Leg], desk: Desk) -> RouterLeg:
    """Return the leg of an offer; what the pools' prices would pay is theirs, in its share."""
    offer, whole = firm.offer, sum(leg.amount_in for leg in legs)
    kept_bps = ONE_HUNDRED_PERCENT_BPS - desk.policy.max_slippage_bps
    promised = sum(leg.mid_amount_out for leg in legs) * offer.amount_in // whole
    return RouterLeg(
        order_id=order.id,
        venue=offer.service,
        router=firm.call.router,
        token_in=order.token_in,
        token_out=order.token_out,
        amount_in=offer.amount_in,
        amount_out=offer.amount_out,
        min_amount_out=offer.amount_out * kept_bps // ONE_HUNDRED_PERCENT_BPS,
        mid_amount_out=max(promised, offer.amount_out),
        gas=offer.gas + ROUTER_GAS,
        calldata=firm.call.data,
    )


def _told(quotes: Sequence[Quote], taken: Mapping[str, Taken]) -> Iterator[Quote]:
    """Yield the pools' quotes; of orders that a router took over, with that said."""
    for quote in quotes:
        if quote.order_id in taken and quote.taken_amount_in:
            offer, best = taken[quote.order_id]
            words = f"{offer.offer.service} pays {best.gain} more for {offer.offer.amount_in}"
            yield replace(quote, verdict=f"{quote.verdict}; {words}")
        else:
            yield quote


def _offer_quotes(offered: Offered, taken: Mapping[str, Taken]) -> Iterator[Quote]:
    for offer in offered.offers:
        winner = taken.get(offer.order_id)
        is_taken = winner is not None and _size(winner[0].offer) == _size(offer)
        yield Quote(
            order_id=offer.order_id,
            venue=offer.service,
            amount_in=offer.amount_in,
            amount_out=offer.amount_out,
            gas=offer.gas,
            taken_amount_in=offer.amount_in if is_taken else 0,
            verdict="taken" if is_taken else "others pay more, or it was not made firm",
        )


def _size(offer: Offer) -> tuple[str, int]:
    return offer.service, offer.amount_in
