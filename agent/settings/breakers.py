"""Settings of the circuit breakers: what leads out of the index whatever the regime says."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agent.domain.breakers import BreakerRules
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm
from agent.settings.fields import Section

DAY_S = 86_400


class BreakerSettings(Section):
    """See `agent.domain.breakers.BreakerRules` for each; a look is taken every `look_s`."""

    max_drawdown_ppm: Annotated[int, Field(ge=0, le=ONE_HUNDRED_PERCENT_PPM)] = 0
    max_volatility_ppm: Annotated[int, Field(ge=0, le=100 * ONE_HUNDRED_PERCENT_PPM)] = 0
    volatility_window_s: Annotated[int, Field(ge=3_600, le=90 * DAY_S)] = 7 * DAY_S
    max_oracle_failures: Annotated[int, Field(ge=0, le=1_000)] = 0
    max_depegs: Annotated[int, Field(ge=0, le=1_000)] = 0
    look_s: Annotated[int, Field(ge=60, le=DAY_S)] = 3_600

    def rules(self) -> BreakerRules:
        """Return the rules in the units that deciding works in."""
        return BreakerRules(
            max_drawdown_ppm=Ppm(self.max_drawdown_ppm),
            max_volatility_ppm=Ppm(self.max_volatility_ppm),
            volatility_window_s=self.volatility_window_s,
            max_oracle_failures=self.max_oracle_failures,
            max_depegs=self.max_depegs,
        )
