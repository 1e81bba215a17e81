"""At which sizes venues are asked about an order."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from agent.domain.order import Order
from agent.domain.quote import QuoteRequest

RUNGS = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1))
"""Shares of an order. Halving shows how a price falls with size; what a split takes lies in between."""


def quote_requests(orders: Iterable[Order]) -> tuple[QuoteRequest, ...]:
    """Return one request per order, at distinct rising sizes of one base unit at least."""
    return tuple(
        QuoteRequest(
            order_id=order.id,
            token_in=order.token_in,
            token_out=order.token_out,
            amounts_in=rungs(order.amount_in),
        )
        for order in orders
    )


def rungs(amount_in: int) -> tuple[int, ...]:
    return tuple(sorted({max(1, int(amount_in * share)) for share in RUNGS}))
