"""Waiting for the network to ask no more than the fee ceiling: before a plan, and before a first signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from agent import observe
from agent.domain.happening import FeeHeld, Listener
from agent.domain.intent import FeeCap, MarketFees
from agent.execution.fees import FeeLimits, next_cap
from agent.ports import Chain, Clock

PAUSE_S = 12.0
"""A slot: the base fee changes once in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Holds what would be signed above `ceiling`, wei per gas, for `patience` at most."""

    chain: Chain
    clock: Clock
    ceiling: int
    patience: timedelta
    tell: Listener

    def affordable(self, *, is_over: Callable[[], bool] = lambda: False) -> FeeCap | None:
        """Return what the market asks once it is under the ceiling; None if that does not come in time.

        Slept seconds count, not a clock's: a fork's stands still. `is_over` ends the wait early.
        """
        slept_s = 0.0
        while True:
            market = self._market()
            cap = next_cap(None, market, FeeLimits(ceiling=self.ceiling))
            if cap is not None:
                return cap
            if slept_s >= self.patience.total_seconds() or is_over():
                return None
            if not slept_s:
                self._say(market.base_fee_per_gas + market.priority_fee_per_gas)
            self.clock.sleep(PAUSE_S)
            slept_s += PAUSE_S

    def _market(self) -> MarketFees:
        """Return the higher of the newest block's base fee and the next one's: both must be payable."""
        fees, head = self.chain.fetch_fees(), self.chain.fetch_head()
        return replace(fees, base_fee_per_gas=max(fees.base_fee_per_gas, head.base_fee_per_gas))

    def _say(self, asked: int) -> None:
        observe.fee_held(asked_wei=asked, ceiling_wei=self.ceiling)
        self.tell(FeeHeld(asked=asked, ceiling=self.ceiling))
