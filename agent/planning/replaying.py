"""What a replay needs of a recorded plan: its splits, and how far from the best they are."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from agent.domain.plan import Plan, PlanInputs
from agent.domain.swap import Unfillable
from agent.domain.units import Address
from agent.planning.costs import bps
from agent.planning.gas import gas_price
from agent.planning.money import ZERO, reckoned
from agent.planning.normal import normalised
from agent.planning.pool_book import PoolBook, Splits
from agent.planning.splitting import split


def splits_of(planned: Plan) -> Splits:
    """Return how much each order gives to which pool."""
    splits: dict[str, dict[Address, int]] = {}
    for batch in planned.batches:
        for leg in batch.legs:
            splits.setdefault(leg.order_id, {})[leg.pool] = leg.amount_in
    return MappingProxyType({order: MappingProxyType(shares) for order, shares in splits.items()})


@reckoned
def optimality_gap_bps(inputs: PlanInputs, planned: Plan) -> Decimal:
    """Return the most that another split would add to an order's output, gas counted; two decimals.

    Each order keeps its size and its hub, and meets the pools as the plan's orders before it leave
    them. Negative where every split of the plan beats what is found now, 0 without orders.

    Raises:
        LogVerificationError: a split of the plan is not one of its order.
    """
    inputs = normalised(inputs)
    prices = gas_price(
        inputs.position,
        native=inputs.chain_book.hubs[0],
        price_by_token=planned.price_by_token,
    )
    book = PoolBook(inputs.pools, prices, splits_of(planned))
    gaps = []
    for order in planned.orders:
        taken, best = book.split(order), split(order.amount_in, book.candidates(order))
        if isinstance(taken, Unfillable) or isinstance(best, Unfillable):
            continue
        more = Decimal(best.net_amount_out - taken.net_amount_out)
        gaps.append(bps(more, Decimal(taken.amount_out)))
        book.trade(swap.pool_after for swap in taken.swaps if swap is not None)
    return max(gaps, default=bps(ZERO, ZERO))
