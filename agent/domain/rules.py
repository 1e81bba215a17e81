"""The index's own rules: who is a member and at what weight, when a drift is traded, and what a week may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Bps, Ppm

WHOLE = Ppm(ONE_HUNDRED_PERCENT_PPM)
DEFAULT_MANDATE = Bps(100)
DEFAULT_VOLATILITY = Ppm(800_000)


class Weighting(StrEnum):
    """What a member's weight is in proportion to: market cap, nothing, or one over its volatility."""

    CAP = "cap"
    EQUAL = "equal"
    VOLATILITY = "volatility"


class BandRule(StrEnum):
    """Where a drift is left alone.

    `fixed`: within the policy's bands. `no_trade`: within the region in which trading costs more than
    the drift does, from the coin's cost and volatility.
    """

    FIXED = "fixed"
    NO_TRADE = "no_trade"


class TradeTo(StrEnum):
    """How far a drift is traded back.

    `target`: all of it. `edge`: to the edge of its band. `cost`: to the edge where costs in proportion
    to size decide, to the target where the fixed cost of an order does.
    """

    TARGET = "target"
    EDGE = "edge"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRules:
    """Which coins make up the index and at what weight; coins are ids, sectors names of the table.

    A coin's place is its rank, in a filled universe its place among the coins that can be held. Places
    from `first_place` to the policy's `top_n` after it are the index. A coin that is not held enters at
    place `enter_place` or better, one that is held leaves beyond `leave_place`; None is the last place
    of the index. `include` are members wherever they rank, `exclude` never. Without `sectors` all are
    wanted. Caps are ppm of the portfolio.
    """

    first_place: int = 1
    enter_place: int | None = None
    leave_place: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    sector_by_coin: Mapping[str, str] = field(default_factory=dict)
    cap_ppm_by_coin: Mapping[str, Ppm] = field(default_factory=dict)
    cap_ppm_by_sector: Mapping[str, Ppm] = field(default_factory=dict)
    weighting: Weighting = Weighting.CAP


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRules:
    """When a drift is traded, and how far.

    A drift of x (a share) of a portfolio worth V is taken to cost `risk_aversion` / 2 times
    `assumed_volatility_ppm` squared times x squared times V a year, and to last `benefit_days`; a risk
    aversion of 0 switches benefit gate and no-trade region off. That a coin enters or leaves is worth
    `mandate_bps` of its order besides. The assumed volatility (a year's) also stands for that of a coin
    of which the log knows too few prices.

    At a regime probability of `trend_probability` or more the market trends: bands are scaled by
    `trend_band_ppm` and drifts rest for `trend_rest_days` after a rebalance, else by `range_band_ppm`
    and `range_rest_days`. Of a coin that outgrew its target by `runner_ppm` of it only `trim_ppm` of
    what is too much is sold at once, and the next share `trim_days` later; the native coin, which pays
    for others in passing, is not trimmed. With
    `trades_constituents` entries are bought inside their bands too. `cash_reserve_usd` is kept in the
    stable hub.
    """

    band_rule: BandRule = BandRule.FIXED
    trade_to: TradeTo = TradeTo.TARGET
    trades_constituents: bool = False
    risk_aversion: Decimal = Decimal(0)
    benefit_days: int = 365
    mandate_bps: Bps = DEFAULT_MANDATE
    assumed_volatility_ppm: Ppm = DEFAULT_VOLATILITY
    trend_probability: Decimal = Decimal(1)
    trend_band_ppm: Ppm = WHOLE
    range_band_ppm: Ppm = WHOLE
    trend_rest_days: int = 0
    range_rest_days: int = 0
    runner_ppm: Ppm | None = None
    trim_ppm: Ppm = WHOLE
    trim_days: int = 7
    cash_reserve_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRules:
    """What rebalancing may turn over (sells and buys together) and cost; None is no bound.

    Ppm and bps of the portfolio, in any 7 and any 365 days. A switch between the index and
    stablecoins is neither bound by a budget nor counted in one.
    """

    week_turnover_ppm: Ppm | None = None
    year_turnover_ppm: Ppm | None = None
    week_cost_bps: Bps | None = None
    year_cost_bps: Bps | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StableRules:
    """When a stablecoin is one to hold.

    Further than `max_depeg_bps` off a dollar it leaves the stablecoins and is not entered, 0 switches
    that off. `cap_ppm_by_issuer` bounds what of a way out one issuer gets, as far as the others can take
    the rest.
    """

    max_depeg_bps: int = 200
    cap_ppm_by_issuer: Mapping[str, Ppm] = field(default_factory=dict)
