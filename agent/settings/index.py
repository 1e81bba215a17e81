"""The settings of the index itself: its members and weights, when drifts are traded, what that may cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from agent.domain.rules import (
    BandRule,
    BudgetRules,
    DriftRules,
    IndexRules,
    TradeTo,
    Weighting,
)
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Bps, Ppm, ceil_div
from agent.settings.fields import Section
from agent.settings.sectors import sector_by_coin, sectors

PpmSetting = Annotated[int, Field(ge=0, le=ONE_HUNDRED_PERCENT_PPM)]
BpsSetting = Annotated[int, Field(ge=0, le=10_000)]
DaysSetting = Annotated[int, Field(ge=0, le=366)]


class IndexSettings(Section):
    """Which coins make up the index; see `agent.domain.rules.IndexRules`.

    The buffer at the border is a share of `policy.top_n`: of 100, coins enter up to place 95 and leave
    beyond 110.
    """

    first_place: Annotated[int, Field(ge=1, le=500)] = 1
    enter_within_ppm: Annotated[int, Field(ge=1, le=ONE_HUNDRED_PERCENT_PPM)] = 950_000
    leave_beyond_ppm: Annotated[int, Field(ge=1, le=2 * ONE_HUNDRED_PERCENT_PPM)] = 1_100_000
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    weighting: Weighting = Weighting.CAP
    max_weight_ppm_by_coin: Mapping[str, PpmSetting] = {}
    max_weight_ppm_by_sector: Mapping[str, PpmSetting] = {}

    @model_validator(mode="after")
    def _fits_together(self) -> IndexSettings:
        if self.leave_beyond_ppm < self.enter_within_ppm:
            raise ValueError(
                "leave_beyond_ppm is less than enter_within_ppm: coins would flap, raise it"
            )
        both = sorted(set(self.include) & set(self.exclude))
        if both:
            raise ValueError(f"{', '.join(both)} is both in include and in exclude, drop one")
        _check_sectors((*self.sectors, *self.max_weight_ppm_by_sector))
        return self

    def rules(self, top_n: int) -> IndexRules:
        """Return the rules for an index of `top_n` places; sectors only where something asks for them."""
        before = self.first_place - 1
        asks = self.sectors or self.max_weight_ppm_by_sector
        return IndexRules(
            first_place=self.first_place,
            enter_place=before + ceil_div(top_n * self.enter_within_ppm, ONE_HUNDRED_PERCENT_PPM),
            leave_place=before + max(1, top_n * self.leave_beyond_ppm // ONE_HUNDRED_PERCENT_PPM),
            include=self.include,
            exclude=self.exclude,
            sectors=self.sectors,
            sector_by_coin=dict(sector_by_coin()) if asks else {},
            cap_ppm_by_coin={c: Ppm(cap) for c, cap in self.max_weight_ppm_by_coin.items()},
            cap_ppm_by_sector={s: Ppm(cap) for s, cap in self.max_weight_ppm_by_sector.items()},
            weighting=self.weighting,
        )


def _check_sectors(names: Iterable[str]) -> None:
    for name in sorted(set(names) - set(sectors())):
        raise ValueError(f"no sector is called {name}, name one of {', '.join(sectors())}")


class DriftSettings(Section):
    """When a drift is traded and how far; see `agent.domain.rules.DriftRules`."""

    band_rule: BandRule = BandRule.FIXED
    trade_to: TradeTo = TradeTo.TARGET
    trades_constituents: bool = True
    risk_aversion: Annotated[Decimal, Field(ge=0, le=10_000)] = Decimal(10)
    benefit_days: Annotated[int, Field(ge=1, le=3_650)] = 365
    mandate_bps: BpsSetting = 100
    assumed_volatility_ppm: Annotated[int, Field(ge=10_000, le=10_000_000)] = 800_000
    trend_probability: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.8")
    trend_band_ppm: Annotated[int, Field(ge=0, le=10_000_000)] = ONE_HUNDRED_PERCENT_PPM
    range_band_ppm: Annotated[int, Field(ge=0, le=10_000_000)] = ONE_HUNDRED_PERCENT_PPM
    trend_rest_days: DaysSetting = 0
    range_rest_days: DaysSetting = 0
    runner_ppm: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    trim_ppm: Annotated[int, Field(ge=1, le=ONE_HUNDRED_PERCENT_PPM)] = 500_000
    trim_days: Annotated[int, Field(ge=1, le=366)] = 7
    cash_reserve_usd: Annotated[Decimal, Field(ge=0, le=Decimal(10**12))] = Decimal(0)

    def rules(self) -> DriftRules:
        return DriftRules(
            band_rule=self.band_rule,
            trade_to=self.trade_to,
            trades_constituents=self.trades_constituents,
            risk_aversion=self.risk_aversion,
            benefit_days=self.benefit_days,
            mandate_bps=Bps(self.mandate_bps),
            assumed_volatility_ppm=Ppm(self.assumed_volatility_ppm),
            trend_probability=self.trend_probability,
            trend_band_ppm=Ppm(self.trend_band_ppm),
            range_band_ppm=Ppm(self.range_band_ppm),
            trend_rest_days=self.trend_rest_days,
            range_rest_days=self.range_rest_days,
            runner_ppm=None if self.runner_ppm is None else Ppm(self.runner_ppm),
            trim_ppm=Ppm(self.trim_ppm),
            trim_days=self.trim_days,
            cash_reserve_usd=self.cash_reserve_usd,
        )


class BudgetSettings(Section):
    """What rebalancing may turn over and cost; see `agent.domain.rules.BudgetRules`."""

    week_turnover_ppm: Annotated[int, Field(ge=0, le=2 * ONE_HUNDRED_PERCENT_PPM)] | None = None
    year_turnover_ppm: Annotated[int, Field(ge=0, le=200 * ONE_HUNDRED_PERCENT_PPM)] | None = None
    week_cost_bps: BpsSetting | None = None
    year_cost_bps: BpsSetting | None = None

    def rules(self) -> BudgetRules:
        def ppm(value: int | None) -> Ppm | None:
            return None if value is None else Ppm(value)

        def bps(value: int | None) -> Bps | None:
            return None if value is None else Bps(value)

        return BudgetRules(
            week_turnover_ppm=ppm(self.week_turnover_ppm),
            year_turnover_ppm=ppm(self.year_turnover_ppm),
            week_cost_bps=bps(self.week_cost_bps),
            year_cost_bps=bps(self.year_cost_bps),
        )
