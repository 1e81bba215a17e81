"""How far a coin may drift, and how far its drift is traded back: by cost, volatility, trend and run-up.

With a tracking penalty of k x^2 a year for a drift of x, a drift that varies by s a year, and costs
of l per dollar and f per order (a share of the portfolio), it pays to leave a drift alone below
(3 l s^2 / 4k)^(1/3) and to trade it back to that edge, or below (6 f s^2 / k)^(1/4) and then back to
the target (Martin, Schoneborn: Mean reversion pays, but costs; Altarovici, Muhle-Karbe, Soner:
Asymptotics for fixed transaction costs).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from agent.domain.memory import Memory
from agent.domain.policy import Policy
from agent.domain.rules import BandRule, DriftRules, TradeTo
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ONE_HUNDRED_PERCENT_PPM, Ppm
from agent.planning.money import ZERO
from agent.planning.order_costs import CostEstimator, Estimate
from agent.planning.standing import Stand, Standing, idle_band_ppm

DAY_S = 86_400
PPM = Decimal(ONE_HUNDRED_PERCENT_PPM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where costs in proportion to size, and where the fixed cost, say to leave a drift alone; in ppm."""

    edge_ppm: Ppm
    target_ppm: Ppm


def banded(  # noqa: PLR0913 - all that bands depend on, by keyword
    standing: Standing,
    *,
    policy: Policy,
    is_trending: bool,
    estimator: CostEstimator,
    memory: Memory,
    now: int,
    native: Token,
) -> Standing:
    """Return the standing with the policy's bands, and with what is kept of each drift.

    `now` is the block's time in Unix seconds.
    """
    rules = policy.drift

    def with_band(stand: Stand) -> Stand:
        if not stand.is_target:
            return stand
        drift_usd = abs(stand.drift_usd)
        cost = _cost(stand, drift_usd, policy, estimator)
        volatility = memory.volatility_ppm_by_token.get(
            stand.token.address, rules.assumed_volatility_ppm
        )
        region = _region(stand, standing.total_usd, cost, volatility, rules)
        band = stand.band_ppm if region is None else max(region.edge_ppm, region.target_ppm)
        band = Ppm(band * scale_ppm(rules, is_trending=is_trending) // ONE_HUNDRED_PERCENT_PPM)
        if stand.token == native:
            band = max(band, idle_band_ppm(policy))
        band_usd = standing.total_usd * band / ONE_HUNDRED_PERCENT_PPM
        stops_at_edge = _stops_at_edge(rules.trade_to, region, cost)
        edge_usd = _inside(band_usd, drift_usd, policy) if stops_at_edge else ZERO
        stand = replace(stand, is_runner=stand.token != native and _runs(stand, rules, memory, now))
        kept_usd = max(min(edge_usd, drift_usd), _untrimmed_usd(stand, rules))
        return replace(stand, band_ppm=band, band_usd=band_usd, keep_usd=kept_usd)

    return replace(standing, stands=tuple(map(with_band, standing.stands)))


def scale_ppm(rules: DriftRules, *, is_trending: bool) -> Ppm:
    return rules.trend_band_ppm if is_trending else rules.range_band_ppm


def penalty(rules: DriftRules) -> Decimal:
    """Return k: what a year of a drift of x costs, as a share of the portfolio, over x squared."""
    return rules.risk_aversion / 2 * (rules.assumed_volatility_ppm / PPM) ** 2


def _cost(
    stand: Stand, drift_usd: Decimal, policy: Policy, estimator: CostEstimator
) -> Estimate | None:
    rules = policy.drift
    asks = rules.band_rule is BandRule.NO_TRADE or rules.trade_to is TradeTo.COST
    if not asks or drift_usd < policy.min_notional_usd or drift_usd == 0:
        return None
    return estimator.estimate(stand.token, drift_usd, is_sell=stand.is_sell)


def _region(
    stand: Stand,
    total_usd: Decimal,
    cost: Estimate | None,
    volatility_ppm: Ppm,
    rules: DriftRules,
) -> Region | None:
    """Return a coin's no-trade region; None where the policy has fixed bands, or no cost is known."""
    if rules.band_rule is BandRule.FIXED or cost is None or not rules.risk_aversion:
        return None
    weight = min(Decimal(1), stand.target_usd / total_usd)
    varies = weight * (1 - weight) * volatility_ppm / PPM
    k = penalty(rules)
    per_dollar, per_order = cost.price_usd / abs(stand.drift_usd), cost.gas_usd / total_usd
    edge = _root(3 * per_dollar * varies**2 / (4 * k), 3)
    target = _root(6 * per_order * varies**2 / k, 4)
    return Region(edge_ppm=Ppm(int(edge * PPM)), target_ppm=Ppm(int(target * PPM)))


def _root(value: Decimal, degree: int) -> Decimal:
    return value ** (Decimal(1) / degree) if value > 0 else ZERO


def _inside(band_usd: Decimal, drift_usd: Decimal, policy: Policy) -> Decimal:
    """Return where a trade stops so that what floors hold back of it leaves no drift beyond the edge."""
    held_back = drift_usd * 2 * policy.max_slippage_bps / ONE_HUNDRED_PERCENT_BPS
    return max(ZERO, band_usd - held_back)


def _stops_at_edge(trade_to: TradeTo, region: Region | None, cost: Estimate | None) -> bool:
    if trade_to is not TradeTo.COST:
        return trade_to is TradeTo.EDGE
    if region is not None:
        return region.edge_ppm >= region.target_ppm
    return cost is not None and cost.price_usd >= cost.gas_usd


def _runs(stand: Stand, rules: DriftRules, memory: Memory, now: int) -> bool:
    """Tell whether a coin outgrew its target by so much that it is trimmed in steps, or just was trimmed."""
    if rules.runner_ppm is None or not stand.is_sell:
        return False
    is_far_above = stand.drift_usd > stand.target_usd * rules.runner_ppm / ONE_HUNDRED_PERCENT_PPM
    return is_far_above or was_just_trimmed(stand, rules, memory, now)


def was_just_trimmed(stand: Stand, rules: DriftRules, memory: Memory, now: int) -> bool:
    sold_at = memory.sold_at_by_coin.get(stand.coin_id)
    return sold_at is not None and is_within(now - sold_at, rules.trim_days)


def is_within(elapsed_s: int, days: int) -> bool:
    """Tell whether fewer days have passed; half a day early counts, or a cycle would wait for minutes."""
    return elapsed_s < days * DAY_S - DAY_S // 2


def _untrimmed_usd(stand: Stand, rules: DriftRules) -> Decimal:
    if not stand.is_runner:
        return ZERO
    return stand.drift_usd * (ONE_HUNDRED_PERCENT_PPM - rules.trim_ppm) / ONE_HUNDRED_PERCENT_PPM
