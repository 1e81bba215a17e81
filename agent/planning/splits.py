"""What a plan's search decides: how much goes through which pool, and what is left out.

All else follows in integers, so that whoever has these and the inputs gets the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.domain.offer import Service
from agent.domain.order import Order, Side
from agent.domain.plan import Plan
from agent.domain.quote import Quote
from agent.domain.units import Address

SERVICES = frozenset(Service)
"""Venues that take over what pools were given: which of them did follows from the inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one pool is given: `amount_in` base units of one of its tokens."""

    pool: Address
    token_in: Address
    amount_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Shares in an order in which each can be paid for, and why other orders, by name, have none."""

    shares: tuple[Share, ...]
    reason_by_name: Mapping[str, str]


def splits_of(planned: Plan) -> Splits:
    """Return what was decided of a plan: what its quotes say was taken, order by order."""
    taken: dict[str, list[Quote]] = {}
    for quote in planned.quotes:
        if quote.taken_amount_in and quote.venue not in SERVICES:
            taken.setdefault(quote.order_id, []).append(quote)
    return Splits(
        shares=tuple(
            Share(
                pool=Address(quote.venue),
                token_in=order.token_in.address,
                amount_in=quote.taken_amount_in,
            )
            for order in planned.orders
            for quote in taken.get(order.id, ())
        ),
        reason_by_name=MappingProxyType(
            {name(skip.side, skip.coin_id): skip.reason for skip in planned.skipped}
        ),
    )


def name(side: Side, coin_id: str) -> str:
    """Return what all the orders of a coin on one side, or between two hubs, go by together."""
    return f"{side}:{coin_id}"


def conversion_name(symbol_in: str, symbol_out: str) -> str:
    return name(Side.CONVERT, f"{symbol_in}-{symbol_out}")


def name_of(order: Order) -> str:
    return name(order.side, order.coin_id)


def order_id(side: Side, coin_id: str, against: str) -> str:
    return f"{name(side, coin_id)}:{against}"


def conversion_id(symbol_in: str, symbol_out: str) -> str:
    return order_id(Side.CONVERT, symbol_in, symbol_out)


def another_coin(coin_id: str) -> str:
    """Return how the id of a sell names the coin that it buys without a hub between."""
    return f"={coin_id}"


def coins_of(order: Order) -> tuple[str, ...]:
    """Return the coins that an order is for: one, none of a conversion, two where no hub is between."""
    if order.side is Side.CONVERT:
        return ()
    _, is_direct, bought = order.id.partition(":=")
    return (order.coin_id, bought) if is_direct else (order.coin_id,)
