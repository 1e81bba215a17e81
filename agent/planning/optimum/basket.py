"""The whole basket: what to trade where, in which order, and what is better left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.domain.units import Address
from agent.planning.optimum.bound import gap_bps
from agent.planning.optimum.engine import Engine, best
from agent.planning.optimum.network import Route, routes
from agent.planning.optimum.priced import Priced
from agent.planning.optimum.problem import (
    BasketLeg,
    BasketProblem,
    BasketSolution,
    Obstacle,
    Unplaced,
)
from agent.planning.optimum.realising import realise
from agent.planning.optimum.screening import (
    cash_hub,
    settled,
    too_costly,
    unreachable,
    useful,
    without,
)
from agent.planning.optimum.star import star_prices
from agent.planning.optimum.terms import Terms, terms
from agent.planning.optimum.wide import wide_prices

_MOST_ROOTS = 3
"""Hubs up to which one root within the other is quick."""


def solve_basket(problem: BasketProblem, *, engine: Engine | None = None) -> BasketSolution:
    """Return legs for all that can be traded at tolerable loss, and what is left out, and why.

    Whatever is in the way is left out before the rest is planned anew, until nothing is.

    Raises:
        ValueError: the problem contradicts itself; the message names the token and the mend.
    """
    built = best() if engine is None else engine
    candidates, wanted = routes(problem), terms(problem)
    unplaced: list[Unplaced] = []
    while True:
        usable = useful(candidates, wanted)
        outcome = _attempt(problem, settled(wanted, usable), usable, built)
        if isinstance(outcome, BasketSolution):
            return replace(outcome, unplaced=tuple(unplaced))
        unplaced += outcome
        wanted = without(wanted, outcome, cash=cash_hub(candidates, wanted, problem.cash))
        barred = {(order.token, order.into) for order in outcome}
        candidates = tuple(r for r in candidates if (r.token_in, r.token_out) not in barred)


def _attempt(
    problem: BasketProblem, wanted: Terms, usable: Sequence[Route], engine: Engine
) -> BasketSolution | tuple[Unplaced, ...]:
    """Return a solution for all that is wanted, or what has to be left out first."""
    refused = unreachable(usable, wanted)
    if refused:
        return refused
    if not usable:
        return _solution(problem, (), {}, 0.0)
    priced = prices(wanted, usable, engine)
    refused = too_costly(priced, wanted, max_loss_bps=problem.max_loss_bps)
    if refused:
        return refused
    legs, unsold = realise(priced, wanted, slippage_bps=problem.slippage_bps)
    if unsold:
        return tuple(Unplaced(token=token, obstacle=Obstacle.TOO_THIN) for token in unsold)
    usd = priced.usd_by_token
    gap = gap_bps(legs, terms=wanted, routes=usable, usd=usd, engine=engine)
    return _solution(problem, legs, usd, gap)


def prices(wanted: Terms, usable: Sequence[Route], engine: Engine) -> Priced:
    """Return flows and prices: from the roots of the hubs where orders meet in few hubs, else the dual."""
    hubs = wanted.spendable.keys()
    is_star = all(route.token_in in hubs or route.token_out in hubs for route in usable)
    if is_star and len(hubs) <= _MOST_ROOTS:
        return star_prices(wanted, usable, engine)
    return wide_prices(wanted, usable, engine)


def _solution(
    problem: BasketProblem, legs: tuple[BasketLeg, ...], usd: Mapping[Address, float], gap: float
) -> BasketSolution:
    left = {hub.token: hub.amount - hub.keep for hub in problem.hubs}
    gas = problem.gas
    for leg in legs:
        if leg.token_in in left:
            left[leg.token_in] -= leg.amount_in
        if leg.token_out in left:
            left[leg.token_out] += leg.amount_out
    return BasketSolution(
        legs=legs,
        unplaced=(),
        left_by_hub=left,
        usd_by_token=usd,
        gas_wei=sum(
            gas.leg_by_kind[leg.pool.ref.kind] + gas.tick * leg.ticks_crossed for leg in legs
        ),
        gap_bps=gap,
    )
