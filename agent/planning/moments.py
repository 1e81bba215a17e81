"""When within its execution window a cycle is carried out: at a cheap hour, in deep pools, not at a set time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isqrt

from agent.domain.plan import PlanInputs
from agent.domain.pool import PoolState, V2Pool, V3Pool
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, Ppm
from agent.domain.window import FeeSample, Moment, Seen, WindowRules
from agent.planning.pricing import virtual_reserve

HOUR = timedelta(hours=1)
HOURS_PER_WEEK = 168
LEAST_SAMPLES = 12
"""With fewer the profile of the hours to come says nothing, and that of all hours is taken."""


def moment(
    rules: WindowRules,
    *,
    opens_at: datetime,
    proposal_id: str,
    seen: Seen,
    profile: Sequence[FeeSample],
) -> Moment:
    """Return whether a proposal that may be executed from `opens_at` is executed now.

    The random part comes from the proposal's id (hex), which nobody else knows: it is the same after a
    restart.
    """
    now, deadline = seen.now, opens_at + rules.length
    if now >= deadline:
        return Moment(is_now=True, why="the deadline")
    begins = min(opens_at + _jitter(rules, proposal_id), deadline)
    if now < begins:
        return Moment(is_now=False, why=f"begins at {begins:%H:%M:%S}, by chance")
    if now.astimezone(UTC).hour in rules.blackout_hours:
        return Moment(is_now=False, why=f"hour {now.astimezone(UTC).hour} is blacked out")
    if seen.depth_ppm is not None and seen.depth_ppm < rules.min_depth_ppm:
        return Moment(
            is_now=False,
            why=f"pools are {seen.depth_ppm} ppm as deep as proposed, {rules.min_depth_ppm} are wanted",
        )
    ceiling = _ceiling(rules, profile, now=now, opens_at=opens_at, deadline=deadline)
    if ceiling is not None and seen.base_fee_per_gas > ceiling:
        return Moment(
            is_now=False, why=f"a base fee of {seen.base_fee_per_gas} wei, {ceiling} is wanted"
        )
    return Moment(is_now=True, why=f"a base fee of {seen.base_fee_per_gas} wei is cheap enough")


def _jitter(rules: WindowRules, proposal_id: str) -> timedelta:
    seconds = int(rules.jitter.total_seconds())
    return timedelta(seconds=int(proposal_id[:12], 16) % seconds if seconds else 0)


def _ceiling(
    rules: WindowRules,
    profile: Sequence[FeeSample],
    *,
    now: datetime,
    opens_at: datetime,
    deadline: datetime,
) -> int | None:
    """Return the base fee to accept now, in wei; None where nothing is known of usual ones."""
    hours = _open_hours(rules, now, deadline)
    usual = sorted(s.base_fee_per_gas for s in profile if hour_of_week(s.at) in hours)
    if len(usual) < LEAST_SAMPLES:
        usual = sorted(sample.base_fee_per_gas for sample in profile)
    if not usual:
        return None
    passed = int((now - opens_at) / rules.length * ONE_HUNDRED_PERCENT_PPM)
    left = ONE_HUNDRED_PERCENT_PPM - rules.fee_percentile_ppm
    percentile = rules.fee_percentile_ppm + left * passed * passed // ONE_HUNDRED_PERCENT_PPM**2
    index = min(len(usual) - 1, len(usual) * percentile // ONE_HUNDRED_PERCENT_PPM)
    return usual[index]


def hour_of_week(at: datetime) -> int:
    """Return the hour from 0, Monday 00:00 UTC, to 167."""
    utc = at.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def _open_hours(rules: WindowRules, now: datetime, deadline: datetime) -> frozenset[int]:
    count = min(HOURS_PER_WEEK, int((deadline - now) / HOUR) + 1)
    times = (now.astimezone(UTC) + HOUR * n for n in range(count))
    return frozenset(hour_of_week(at) for at in times if at.hour not in rules.blackout_hours)


def depth_ppm(now: PlanInputs, then: PlanInputs) -> Ppm | None:
    """Return how deep the pools of both readings are now, in ppm of then; None where none is comparable.

    The mean over pools of the ratio of what each trades like a pair of, so that no price is needed and
    no large pool decides alone.
    """
    before = {pool.ref.address: pool for pool in then.pools}
    ratios = list(_ratios(now.pools, before))
    return Ppm(sum(ratios) // len(ratios)) if ratios else None


def _ratios(pools: Iterable[PoolState], before: dict[Address, PoolState]) -> Iterable[int]:
    for pool in pools:
        old = before.get(pool.ref.address)
        if not isinstance(pool, V2Pool | V3Pool) or not isinstance(old, V2Pool | V3Pool):
            continue
        product, was = (
            virtual_reserve(one, is_token0=True) * virtual_reserve(one, is_token0=False)
            for one in (pool, old)
        )
        if was:
            # Depth is the root of the product: a price that moved leaves it as it is.
            yield _root_ppm(product, was)


def _root_ppm(product: int, was: int) -> int:
    return isqrt(product * ONE_HUNDRED_PERCENT_PPM**2 // was)
