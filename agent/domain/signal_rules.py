"""When signals may be acted on: not stale, not from the future, and issued for the same time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from agent.domain.signal import Ranking, RegimeSignal
from agent.errors import FutureSignalError, SignalsDisagreeError, StaleSignalError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLimits:
    """The greatest age of a signal, and how far its clock may run ahead of ours, in seconds."""

    max_age_s: int
    max_skew_s: int


def check_time(issued_at: datetime, *, source: str, now: datetime, limits: SignalLimits) -> None:
    """Return if a signal issued at `issued_at` may be used at `now` (both aware).

    Raises:
        StaleSignalError, FutureSignalError
    """
    age_s = (now - issued_at).total_seconds()
    if age_s > limits.max_age_s:
        raise StaleSignalError(source=source, age_s=math.ceil(age_s), max_age_s=limits.max_age_s)
    if -age_s > limits.max_skew_s:
        raise FutureSignalError(
            source=source, ahead_s=math.ceil(-age_s), max_skew_s=limits.max_skew_s
        )


def check_agreement(ranking: Ranking, regime: RegimeSignal, *, max_gap_s: int) -> None:
    """Return if both signals were issued within `max_gap_s` of each other.

    Raises:
        SignalsDisagreeError
    """
    gap_s = abs((ranking.issued_at - regime.issued_at).total_seconds())
    if gap_s > max_gap_s:
        raise SignalsDisagreeError(gap_s=math.ceil(gap_s), max_gap_s=max_gap_s)
