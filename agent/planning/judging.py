"""What an order loses to prices and to depth, whichever tokens it is traded against.

All orders of a coin on one side count as one, since they share what is wanted of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.order import BatchLeg, Order, Side
from agent.domain.portfolio import PriceBook
from agent.domain.token import Token
from agent.planning.costs import bps, fee_out
from agent.planning.money import ZERO, usd_of
from agent.planning.splits import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All orders of a coin on one side, or one conversion, with their legs, under the name they go by."""

    label: str
    orders: tuple[Order, ...]
    legs: tuple[BatchLeg, ...]

    @property
    def side(self) -> Side:
        return self.orders[0].side

    @property
    def notional_usd(self) -> Decimal:
        return sum((order.notional_usd for order in self.orders), start=ZERO)

    def loss_bps(self, price_by_token: PriceBook) -> Decimal:
        """Return what is lost against the prices, in bps of what is sold."""
        sold = sum((_usd(o.amount_in, o.token_in, price_by_token) for o in self.orders), start=ZERO)
        bought = sum(
            (_usd(g.amount_out, g.token_out, price_by_token) for g in self.legs), start=ZERO
        )
        return bps(sold - bought, sold)

    def price_impact_bps(self, price_by_token: PriceBook) -> Decimal:
        """Return what is lost to the depth of the pools, fees apart, of what their prices promise."""
        promised = sum((_promised_usd(leg, price_by_token) for leg in self.legs), start=ZERO)
        brought = sum(
            (_usd(leg.amount_out, leg.token_out, price_by_token) for leg in self.legs), start=ZERO
        )
        return bps(promised - brought, promised)


def wholes(orders: Iterable[Order], legs: Iterable[BatchLeg]) -> Iterator[Whole]:
    """Yield the orders by what they are orders for, in the order of the first of each."""
    by_name: dict[str, list[Order]] = {}
    for order in orders:
        by_name.setdefault(name_of(order), []).append(order)
    legs_by_order = _by_order(legs)
    for called, parts in by_name.items():
        yield Whole(
            label=parts[0].id if parts[0].side is Side.CONVERT else called,
            orders=tuple(parts),
            legs=tuple(leg for order in parts for leg in legs_by_order.get(order.id, ())),
        )


def _by_order(legs: Iterable[BatchLeg]) -> Mapping[str, Sequence[BatchLeg]]:
    found: dict[str, list[BatchLeg]] = {}
    for leg in legs:
        found.setdefault(leg.order_id, []).append(leg)
    return found


def _usd(amount: int, token: Token, price_by_token: PriceBook) -> Decimal:
    return usd_of(amount, token, price_by_token[token.address])


def _promised_usd(leg: BatchLeg, price_by_token: PriceBook) -> Decimal:
    unit_usd = usd_of(1, leg.token_out, price_by_token[leg.token_out.address])
    return (leg.mid_amount_out - fee_out(leg)) * unit_usd
