"""Settings of the regime: when the stance follows its readings, and when that is executed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from agent.domain.regime import RegimeRules
from agent.settings.fields import Section

DAY_S = 86_400
ProbabilitySetting = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]


class RegimeSettings(Section):
    """When the stance follows the regime; see `agent.domain.regime.RegimeRules` for each.

    A way out is executed `exit_notice_s` after it was proposed, and unless `exit_approval` says so
    nobody has to approve it. Between cycles the regime is read every `watch_s`, 0 for never.
    """

    exit_probability: ProbabilitySetting = Decimal("0.5")
    entry_probability: ProbabilitySetting = Decimal("0.6")
    exit_confirmations: Annotated[int, Field(ge=1, le=30)] = 1
    entry_confirmations: Annotated[int, Field(ge=1, le=90)] = 2
    min_out_s: Annotated[int, Field(ge=0, le=365 * DAY_S)] = 2 * DAY_S
    max_reentries: Annotated[int, Field(ge=0, le=30)] = 2
    exit_notice_s: Annotated[int, Field(ge=0, le=7 * DAY_S)] = 0
    exit_approval: Literal["none", "required"] = "none"
    watch_s: Annotated[int, Field(ge=0, le=DAY_S)] = 300

    def rules(self) -> RegimeRules:
        """Return the rules of the state machine."""
        return RegimeRules(
            exit_probability=self.exit_probability,
            entry_probability=self.entry_probability,
            exit_confirmations=self.exit_confirmations,
            entry_confirmations=self.entry_confirmations,
            min_out_s=self.min_out_s,
            max_reentries=self.max_reentries,
        )
