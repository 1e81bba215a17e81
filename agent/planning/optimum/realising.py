"""From flows in floats to legs in integers, each covered by the floors of those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.domain.order import Side
from agent.domain.swap import Unfillable
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address, Bps
from agent.planning.optimum.network import Route
from agent.planning.optimum.priced import Flow, Priced
from agent.planning.optimum.problem import BasketLeg
from agent.planning.optimum.terms import Terms
from agent.planning.swapping import swap_exact_in


def realise(
    priced: Priced, terms: Terms, *, slippage_bps: Bps
) -> tuple[tuple[BasketLeg, ...], Mapping[Address, int]]:
    """Return the legs, and what of each sale no pool would take.

    Token by token, what is surely there by then is shared out in the proportions of the flows: sales
    first, then each hub after all that convert into it. A sale is spent to the last unit; of a hub, its
    own share stays, and what rounding or a pool leaves over. What comes in beyond the floors counts
    towards the share that stays.
    """
    ready = {**terms.spendable, **terms.sold}
    expected = dict(ready)
    legs: list[BasketLeg] = []
    by_source = _by_source(priced.flows)
    for token in (*terms.sold, *_hubs_in_order(terms.hubs, by_source)):
        flows = by_source.get(token, ())
        stays = _staying(expected[token], flows, priced.stays_by_hub.get(token, 0.0))
        for leg in _spend(min(ready[token], expected[token] - stays), flows, stays, terms):
            legs.append(leg)
            ready[token] -= leg.amount_in
            if leg.token_out in terms.spendable:
                ready[leg.token_out] += _floor(leg.amount_out, slippage_bps)
                expected[leg.token_out] += leg.amount_out
    return tuple(legs), {token: ready[token] for token in terms.sold if ready[token]}


def _by_source(flows: Sequence[Flow]) -> dict[Address, list[Flow]]:
    found: dict[Address, list[Flow]] = {}
    for flow in flows:
        found.setdefault(flow.route.token_in, []).append(flow)
    return found


def _hubs_in_order(
    hubs: Sequence[Address], by_source: Mapping[Address, Sequence[Flow]]
) -> tuple[Address, ...]:
    """Return the hubs, each after those that convert into it; what converts in a circle comes late."""
    into = {hub: {flow.route.token_out for flow in by_source.get(hub, ())} for hub in hubs}
    waiting, found = list(hubs), []
    while waiting:
        free = (hub for hub in waiting if not any(hub in into[other] for other in waiting))
        found.append(next(free, waiting[0]))
        waiting.remove(found[-1])
    return tuple(found)


def _staying(expected: int, flows: Sequence[Flow], stays: float) -> int:
    """Return the part of what is expected that stays, in the proportion of what stays to the flows."""
    whole = stays + sum(flow.amount_in for flow in flows)
    return min(expected, int(expected * (stays / whole))) if stays > 0.0 else 0


def _spend(available: int, flows: Sequence[Flow], stays: int, terms: Terms) -> Iterator[BasketLeg]:
    """Yield one token's legs, the smallest first.

    What a pool refuses of a sale the larger ones take; of a hub it stays, so that no purchase eats
    another's budget.
    """
    carried = 0
    for share, flow in sorted(_shares(available, flows, stays), key=lambda pair: pair[0]):
        wanted = share + carried
        leg = _leg(flow.route, wanted, terms)
        if flow.route.token_in in terms.sold:
            carried = wanted - (leg.amount_in if leg else 0)
        if leg:
            yield leg


def _shares(available: int, flows: Sequence[Flow], stays: int) -> list[tuple[int, Flow]]:
    """Return the integer inputs in the flows' proportions; nothing may be left where nothing stays."""
    whole, rest = sum(flow.amount_in for flow in flows), available
    shares = []
    for flow in flows:
        shares.append(max(0, min(int(available * (flow.amount_in / whole)), rest)))
        rest -= shares[-1]
    if shares and stays == 0:
        shares[shares.index(max(shares))] += rest
    return [(share, flow) for share, flow in zip(shares, flows, strict=True) if share > 0]


def _leg(route: Route, amount_in: int, terms: Terms) -> BasketLeg | None:
    """Return the swap of as much of `amount_in` as the pool takes; None where it takes nothing."""
    swap = swap_exact_in(route.pool, zero_for_one=route.zero_for_one, amount_in=amount_in)
    if isinstance(swap, Unfillable):
        return _leg(route, swap.absorbed, terms) if 0 < swap.absorbed < amount_in else None
    ends = [token for token in (route.token_in, route.token_out) if token not in terms.spendable]
    return BasketLeg(
        purpose=_purpose(route, terms),
        coin=ends[0] if ends else None,
        pool=route.pool,
        zero_for_one=route.zero_for_one,
        token_in=route.token_in,
        token_out=route.token_out,
        amount_in=amount_in,
        amount_out=swap.amount_out,
        ticks_crossed=swap.ticks_crossed,
    )


def _purpose(route: Route, terms: Terms) -> Side:
    if route.token_in in terms.sold:
        return Side.SELL
    return Side.CONVERT if route.token_out in terms.spendable else Side.BUY


def _floor(amount_out: int, slippage_bps: Bps) -> int:
    """Return what is surely there; rounded down leg by leg, it never exceeds the floor of a batch."""
    return amount_out * (ONE_HUNDRED_PERCENT_BPS - slippage_bps) // ONE_HUNDRED_PERCENT_BPS
