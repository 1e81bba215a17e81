"""Which orders of a basket are better left alone: no route, too thin, or not worth their gas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address, Bps
from agent.planning.optimum.network import Route, connected, reached
from agent.planning.optimum.priced import Flow, Priced
from agent.planning.optimum.problem import Obstacle, Unplaced
from agent.planning.optimum.terms import Terms


def useful(routes: Sequence[Route], terms: Terms) -> tuple[Route, ...]:
    """Return the routes that lie between what there is and what is wanted."""
    held = [hub for hub, amount in terms.spendable.items() if amount > 0]
    ends = [token for token, share in terms.share.items() if share > 0]
    return connected(routes, sources=(*terms.sold, *held), ends=ends)


def unreachable(routes: Sequence[Route], terms: Terms) -> tuple[Unplaced, ...]:
    """Return the orders that none of the useful routes serves."""
    left, entered = {r.token_in for r in routes}, {r.token_out for r in routes}
    held = {hub for hub, amount in terms.spendable.items() if amount > 0}
    lost = [token for token in terms.sold if token not in left]
    lost += [t for t, share in terms.share.items() if share > 0 and t not in entered | held]
    return tuple(Unplaced(token=token, obstacle=Obstacle.NO_ROUTE) for token in lost)


def too_dear(
    priced: Priced, terms: Terms, *, cash: Address, max_loss_bps: Bps
) -> tuple[Unplaced, ...]:
    """Return the hubs, other than `cash`, that are to be kept but cost too much in terms of another.

    They are to blame for what orders that end in them lose.
    """
    ratio = {hub: priced.usd_by_token[hub] / terms.usd[hub] for hub in terms.hubs}
    fair = min(ratio.values())
    loss_by_hub = {
        hub: round((1 - fair / ratio[hub]) * ONE_HUNDRED_PERCENT_BPS)
        for hub, share in terms.share.items()
        if hub in ratio and hub != cash and share > 0
    }
    return tuple(
        Unplaced(token=hub, obstacle=Obstacle.TOO_THIN, loss_bps=loss_bps)
        for hub, loss_bps in loss_by_hub.items()
        if loss_bps > max_loss_bps
    )


def too_costly(priced: Priced, terms: Terms, *, max_loss_bps: Bps) -> tuple[Unplaced, ...]:
    """Return the orders and conversions that do not fit, lose too much, or bring no more than their gas."""
    orders = (*terms.sold, *terms.bought)
    unfilled = [token for token in orders if token not in priced.usd_by_token]
    found = [Unplaced(token=token, obstacle=Obstacle.TOO_THIN) for token in unfilled]
    for (token, into), flows in _by_order(priced.flows, terms).items():
        spent = sum(flow.amount_in * terms.usd[flow.route.token_in] for flow in flows)
        brought = sum(flow.amount_out * terms.usd[flow.route.token_out] for flow in flows)
        loss_bps = round((1 - brought / spent) * ONE_HUNDRED_PERCENT_BPS)
        obstacle = Obstacle.TOO_THIN if loss_bps > max_loss_bps else None
        if brought <= sum(terms.gas_usd[flow.route.pool.ref.kind] for flow in flows):
            obstacle = Obstacle.TOO_SMALL
        if obstacle and token not in unfilled:
            found.append(Unplaced(token=token, into=into, obstacle=obstacle, loss_bps=loss_bps))
    return tuple(found)


def settled(terms: Terms, routes: Sequence[Route]) -> Terms:
    """Return the terms without what is held of hubs that lead nowhere; it stays where it is."""
    leaves = {route.token_in for route in routes} | {t for t, share in terms.share.items() if share}
    spendable = {hub: held if hub in leaves else 0 for hub, held in terms.spendable.items()}
    return replace(terms, spendable=spendable)


def cash_hub(routes: Sequence[Route], terms: Terms, preferred: Address) -> Address | None:
    """Return a hub that what is held can come to, the preferred one if possible."""
    held = [hub for hub, amount in terms.spendable.items() if amount > 0]
    arcs = ((route.token_in, route.token_out) for route in routes)
    within = reached(arcs, (*terms.sold, *held))
    return next((hub for hub in (preferred, *terms.hubs) if hub in within), None)


def without(terms: Terms, refused: Sequence[Unplaced], *, cash: Address | None) -> Terms:
    """Return the terms without the refused orders; what was set aside for them stays in `cash`, if any."""
    gone = {order.token for order in refused if order.into is None}
    share = {token: part for token, part in terms.share.items() if token not in gone}
    freed = sum(part for token, part in terms.share.items() if token in gone)
    if freed and cash is not None:
        share[cash] = share.get(cash, 0.0) + freed
    sold = {token: amount for token, amount in terms.sold.items() if token not in gone}
    return replace(terms, sold=sold, share=share)


def _by_order(
    flows: Sequence[Flow], terms: Terms
) -> dict[tuple[Address, Address | None], list[Flow]]:
    """Return the flows of each sale, each purchase (from hubs) and each pair of hubs."""
    found: dict[tuple[Address, Address | None], list[Flow]] = {}
    for flow in flows:
        token_in, token_out = flow.route.token_in, flow.route.token_out
        if token_in in terms.sold:
            key: tuple[Address, Address | None] = (token_in, None)
        elif token_out in terms.spendable:
            key = (token_in, token_out)
        else:
            key = (token_out, None)
        found.setdefault(key, []).append(flow)
    return found
