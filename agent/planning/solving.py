"""The search for the best trades of a whole basket, and what is better left out of it.

The optimum (`agent.planning.optimum`) works in floats and proposes; whether an order keeps the
policy's limits is judged on its legs, in integers. What does not is left out, and the rest is sought
anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from agent.domain.order import Side
from agent.domain.policy import Policy
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address
from agent.planning.assembling import assembled
from agent.planning.desk import Desk
from agent.planning.judging import Whole, wholes
from agent.planning.optimum.problem import BasketLeg, BasketProblem, BasketSolution, Obstacle
from agent.planning.posing import UNPAID, Posed, Refusals, aim_name, posed, without
from agent.planning.rebalance import Wants
from agent.planning.splits import Share, Splits, conversion_name, name

NOTHING = "it would bring nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What to trade, and the problem that it is the best found solution of; None where nothing is."""

    splits: Splits
    problem: BasketProblem | None


def solved(wants: Wants, desk: Desk) -> Solved:
    """Return the best found trades for all of the wants that can be traded within the policy."""
    refused = Refusals(reason_by_name=dict.fromkeys(_empty(wants), NOTHING))
    while True:
        given = posed(wants, desk, refused)
        if given.problem is None:
            return Solved(splits=_splits((), _stranded(refused, wants), given), problem=None)
        solution = _solution(given.problem)
        found = _left_out(solution, wants, refused)
        if not found:
            splits = _splits(solution.legs, _complete(solution, refused, wants, desk), given)
            made = assembled(splits, wants, desk)
            anew = _judged(wholes(made.orders, made.legs), refused, desk)
            if anew == refused:
                return Solved(splits=splits, problem=given.problem)
            refused = anew
        else:
            refused = _with(refused, found)


def _solution(problem: BasketProblem) -> BasketSolution:
    # Late, so that whoever only replays or lists what to ask does not wait for NumPy and SciPy.
    from agent.planning.optimum.basket import solve_basket  # noqa: PLC0415

    return solve_basket(problem)


def _empty(wants: Wants) -> list[str]:
    """Return the sells of less than a base unit."""
    return [name(w.side, w.stand.coin_id) for w in wants.sells if w.amount <= 0]


def _with(refused: Refusals, found: Mapping[str, str]) -> Refusals:
    return replace(refused, reason_by_name={**refused.reason_by_name, **found})


def _stranded(refused: Refusals, wants: Wants) -> Refusals:
    """Return the refusals with the sells that are left where nothing can be bought for them."""
    left = without(wants, refused.reason_by_name).sells
    reason = str(Obstacle.NO_ROUTE)
    return _with(refused, {name(w.side, w.stand.coin_id): reason for w in left})


def _left_out(solution: BasketSolution, wants: Wants, refused: Refusals) -> dict[str, str]:
    """Return the orders that the optimum left out, by name, beside those that are refused already."""
    by_token = _name_by_token(wants)
    return {
        by_token[order.token]: _words(order.obstacle, order.loss_bps)
        for order in solution.unplaced
        if order.into is None and by_token[order.token] not in refused.reason_by_name
    }


def _words(obstacle: Obstacle, loss_bps: int | None) -> str:
    return str(obstacle) if loss_bps is None else f"{obstacle}: {loss_bps} bps"


def _name_by_token(wants: Wants) -> Mapping[Address, str]:
    orders = (*wants.sells, *wants.buys)
    coins = {want.stand.token.address: name(want.side, want.stand.coin_id) for want in orders}
    return {aim.hub.address: aim_name(aim) for aim in wants.aims} | coins


def _complete(solution: BasketSolution, refused: Refusals, wants: Wants, desk: Desk) -> Refusals:
    """Return the refusals with the conversions that are too thin, and buys that got nothing at all."""
    symbol = {hub.address: hub.symbol for hub in desk.hubs}
    thin = {
        conversion_name(symbol[order.token], symbol[order.into]): _words(
            order.obstacle, order.loss_bps
        )
        for order in solution.unplaced
        if order.into is not None and order.obstacle is not Obstacle.TOO_SMALL
    }
    bought = {leg.token_out for leg in solution.legs}
    asked = without(wants, refused.reason_by_name)
    bare = {
        name(Side.BUY, want.stand.coin_id): NOTHING
        for want in asked.buys
        if want.stand.token.address not in bought
    }
    return _with(refused, {**thin, **bare})


def _splits(legs: Iterable[BasketLeg], refused: Refusals, given: Posed) -> Splits:
    return Splits(
        shares=tuple(
            Share(pool=leg.pool.ref.address, token_in=leg.token_in, amount_in=leg.amount_in)
            for leg in legs
        ),
        reason_by_name={**refused.reason_by_name, **dict.fromkeys(given.unpaid, UNPAID)},
    )


def _judged(made: Iterable[Whole], refused: Refusals, desk: Desk) -> Refusals:
    """Return the refusals with the orders that break the policy, and pairs of hubs closed if one does."""
    for whole in made:
        reason = _too_dear(whole, desk) or _too_small(whole, desk.policy)
        if reason is None:
            continue
        order = whole.orders[0]
        refused = _with(refused, {name(whole.side, order.coin_id): reason})
        if whole.side is Side.CONVERT:
            pair = frozenset({order.token_in.address, order.token_out.address})
            refused = replace(refused, closed=refused.closed | {pair})
    return refused


def _too_dear(whole: Whole, desk: Desk) -> str | None:
    most_bps, loss_bps = (
        desk.policy.max_price_deviation_bps,
        whole.loss_bps(desk.market.price_by_token),
    )
    if loss_bps <= most_bps:
        return None
    return f"{Obstacle.TOO_THIN}: {loss_bps} bps, max_price_deviation_bps is {most_bps}"


def _too_small(whole: Whole, policy: Policy) -> str | None:
    """Return why a buy is too small; what floors hold back, twice at most, is not counted against it."""
    kept_bps = max(0, ONE_HUNDRED_PERCENT_BPS - 2 * policy.max_slippage_bps)
    least = policy.min_notional_usd * kept_bps / ONE_HUNDRED_PERCENT_BPS
    is_small = whole.side is Side.BUY and whole.notional_usd < Decimal(least)
    return UNPAID if is_small else None
