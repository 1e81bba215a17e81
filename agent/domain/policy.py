"""Every limit and preference that the planner obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from agent.domain.rules import BudgetRules, DriftRules, IndexRules, StableRules
from agent.domain.units import Bps, Ppm


class Universe(StrEnum):
    """Which coins make up the index.

    `strict`: what of the first N ranks can be held. `fill`: the first N coins by rank that can be held.
    """

    STRICT = "strict"
    FILL = "fill"


class OnRevert(StrEnum):
    """What becomes of a plan when a coin's trade fails in rehearsal.

    `all-or-nothing`: nothing is signed. `skip-and-report`: the coin is left as it is, and reported.
    """

    ALL_OR_NOTHING = "all-or-nothing"
    SKIP_AND_REPORT = "skip-and-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One portfolio's rules; USD amounts are Decimal, gas prices wei, times seconds.

    `max_coin_weight_ppm` None means no cap. An order is due when a coin's drift exceeds the larger of
    `drift_band_ppm` (of the portfolio) and `drift_band_of_target_ppm` (of the coin's own target).
    `batch_gas_share_ppm` bounds a batch's gas as a share of the 2^24 transaction cap (EIP-7825).
    A price feed whose last round is older than `max_feed_age_s` is not used. `index`, `drift` and
    `budget` say which coins are members, when a drift is traded, and what that may cost over time;
    `stable` which stablecoins may be held.
    From `amsterdam_at` (Unix seconds; None while that is not known) gas is forecast by that fork's rules.
    """

    universe: Universe
    top_n: int
    max_coin_weight_ppm: Ppm | None
    stablecoin_weight_by_coin: Mapping[str, Ppm]
    drift_band_ppm: Ppm
    drift_band_of_target_ppm: Ppm
    min_notional_usd: Decimal
    max_slippage_bps: Bps
    max_price_deviation_bps: Bps
    max_feed_age_s: int
    max_order_usd: Decimal
    max_cycle_usd: Decimal
    max_turnover_ppm: Ppm
    max_cost_bps: Bps
    max_fee_per_gas_wei: int
    min_gas_reserve_wei: int
    batch_gas_share_ppm: Ppm
    deadline_s: int
    max_price_move_bps: Bps
    index: IndexRules = field(default_factory=IndexRules)
    drift: DriftRules = field(default_factory=DriftRules)
    budget: BudgetRules = field(default_factory=BudgetRules)
    stable: StableRules = field(default_factory=StableRules)
    amsterdam_at: int | None = None
    on_revert: OnRevert = OnRevert.SKIP_AND_REPORT
