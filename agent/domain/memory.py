"""What a plan must know of the time before it: volatilities, and what was traded and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from agent.domain.units import Address, Ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What rebalancing turned over (sells and buys together) and cost over some days, in dollars."""

    turnover_usd: Decimal = Decimal(0)
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Facts out of the log as of a plan's making, times in Unix seconds.

    `volatility_ppm_by_token` is a year's; a token is missing where the log has too few prices of it.
    `rebalanced_at` is the block time of the last plan that traded, `sold_at_by_coin` of the last that
    sold some of a coin. `week` and `year` are the last 7 and 365 days.
    """

    volatility_ppm_by_token: Mapping[Address, Ppm] = field(default_factory=dict)
    rebalanced_at: int | None = None
    sold_at_by_coin: Mapping[str, int] = field(default_factory=dict)
    week: Spent = Spent()
    year: Spent = Spent()


NOTHING_REMEMBERED = Memory()
