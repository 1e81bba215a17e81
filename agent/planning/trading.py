"""Wants to orders and their legs: sells, conversions between hubs, buys.

Each phase is sized on what the phases before it guarantee, so that no leg depends on a price better
than a floor. What comes in beyond the floors stays in the hubs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agent.domain.order import Order, SkippedOrder
from agent.domain.pool import PoolKind
from agent.domain.quote import Quote
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Ppm
from agent.planning.conversions import conversions
from agent.planning.desk import Desk, skipped_want
from agent.planning.money import ZERO, cents
from agent.planning.purse import Purse
from agent.planning.rebalance import HubAim, Want, Wants
from agent.planning.routing import Routed, best_order, skipped_order, split_orders

UNPAID = "too little cash for it after what comes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affordable:
    """The buys that can be paid for, each `share` of what is wanted, and those that cannot."""

    share: Decimal
    buys: tuple[Want, ...]
    dropped: tuple[Want, ...]


def traded(wants: Wants, desk: Desk, *, native_drift_ppm: Ppm) -> Routed:
    """Return what the wants come to: orders and legs in the order of their execution."""
    purse = Purse({aim.hub: aim.amount for aim in wants.aims}, desk.policy.max_slippage_bps)
    sells, sell_side = _through_hubs(wants.sells, desk)
    sold = split_orders(sells, desk.book)
    purse.book(sold.legs)

    paid = affordable(wants, purse, desk)
    buys, buy_side = _through_hubs(paid.buys, desk)
    needs = {aim.hub: _need(aim, buys, paid.share, desk) for aim in wants.aims}
    converted = split_orders(
        conversions(wants.aims, needs, purse, desk, drift_ppm=native_drift_ppm), desk.book
    )
    purse.book(converted.legs)

    fitted, too_small = _fitted(buys, wants.aims, purse, desk)
    bought = split_orders(fitted, desk.book)
    sold, bought = _arranged(sold, v4_last=True), _arranged(bought, v4_last=False)
    dropped = tuple(skipped_want(want, UNPAID) for want in paid.dropped)
    return _joined(
        (
            sold,
            converted,
            bought,
            sell_side,
            buy_side,
            replace(NOTHING, skipped=too_small + dropped),
        )
    )


def _arranged(routed: Routed, *, v4_last: bool) -> Routed:
    """Return the same with its v4 legs at one end, where those of the other phases meet them.

    V4 legs in a row settle together. Within a phase all spend what is there before it, and no pool
    is of two kinds: each leg brings the same wherever it stands.
    """
    legs = sorted(routed.legs, key=lambda leg: (leg.kind is PoolKind.V4) == v4_last)
    return replace(routed, legs=tuple(legs))


NOTHING = Routed(orders=(), legs=(), quotes=(), skipped=())


def _joined(parts: Sequence[Routed]) -> Routed:
    return Routed(
        orders=tuple(order for part in parts for order in part.orders),
        legs=tuple(leg for part in parts for leg in part.legs),
        quotes=tuple(quote for part in parts for quote in part.quotes),
        skipped=tuple(skip for part in parts for skip in part.skipped),
    )


def _through_hubs(wants: Iterable[Want], desk: Desk) -> tuple[tuple[Order, ...], Routed]:
    """Return each want as an order through its best hub; beside them the lost quotes and the skipped."""
    orders: list[Order] = []
    lost: list[Quote] = []
    skipped: list[SkippedOrder] = []
    for want in wants:
        alternatives = desk.alternatives(want)
        if not alternatives:
            skipped.append(skipped_want(want, "no pool, or nothing to trade, at this size"))
            continue
        order, others = best_order(alternatives, desk.book, desk.gas_price)
        orders.append(order)
        lost.extend(others)
    return tuple(orders), replace(NOTHING, quotes=tuple(lost), skipped=tuple(skipped))


def affordable(wants: Wants, purse: Purse, desk: Desk) -> Affordable:
    """Return the same share of every buy, as large as the money allows, at most one.

    Buys that this makes too small are dropped, smallest first, and leave their money to the others.
    """
    available = sum(
        (max(ZERO, desk.usd(purse.sure(aim.hub) - aim.keep, aim.hub)) for aim in wants.aims),
        start=ZERO,
    )
    more = sum((aim.more_usd for aim in wants.aims), start=ZERO)
    buys = sorted(wants.buys, key=lambda want: -want.notional_usd)
    dropped: list[Want] = []
    while True:
        needed = more + sum((want.notional_usd for want in buys), start=ZERO)
        share = min(Decimal(1), available / needed) if needed else Decimal(1)
        if share == 1 or not buys or _is_enough(buys[-1].notional_usd * share, desk):
            break
        dropped.append(buys.pop())
    kept = {want.stand.token for want in buys}
    return Affordable(
        share=share,
        buys=tuple(
            replace(want, notional_usd=want.notional_usd * share)
            for want in wants.buys
            if want.stand.token in kept
        ),
        dropped=tuple(dropped),
    )


def _is_enough(usd: Decimal, desk: Desk) -> bool:
    return usd >= desk.policy.min_notional_usd and usd > 0


def _need(aim: HubAim, buys: Sequence[Order], share: Decimal, desk: Desk) -> int:
    """Return the base units that a hub must hold before the buys."""
    return aim.keep + desk.amount(aim.more_usd * share, aim.hub) + _spent(aim.hub, buys)


def _spent(hub: Token, buys: Sequence[Order]) -> int:
    return sum(order.amount_in for order in buys if order.token_in == hub)


def _fitted(
    buys: Sequence[Order], aims: Sequence[HubAim], purse: Purse, desk: Desk
) -> tuple[tuple[Order, ...], tuple[SkippedOrder, ...]]:
    """Return the buys cut to what their hubs surely have, hub by hub, and those cut to too little."""
    fitted: list[Order] = []
    too_small: list[SkippedOrder] = []
    asked = {aim.hub: _spent(aim.hub, buys) for aim in aims}
    paid = {aim.hub: min(max(0, purse.sure(aim.hub) - aim.keep), asked[aim.hub]) for aim in aims}
    for order in buys:
        cut = _cut(order, paid[order.token_in], asked[order.token_in], desk)
        if cut.amount_in > 0 and cut.notional_usd >= _least_after_floors(desk):
            fitted.append(cut)
        else:
            too_small.append(skipped_order(order, UNPAID))
    return tuple(fitted), tuple(too_small)


def _cut(order: Order, available: int, asked: int, desk: Desk) -> Order:
    amount_in = order.amount_in * available // asked
    return replace(
        order, amount_in=amount_in, notional_usd=cents(desk.usd(amount_in, order.token_in))
    )


def _least_after_floors(desk: Desk) -> Decimal:
    """Return the minimum notional less two slippages: what floors hold back drops no order."""
    kept_bps = max(0, ONE_HUNDRED_PERCENT_BPS - 2 * desk.policy.max_slippage_bps)
    return desk.policy.min_notional_usd * kept_bps / ONE_HUNDRED_PERCENT_BPS
