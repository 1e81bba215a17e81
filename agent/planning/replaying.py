"""How far a recorded plan is from the best that is found anew on its inputs."""

from __future__ import annotations

from decimal import Decimal

from agent.domain.plan import Plan, PlanInputs
from agent.domain.token import Token
from agent.errors import LogVerificationError
from agent.planning.assembling import Assembled, assembled
from agent.planning.desk import Desk
from agent.planning.drafting import opened
from agent.planning.money import CENT, ZERO, reckoned
from agent.planning.normal import normalised
from agent.planning.optimum.problem import BasketLeg
from agent.planning.solving import solved
from agent.planning.splits import splits_of

OWN_SHARE = Decimal("0.01")
"""By how much of itself, or by a dollar, an order may differ from the one that is found anew."""


@reckoned
def optimality_gap_bps(inputs: PlanInputs, planned: Plan) -> Decimal:
    """Return by how much a plan's legs may be beaten, beyond what the best found ones may; two decimals.

    Both are held against one bound: what pools could add at the prices at which the basket clears
    (`agent.planning.optimum.bound`), in bps of what is turned over, gas counted. Negative where the
    plan beats what is found now, 0 where nothing is traded.

    Raises:
        LogVerificationError: the plan's splits are not those of its inputs, or it leaves out, or
        trades at another size, what is found to be best.
    """
    opening = opened(normalised(inputs))
    splits = splits_of(planned)
    theirs = assembled(splits, opening.wants, opening.desk)
    found = solved(opening.wants, opening.desk)
    ours = assembled(found.splits, opening.wants, opening.desk)
    _check_same(theirs, ours, opening.desk)
    if found.problem is None:
        return ZERO.quantize(CENT)
    from agent.planning.optimum.basket import gaps_bps  # noqa: PLC0415 - numpy and scipy

    theirs_bps, ours_bps = gaps_bps(found.problem, _legs(theirs), _legs(ours))
    return Decimal(theirs_bps - ours_bps).quantize(CENT)


def _check_same(theirs: Assembled, ours: Assembled, desk: Desk) -> None:
    """Refuse a plan that trades coins at other sizes than those found anew."""
    was, found = (_moved_usd(made, desk) for made in (theirs, ours))
    for coin in sorted(was.keys() | found.keys()):
        one, other = was.get(coin, ZERO), found.get(coin, ZERO)
        if abs(one - other) > max(Decimal(1), abs(other) * OWN_SHARE):
            raise LogVerificationError(
                where=f"orders of {coin.symbol}",
                reason=f"they move {one:.2f} USD, found anew {other:.2f} USD",
            )


def _moved_usd(made: Assembled, desk: Desk) -> dict[Token, Decimal]:
    """Return what is bought of each coin, in dollars, negative for what is sold."""
    moved: dict[Token, Decimal] = {}
    for leg in made.legs:
        for token, amount in ((leg.token_in, -leg.amount_in), (leg.token_out, leg.amount_out)):
            if token not in desk.hubs:
                moved[token] = moved.get(token, ZERO) + desk.usd(amount, token)
    return moved


def _legs(made: Assembled) -> tuple[BasketLeg, ...]:
    return tuple(
        BasketLeg(
            purpose=order.side,
            coin=None,
            pool=fill.pool,
            zero_for_one=fill.zero_for_one,
            token_in=order.token_in.address,
            token_out=order.token_out.address,
            amount_in=fill.leg.amount_in,
            amount_out=fill.leg.amount_out,
            ticks_crossed=fill.swap.ticks_crossed,
        )
        for order in made.orders
        for fill in made.fills_by_order[order.id]
    )
