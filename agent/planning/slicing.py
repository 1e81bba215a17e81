"""Orders in slices over time: how many, when the next is due, and whether its price will do.

A pool that was traded away from the market is brought back by others, so a large order pays its price
impact once per slice, on a smaller size: one shot of size X costs I = X^2 / D in a pool of depth D
(Uniswap v2's x y = k to second order), k slices I / k, and each costs gas G. Least is I / k + G k, at
k = sqrt(I / G). Three things speak against it: arbitrage stops where its own fee begins, so that every
slice but the first pays the fee F once more; what has not been refilled when the next slice comes; and
the risk of prices moving meanwhile (Almgren, Chriss: Optimal Execution of Portfolio Transactions, 2000).

Nothing is traded here. A schedule says what is due; each slice is planned anew when it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

_SECONDS_PER_YEAR = 31_536_000
MOST_SLICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What decides how finely an order is sliced; dollars, seconds, volatility per square root of a year.

    `one_shot_usd` is the price impact of the whole order at once, `fee_usd` the pools' fees on it.
    `refill_s` is the time in which a pool's displacement falls to 1 / e. `aversion_per_usd` weighs the
    variance of the shortfall.
    """

    order_usd: float
    one_shot_usd: float
    fee_usd: float
    gas_usd: float
    interval_s: int
    refill_s: float
    volatility: float = 0.0
    aversion_per_usd: float = 0.0


def expected_cost_usd(impact: Impact, slices: int) -> float:
    """Return impact, fees and gas of so many equal slices, with what earlier ones left behind.

    A slice moves the price by twice the impact that it pays on average; of that the share q, later
    q^2 and so on, is still there when the next ones come.
    """
    kept = _kept(impact)
    own = impact.one_shot_usd / slices
    left_behind = sum((slices - gap) * kept**gap for gap in range(1, slices))
    fees = impact.fee_usd * (2.0 - 1.0 / slices)
    return own * (1.0 + 2.0 * left_behind / slices) + fees + impact.gas_usd * slices


def shortfall_variance(impact: Impact, slices: int) -> float:
    """Return the variance, in dollars squared, of what the price does to the slices that are yet to come."""
    steps = (slices - 1) * (2 * slices - 1) / (6 * slices)
    per_interval = impact.volatility**2 * impact.interval_s / _SECONDS_PER_YEAR
    return per_interval * impact.order_usd**2 * steps


def slice_count(impact: Impact, *, most: int = MOST_SLICES) -> int:
    """Return the number of slices, at least 1 and at most `most`, with the least cost, risk weighed in."""

    def weighed(slices: int) -> float:
        risk = impact.aversion_per_usd * shortfall_variance(impact, slices)
        return expected_cost_usd(impact, slices) + risk

    return min(range(1, most + 1), key=weighed)


def _kept(impact: Impact) -> float:
    """Return the share of a displacement that is left after one interval."""
    return exp(-impact.interval_s / impact.refill_s) if impact.refill_s > 0.0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The worst price that will do: at least `amount_out` for `amount_in`, in base units."""

    amount_in: int
    amount_out: int

    def allows(self, *, amount_in: int, amount_out: int) -> bool:
        return amount_out * self.amount_in >= amount_in * self.amount_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An order in `slices`, one each `interval_s` from `begins_at` on, none at or after `deadline`.

    Times are Unix seconds. Without a limit any price that the planner accepts will do.
    """

    order_id: str
    amount_in: int
    slices: int
    begins_at: int
    interval_s: int
    deadline: int
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slice of `amount_in` base units is to be planned and traded now."""

    amount_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing is due before `until`, Unix seconds."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The schedule is over; `unfilled` base units were not traded."""

    unfilled: int


Step = Due | Waiting | Ended


def next_step(schedule: Schedule, *, now: int, filled_in: int, tried_at: int | None) -> Step:
    """Return what a schedule asks for, of which `filled_in` was traded and a slice last tried at `tried_at`.

    A slice that was missed, or refused for its price, is not made up for at once: what is left is
    spread over the turns that are left before the deadline.
    """
    left = schedule.amount_in - filled_in
    if left == 0 or now >= schedule.deadline:
        return Ended(unfilled=left)
    turn = _turn(schedule, now)
    if now < schedule.begins_at or (tried_at is not None and _turn(schedule, tried_at) == turn):
        return Waiting(until=min(_starts_at(schedule, turn + 1), schedule.deadline))
    turns_left = 1 + (schedule.deadline - 1 - now) // schedule.interval_s
    slices_left = -(-left * schedule.slices // schedule.amount_in)
    return Due(amount_in=-(-left // max(1, min(turns_left, slices_left))))


def _turn(schedule: Schedule, at: int) -> int:
    """Return the number of the interval that a time falls into; -1 before the first."""
    return max((at - schedule.begins_at) // schedule.interval_s, -1)


def _starts_at(schedule: Schedule, turn: int) -> int:
    return schedule.begins_at + turn * schedule.interval_s
