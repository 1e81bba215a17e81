"""Settings of the ranking quarantine: what of a ranking is not acted on at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm
from agent.domain.vetting import QuarantineRules
from agent.settings.fields import Section

SharePpm = Annotated[int, Field(ge=0, le=10 * ONE_HUNDRED_PERCENT_PPM)]


class QuarantineSettings(Section):
    """See `agent.domain.vetting.QuarantineRules` for what each bound means."""

    list_ranks: Annotated[int, Field(ge=1, le=500)] = 110
    max_rank_jump: Annotated[int, Field(ge=0, le=500)] = 40
    max_cap_mismatch_ppm: SharePpm = 100_000
    max_supply_jump_ppm: SharePpm = 250_000
    min_age_days: Annotated[int, Field(ge=0, le=3_650)] = 30
    readings_back: Annotated[int, Field(ge=0, le=52)] = 2
    max_turnover_ppm: Annotated[int, Field(ge=0, le=ONE_HUNDRED_PERCENT_PPM)] = 250_000
    min_depth_usd: Annotated[Decimal, Field(ge=0, le=Decimal(10**12), allow_inf_nan=False)] = (
        Decimal(25_000)
    )
    exempt: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    def rules(self) -> QuarantineRules:
        """Return the rules in the units that planning works in."""
        return QuarantineRules(
            list_ranks=self.list_ranks,
            max_rank_jump=self.max_rank_jump,
            max_cap_mismatch_ppm=Ppm(self.max_cap_mismatch_ppm),
            max_supply_jump_ppm=Ppm(self.max_supply_jump_ppm),
            min_age_days=self.min_age_days,
            readings_back=self.readings_back,
            max_turnover_ppm=Ppm(self.max_turnover_ppm),
            min_depth_usd=self.min_depth_usd,
            exempt=self.exempt,
        )
