"""Proposals: what a coming cycle means to do, how far its plan may go beyond that, and whether it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from agent.domain.canonical import content_id
from agent.domain.order import Order
from agent.domain.plan import Bounds, Breach, Plan, PlanInputs, Proposal
from agent.domain.signal import Regime
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS
from agent.planning.costs import bps
from agent.planning.coverage import coverage
from agent.planning.drafting import Draft, draft
from agent.planning.money import ZERO, cents, reckoned
from agent.planning.normal import normalised
from agent.planning.splits import coins_of

COST_HEADROOM = 2
"""How often the expected cost may be paid: gas may double between notice and execution."""

NEW_PROPOSAL = "a new proposal follows"


@reckoned
def propose(inputs: PlanInputs, *, executes_at: datetime) -> Proposal:
    """Return what the cycle would do at the inputs' block, and the bounds of the plan to come.

    Raises:
        FeedUnusableError: nothing can be valued. InfeasibleTargetError: no basket fits the policy.
    """
    inputs = normalised(inputs)
    drafted = draft(inputs)
    return Proposal(
        cycle_id=inputs.cycle_id,
        executes_at=executes_at,
        ranking_sha256=inputs.ranking.sha256,
        regime_sha256=inputs.regime.sha256,
        regime=inputs.stance.regime,
        policy_sha256=content_id(inputs.policy),
        inputs_sha256=content_id(inputs),
        block=inputs.position.block,
        account=inputs.position.contract.address,
        basket=drafted.basket,
        coverage=coverage(inputs, drafted.basket),
        price_by_token=drafted.price_by_token,
        orders=drafted.orders,
        skipped=drafted.skipped,
        cost=drafted.cost,
        bounds=bounds(drafted, inputs),
    )


def bounds(drafted: Draft, inputs: PlanInputs) -> Bounds:
    """Return how far a plan may go: what the proposal means to do, and what moving prices add to it.

    While no price moves by more than m, a coin's drift grows by m of what is held and of what is
    wanted of it at most, and the turnover by m of the portfolio twice, sold and bought. Cost may
    double, and what is traded beyond the proposal may cost what the policy allows. The way out of the
    index is not bound by the policy's largest order.
    """
    policy = inputs.policy
    move = Decimal(policy.max_price_move_bps) / ONE_HUNDRED_PERCENT_BPS
    ordered = usd_by_coin(drafted.orders)
    is_exit = inputs.stance.regime is Regime.BEARISH
    largest = drafted.standing.total_usd * 2 if is_exit else policy.max_order_usd
    by_coin = {
        stand.coin_id: cents(
            min(
                largest,
                max(ordered.get(stand.coin_id, ZERO), abs(stand.drift_usd))
                + move * (stand.held_usd + stand.target_usd),
            )
        )
        for stand in drafted.standing.stands
        if stand.token not in drafted.hubs
    }
    more_usd = 2 * move * drafted.standing.total_usd
    more_cost = more_usd * policy.max_cost_bps / ONE_HUNDRED_PERCENT_BPS
    return Bounds(
        max_order_usd_by_coin=by_coin,
        max_turnover_usd=cents(drafted.cost.turnover_usd + more_usd),
        max_cost_usd=cents(COST_HEADROOM * drafted.cost.total_usd + more_cost),
        max_price_move_bps=policy.max_price_move_bps,
    )


@reckoned
def within_bounds(planned: Plan, proposal: Proposal) -> tuple[Breach, ...]:
    """Return every way in which a plan leaves its proposal; a plan without batches leaves none."""
    if not planned.batches:
        return ()
    return (
        *_identity_breaches(planned, proposal),
        *_order_breaches(planned, proposal.bounds),
        *_sum_breaches(planned, proposal.bounds),
        *_price_breaches(planned, proposal),
    )


def _identity_breaches(planned: Plan, proposal: Proposal) -> Iterator[Breach]:
    same = {
        "proposal": (content_id(proposal), planned.proposal_id),
        "cycle": (proposal.cycle_id, planned.cycle_id),
        "regime": (proposal.regime, planned.regime),
        "policy": (proposal.policy_sha256, planned.policy_sha256),
        "account": (proposal.account, planned.contract),
    }
    for limit, (allowed, found) in same.items():
        if allowed != found:
            yield Breach(limit=limit, allowed=allowed, found=found, mend=NEW_PROPOSAL)


def usd_by_coin(orders: Iterable[Order]) -> Mapping[str, Decimal]:
    """Return what is ordered of each coin, in dollars; where one buys another straight, of both."""
    found: dict[str, Decimal] = {}
    for order in orders:
        for coin in coins_of(order):
            found[coin] = found.get(coin, ZERO) + order.notional_usd
    return found


def _order_breaches(planned: Plan, allowed: Bounds) -> Iterator[Breach]:
    for coin, usd in usd_by_coin(planned.orders).items():
        most = allowed.max_order_usd_by_coin.get(coin, ZERO)
        if usd > most:
            yield Breach(
                limit=f"order of {coin}",
                allowed=f"{most:f} USD",
                found=f"{usd:f} USD",
                mend=NEW_PROPOSAL,
            )


def _sum_breaches(planned: Plan, allowed: Bounds) -> Iterator[Breach]:
    sums = {
        "turnover": (allowed.max_turnover_usd, planned.cost.turnover_usd),
        "cost": (allowed.max_cost_usd, planned.cost.total_usd),
    }
    for limit, (most, found) in sums.items():
        if found > most:
            yield Breach(
                limit=limit, allowed=f"{most:f} USD", found=f"{found:f} USD", mend=NEW_PROPOSAL
            )


def _price_breaches(planned: Plan, proposal: Proposal) -> Iterator[Breach]:
    """Yield the traded tokens whose prices moved too far; one unpriced before has no bound to keep."""
    traded = {t for order in planned.orders for t in (order.token_in, order.token_out)}
    for token in sorted(traded):
        before = proposal.price_by_token.get(token.address)
        if before is None:
            continue
        now = planned.price_by_token[token.address]
        moved_bps = abs(bps(now.usd - before.usd, before.usd))
        if moved_bps > proposal.bounds.max_price_move_bps:
            yield Breach(
                limit=f"price of {token.symbol}",
                allowed=f"{before.usd:f} USD within {proposal.bounds.max_price_move_bps} bps",
                found=f"{now.usd:f} USD",
                mend=NEW_PROPOSAL,
            )
