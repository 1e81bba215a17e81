"""Which pools may carry a basket: oriented from what is held to what is wanted, at most two hubs between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.domain.pool import PoolState
from agent.domain.units import Address
from agent.planning.optimum.curves import Ramps, ramps
from agent.planning.optimum.problem import BasketProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One direction of a pool that the basket may trade."""

    pool: PoolState
    zero_for_one: bool
    token_in: Address
    token_out: Address
    ramps: Ramps


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What is spent, what is wanted, and what both may pass through."""

    hubs: frozenset[Address]
    sold: frozenset[Address]
    bought: frozenset[Address]

    def allow(self, token_in: Address, token_out: Address) -> bool:
        """Return whether a swap leads onward: coins are sources or ends, only hubs are passed through."""
        leaves = token_in in self.hubs or token_in in self.sold
        arrives = token_out in self.hubs or token_out in self.bought
        return leaves and arrives


def roles(problem: BasketProblem) -> Roles:
    hubs = frozenset(hub.token for hub in problem.hubs)
    return Roles(
        hubs=hubs,
        sold=frozenset(sale.token for sale in problem.sales),
        bought=frozenset(purchase.token for purchase in problem.purchases) - hubs,
    )


def routes(problem: BasketProblem) -> tuple[Route, ...]:
    """Return every direction of every pool with liquidity that leads onward."""
    allowed = roles(problem)
    found = (
        Route(
            pool=pool,
            zero_for_one=zero_for_one,
            token_in=token_in,
            token_out=token_out,
            ramps=ramps(pool, zero_for_one=zero_for_one),
        )
        for pool in problem.pools
        for zero_for_one, token_in, token_out in (
            (True, pool.ref.token0, pool.ref.token1),
            (False, pool.ref.token1, pool.ref.token0),
        )
        if allowed.allow(token_in, token_out)
    )
    return tuple(route for route in found if route.ramps.slope.any())


def connected(
    candidates: Sequence[Route], *, sources: Iterable[Address], ends: Iterable[Address]
) -> tuple[Route, ...]:
    """Return the routes that lie on some way from a source to an end."""
    onward = reached(((route.token_in, route.token_out) for route in candidates), sources)
    back = reached(((route.token_out, route.token_in) for route in candidates), ends)
    return tuple(r for r in candidates if r.token_in in onward and r.token_out in back)


def reached(
    arcs: Iterable[tuple[Address, Address]], sources: Iterable[Address]
) -> frozenset[Address]:
    """Return the tokens that arcs lead to from the sources, these included."""
    following: dict[Address, list[Address]] = {}
    for tail, head in arcs:
        following.setdefault(tail, []).append(head)
    found, frontier = set(sources), list(sources)
    while frontier:
        for head in following.get(frontier.pop(), ()):
            if head not in found:
                found.add(head)
                frontier.append(head)
    return frozenset(found)
