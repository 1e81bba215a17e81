"""Why a drift that is due is left alone all the same: it rests, or closing it costs more than it is worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.memory import Memory
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS
from agent.planning.bands import DAY_S, is_within, penalty, was_just_trimmed
from agent.planning.money import ZERO, cents
from agent.planning.order_costs import CostEstimator
from agent.planning.rebalance import is_entry, is_in_band
from agent.planning.standing import Stand, Standing

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetoing:
    """What a veto depends on; `now` is the block's time in Unix seconds."""

    policy: Policy
    memory: Memory
    now: int
    is_trending: bool
    estimator: CostEstimator


def vetoes(standing: Standing, cash: Collection[Token], given: Vetoing) -> Mapping[Token, str]:
    """Return the drifts that are due and better left alone, each with its reason; idle cash is none."""
    found: dict[Token, str] = {}
    for stand in standing.stands:
        if stand.token in cash or not _is_due(stand, given.policy):
            continue
        reason = _rests(stand, given) or _loses(stand, standing.total_usd, given)
        if reason is not None:
            found[stand.token] = reason
    return found


def _is_due(stand: Stand, policy: Policy) -> bool:
    is_worth_it = stand.due_usd >= policy.min_notional_usd and stand.due_usd > 0
    return is_worth_it and not is_in_band(stand, policy)


def _is_constituent_change(stand: Stand, policy: Policy) -> bool:
    return not stand.is_target or is_entry(stand, policy)


def _rests(stand: Stand, given: Vetoing) -> str | None:
    if _is_constituent_change(stand, given.policy):
        return None
    rules = given.policy.drift
    days = rules.trend_rest_days if given.is_trending else rules.range_rest_days
    since = given.memory.rebalanced_at
    if since is not None and is_within(given.now - since, days):
        market = "trends" if given.is_trending else "ranges"
        return (
            f"drifts rest {days} days after a rebalance while the market {market}: the last was "
            f"{_days(given.now - since)} days ago"
        )
    return _rests_after_trim(stand, given)


def _rests_after_trim(stand: Stand, given: Vetoing) -> str | None:
    rules = given.policy.drift
    if not stand.is_runner or not was_just_trimmed(stand, rules, given.memory, given.now):
        return None
    elapsed_s = given.now - given.memory.sold_at_by_coin[stand.coin_id]
    return (
        f"what ran up is trimmed every {rules.trim_days} days: the last sale was "
        f"{_days(elapsed_s)} days ago"
    )


def _days(elapsed_s: int) -> str:
    return f"{Decimal(max(0, elapsed_s)) / DAY_S:.1f}"


def benefit_usd(stand: Stand, total_usd: Decimal, policy: Policy) -> Decimal:
    """Return what closing a drift as far as it is due is worth.

    The penalty that it saves over the time that it would last, and the mandate's worth of an order by
    which a coin enters or leaves.
    """
    rules = policy.drift
    before, after = (
        abs(stand.drift_usd) / total_usd,
        min(stand.keep_usd, abs(stand.drift_usd)) / total_usd,
    )
    saved = penalty(rules) * (before**2 - after**2) * total_usd
    worth = saved * rules.benefit_days / DAYS_PER_YEAR
    if _is_constituent_change(stand, policy):
        worth += stand.due_usd * rules.mandate_bps / ONE_HUNDRED_PERCENT_BPS
    return worth


def _loses(stand: Stand, total_usd: Decimal, given: Vetoing) -> str | None:
    if not given.policy.drift.risk_aversion or total_usd == ZERO:
        return None
    cost = given.estimator.estimate(stand.token, stand.due_usd, is_sell=stand.is_sell)
    if cost is None:
        return None
    benefit = benefit_usd(stand, total_usd, given.policy)
    if benefit >= cost.total_usd:
        return None
    return f"not worth its cost: closing it is worth {cents(benefit)} USD and costs {cents(cost.total_usd)}"
