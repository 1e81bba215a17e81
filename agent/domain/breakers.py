"""Circuit breakers: what was seen of the portfolio since it is in the index, to a reason to leave it.

The portfolio's way is chained from the prices of what it held, so that neither contributions nor
withdrawals look like gains or losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from itertools import pairwise

from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, Ppm

YEAR_S = Decimal(365 * 86_400)
LEAST_RETURNS = 12
"""Fewer say nothing of a volatility."""

_CONTEXT = Context(prec=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """What trips; 0 switches a breaker off.

    `max_drawdown_ppm` below the highest since the portfolio is in, `max_volatility_ppm` a year's over
    `volatility_window_s`, `max_oracle_failures` looks in a row at which nothing could be valued,
    `max_depegs` looks in a row at which a stablecoin that the policy names was off its peg.
    """

    max_drawdown_ppm: Ppm
    max_volatility_ppm: Ppm
    volatility_window_s: int
    max_oracle_failures: int
    max_depegs: int

    @property
    def is_any(self) -> bool:
        """Whether there is anything to look for."""
        return any(
            (
                self.max_drawdown_ppm,
                self.max_volatility_ppm,
                self.max_oracle_failures,
                self.max_depegs,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One look at what is held: dollars by token, prices by token; `failure` why there are none.

    `off_peg` are the symbols of the policy's stablecoins that were off their peg.
    """

    at: datetime
    worth_usd_by_token: Mapping[Address, Decimal]
    usd_by_token: Mapping[Address, Decimal]
    failure: str
    off_peg: tuple[str, ...]


def tripped(seen: Sequence[Observed], rules: BreakerRules) -> str | None:
    """Return the first breaker's reason to leave, with its numbers; None as long as all hold.

    `seen` are the looks since the portfolio is in, the newest last.
    """
    checks = (_oracle_failure, _depeg, _drawdown, _volatility)
    return next((reason for check in checks if (reason := check(seen, rules)) is not None), None)


def returns(seen: Sequence[Observed]) -> Iterator[tuple[datetime, Decimal, Decimal]]:
    """Yield time, return and seconds passed of each look against the one before, as far as both have prices."""
    valued = [look for look in seen if not look.failure and look.worth_usd_by_token]
    for before, now in pairwise(valued):
        both = (
            before.worth_usd_by_token.keys() & now.usd_by_token.keys() & before.usd_by_token.keys()
        )
        start = sum((before.worth_usd_by_token[t] for t in both), start=Decimal(0))
        if not start:
            continue
        end = sum(
            (
                _CONTEXT.divide(
                    before.worth_usd_by_token[t] * now.usd_by_token[t], before.usd_by_token[t]
                )
                for t in sorted(both)
            ),
            start=Decimal(0),
        )
        passed = Decimal(int((now.at - before.at).total_seconds()))
        yield now.at, _CONTEXT.divide(end, start) - 1, passed


def _drawdown(seen: Sequence[Observed], rules: BreakerRules) -> str | None:
    level = highest = Decimal(1)
    for _, change, _ in returns(seen):
        level = _CONTEXT.multiply(level, 1 + change)
        highest = max(highest, level)
    fallen = int((1 - _CONTEXT.divide(level, highest)) * ONE_HUNDRED_PERCENT_PPM)
    if not rules.max_drawdown_ppm or fallen <= rules.max_drawdown_ppm:
        return None
    return f"{fallen} ppm below its highest, max_drawdown_ppm is {rules.max_drawdown_ppm}"


def _volatility(seen: Sequence[Observed], rules: BreakerRules) -> str | None:
    if not rules.max_volatility_ppm or not seen:
        return None
    since = seen[-1].at
    moves = [
        (change, passed)
        for at, change, passed in returns(seen)
        if (since - at).total_seconds() < rules.volatility_window_s and passed > 0
    ]
    if len(moves) < LEAST_RETURNS:
        return None
    squares = sum((change * change for change, _ in moves), start=Decimal(0))
    seconds = sum((passed for _, passed in moves), start=Decimal(0))
    yearly = _CONTEXT.sqrt(_CONTEXT.divide(squares * YEAR_S, seconds))
    found = int(yearly * ONE_HUNDRED_PERCENT_PPM)
    if found <= rules.max_volatility_ppm:
        return None
    return f"a volatility of {found} ppm a year, max_volatility_ppm is {rules.max_volatility_ppm}"


def _oracle_failure(seen: Sequence[Observed], rules: BreakerRules) -> str | None:
    most = rules.max_oracle_failures
    last = seen[-most:] if most else ()
    if len(last) < most or not last or not all(look.failure for look in last):
        return None
    return f"nothing could be valued {most} times in a row: {last[-1].failure}"


def _depeg(seen: Sequence[Observed], rules: BreakerRules) -> str | None:
    most = rules.max_depegs
    last = seen[-most:] if most else ()
    if len(last) < most or not last or not all(look.off_peg for look in last):
        return None
    return f"{', '.join(last[-1].off_peg)} off the peg {most} times in a row"
