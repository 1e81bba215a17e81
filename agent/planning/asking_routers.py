"""What aggregators are asked: a ladder of sizes of each order, and the offers of it to be made firm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.offer import Ask, Offer, Service
from agent.domain.order import BatchLeg, Leg, Order
from agent.domain.plan import Plan, PlanInputs
from agent.planning.desk import Desk
from agent.planning.drafting import opened
from agent.planning.money import ZERO, reckoned
from agent.planning.normal import normalised
from agent.planning.rivals import ROUTER_GAS, legs_by_order, rival

FINALISTS = 3
"""Services that are asked for a firm offer of one order: calldata may be refused, pools may be claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far aggregators are asked: `sizes` of each order, of at most `orders` orders."""

    sizes: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivalry:
    """Orders as the pools alone would fill them, to be held against what aggregators offer."""

    inputs: PlanInputs
    orders: tuple[Order, ...]
    legs: tuple[BatchLeg, ...]
    desk: Desk

    def ladder(self, reach: Reach) -> tuple[Ask, ...]:
        """Return the asks, those first that can gain most: whole orders, then halves, quarters ...

        What an order can gain at most is what it loses in the pools to fees and depth; where that is
        less than a router's gas, nothing is asked.
        """
        legs = legs_by_order(self.legs)
        lost = [(self._lost_usd(o, legs[o.id]), o) for o in self.orders if o.id in legs]
        worth = sorted((x for x in lost if x[0] > 0), key=lambda x: (-x[0], x[1].id))
        chosen = [order for _, order in worth[: reach.orders]]
        return tuple(
            self._ask(order, order.amount_in >> halvings)
            for halvings in range(reach.sizes)
            for order in chosen
            if order.amount_in >> halvings > 0
        )

    def finalists(self, offers: Sequence[Offer]) -> tuple[tuple[Service, Ask], ...]:
        """Return the offers to be made firm: of each order the best of the services that gain most."""
        legs = legs_by_order(self.legs)
        return tuple(
            (offer.service, self._ask(order, offer.amount_in))
            for order in self.orders
            if order.id in legs
            for offer in self._best(order, legs[order.id], offers)
        )

    def _best(self, order: Order, legs: Sequence[Leg], offers: Sequence[Offer]) -> Iterator[Offer]:
        rivals = (rival(o, order, legs, self.desk) for o in offers if o.order_id == order.id)
        gaining = sorted((r for r in rivals if r and r.gain > 0), key=lambda r: -r.gain)
        services: list[Service] = []
        for found in gaining:
            if found.offer.service not in services and len(services) < FINALISTS:
                services.append(found.offer.service)
                yield found.offer

    def _lost_usd(self, order: Order, legs: Sequence[Leg]) -> Decimal:
        lost = sum(leg.mid_amount_out - leg.amount_out for leg in legs)
        gas = max(0, ROUTER_GAS - sum(leg.gas for leg in legs))
        cost = self.desk.gas_price.in_token(gas, order.token_out)
        return self.desk.usd(lost - cost, order.token_out) if lost > cost else ZERO

    def _ask(self, order: Order, amount_in: int) -> Ask:
        contract = self.inputs.position.contract
        return Ask(
            order_id=order.id,
            token_in=order.token_in,
            token_out=order.token_out,
            amount_in=amount_in,
            taker=contract.address,
            origin=contract.agent,
            slippage_bps=self.inputs.policy.max_slippage_bps,
            gas_price_wei=self.desk.gas_price.wei_per_gas,
        )


@reckoned
def rivalry(inputs: PlanInputs, planned: Plan) -> Rivalry:
    """Return what the pools alone make of the inputs, as planned, to be held against others.

    Raises:
        FeedUnusableError, InfeasibleTargetError: nothing can be planned on these inputs.
    """
    inputs = normalised(inputs)
    legs = tuple(leg for batch in planned.batches for leg in batch.legs)
    return Rivalry(inputs=inputs, orders=planned.orders, legs=legs, desk=opened(inputs).desk)
