"""How far legs are from the best possible, by duality: prices for every token bound all plans at once.

For given values of what is bought and kept, no plan makes more than what is there to begin with, valued
at prices that agree with these, plus what each pool can add on its own at the prices, its gas paid
(Angeris et al., Optimal Routing for Constant Function Market Makers, 2022; with gas it is the
Lagrangian bound of a problem of on-off decisions). The prices at which the basket clears make the
bound nearly tight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.domain.order import Side
from agent.domain.units import Address
from agent.planning.optimum.curves import joined
from agent.planning.optimum.engine import Engine
from agent.planning.optimum.network import Route
from agent.planning.optimum.problem import BasketLeg
from agent.planning.optimum.terms import Terms

_BPS = 1e4


def gap_bps(
    legs: Sequence[BasketLeg],
    *,
    terms: Terms,
    routes: Sequence[Route],
    usd: Mapping[Address, float],
    engine: Engine,
) -> float:
    """Return by how much any plan over `routes` could beat the legs, in bps of what they turn over.

    That is the most of what they sell, convert and buy. What both start from cancels: compared are
    the values that pools add at the prices `usd`.
    """
    if not legs:
        return 0.0
    moved = dict.fromkeys(Side, 0.0)
    for leg in legs:
        moved[leg.purpose] += leg.amount_in * usd[leg.token_in]
    missed = most_added(terms, routes, usd, engine) - sum(added(leg, terms, usd) for leg in legs)
    return _BPS * missed / max(moved.values())


def added(leg: BasketLeg, terms: Terms, usd: Mapping[Address, float]) -> float:
    """Return the value that a leg adds at the prices, after its gas, in dollars."""
    cost = terms.gas_usd[leg.pool.ref.kind] + terms.tick_usd * leg.ticks_crossed
    return leg.amount_out * usd[leg.token_out] - leg.amount_in * usd[leg.token_in] - cost


def most_added(
    terms: Terms, routes: Sequence[Route], usd: Mapping[Address, float], engine: Engine
) -> float:
    """Return the most that all routes together could add at the prices, each on its own, in dollars."""
    curves = joined([route.ramps for route in routes], engine)
    return sum(
        engine.most(
            curves,
            k,
            (usd[route.token_in], usd[route.token_out]),
            (terms.gas_usd[route.pool.ref.kind], terms.tick_usd),
        )
        for k, route in enumerate(routes)
    )
