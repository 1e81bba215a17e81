"""The execution window of a proposal: its rules, what is seen while it is open, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.units import Ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRules:
    """How a moment is picked within `length` of a proposal's time.

    The base fee should be among the cheapest `fee_percentile_ppm` of what the hours to come usually ask;
    with the time that passes this grows to all. The pools should be `min_depth_ppm` as deep as when it
    was proposed. Up to `jitter` is waited at random first. In `blackout_hours` (UTC, of the day) nothing
    is carried out. At the deadline it is, whatever these say.
    """

    length: timedelta
    jitter: timedelta
    fee_percentile_ppm: Ppm
    min_depth_ppm: Ppm
    blackout_hours: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSample:
    """The base fee of a block long ago, in wei, and its time."""

    at: datetime
    base_fee_per_gas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known at `now`: the base fee, and the pools' depth in ppm of the proposal's (None: not read)."""

    now: datetime
    base_fee_per_gas: int
    depth_ppm: Ppm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Whether to go ahead now, and why or why not."""

    is_now: bool
    why: str
