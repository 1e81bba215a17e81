"""The whole basket: what to trade where, in which order, and what is better left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    too_dear,
    unreachable,
    useful,
    without,
)
from agent.planning.optimum.star import star_prices
from agent.planning.optimum.terms import Terms, terms
from agent.planning.optimum.wide import wide_prices

_MOST_ROOTS = 3
"""Hubs up to which one root within the other is quick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """A solution, and the orders, routes and prices that it was found with."""

    solution: BasketSolution
    terms: Terms
    routes: tuple[Route, ...]
    usd: Mapping[Address, float]


def solve_basket(problem: BasketProblem, *, engine: Engine | None = None) -> BasketSolution:
    """Return legs for all that can be traded at tolerable loss, and what is left out, and why.

    Whatever is in the way is left out before the rest is planned anew, until nothing is. Pools between
    coins are done without where floats cannot find prices for all tokens at once.

    Raises:
        ValueError: the problem contradicts itself; the message names the token and the mend.
        FloatingPointError: there are more hubs than roots can be found for, and no prices by the dual.
    """
    return _settle(problem, best() if engine is None else engine).solution


def gaps_bps(
    problem: BasketProblem, *rivals: Sequence[BasketLeg], engine: Engine | None = None
) -> tuple[float, ...]:
    """Return the certified bound of other legs for the same problem, at the prices it clears at.

    Raises:
        ValueError: the problem contradicts itself. KeyError: a leg trades what the solution leaves out.
    """
    built = best() if engine is None else engine
    found = _settle(problem, built)
    return tuple(
        gap_bps(legs, terms=found.terms, routes=found.routes, usd=found.usd, engine=built)
        for legs in rivals
    )


def _settle(problem: BasketProblem, engine: Engine) -> _Settled:
    candidates, wanted = routes(problem), terms(problem)
    hubs = wanted.spendable.keys()
    unplaced: list[Unplaced] = []
    while True:
        usable = useful(candidates, wanted)
        try:
            outcome = _attempt(problem, settled(wanted, usable), usable, engine)
        except FloatingPointError:
            through_hubs = tuple(r for r in candidates if {r.token_in, r.token_out} & hubs)
            if len(through_hubs) == len(candidates):
                raise
            candidates = through_hubs
            continue
        if isinstance(outcome, _Settled):
            solution = replace(outcome.solution, unplaced=tuple(unplaced))
            return replace(outcome, solution=solution)
        unplaced += outcome
        wanted = without(wanted, outcome, cash=cash_hub(candidates, wanted, problem.cash))
        barred = {(order.token, order.into) for order in outcome}
        candidates = tuple(r for r in candidates if (r.token_in, r.token_out) not in barred)


def _attempt(
    problem: BasketProblem, wanted: Terms, usable: tuple[Route, ...], engine: Engine
) -> _Settled | tuple[Unplaced, ...]:
    """Return a solution for all that is wanted, or what has to be left out first."""
    refused = unreachable(usable, wanted)
    if refused:
        return refused
    if not usable:
        nothing = _solution(problem, (), {}, 0.0)
        return _Settled(solution=nothing, terms=wanted, routes=(), usd={})
    priced = prices(wanted, usable, engine)
    refused = too_dear(
        priced, wanted, cash=problem.cash, max_loss_bps=problem.max_loss_bps
    ) or too_costly(priced, wanted, max_loss_bps=problem.max_loss_bps)
    if refused:
        return refused
    legs, unsold = realise(priced, wanted, slippage_bps=problem.slippage_bps)
    if unsold:
        return tuple(Unplaced(token=token, obstacle=Obstacle.TOO_THIN) for token in unsold)
    usd = priced.usd_by_token
    gap = gap_bps(legs, terms=wanted, routes=usable, usd=usd, engine=engine)
    solution = _solution(problem, legs, usd, gap)
    return _Settled(solution=solution, terms=wanted, routes=usable, usd=usd)


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
