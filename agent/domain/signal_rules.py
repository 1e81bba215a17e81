"""When signals may be acted on: not stale, not from the future, and issued for the same time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from agent.domain.signal import Ranking, RegimeSignal
from agent.errors import (
    ExpiredSignalError,
    FutureSignalError,
    ReplayedSignalError,
    SignalsDisagreeError,
    StaleSignalError,
)


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


def check_expiry(expires_at: datetime | None, *, source: str, now: datetime) -> None:
    """Return if a signal may still be used at `now`.

    Raises:
        ExpiredSignalError
    """
    if expires_at is not None and now >= expires_at:
        raise ExpiredSignalError(source=source, expired_at=f"{expires_at:%Y-%m-%dT%H:%M:%SZ}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSignal:
    """The last signal of a kind that was accepted, as far as the next must follow it."""

    issued_at: datetime
    sequence: int | None
    sha256: str


def check_order(signal: Ranking | RegimeSignal, last: LastSignal | None, *, source: str) -> None:
    """Return if a signal is the last one again, or follows it: no replay of an earlier one.

    Where the last one had a sequence number, the next has a higher one.

    Raises:
        ReplayedSignalError
    """
    if last is None or signal.sha256 == last.sha256:
        return
    if last.sequence is not None and (signal.sequence is None or signal.sequence <= last.sequence):
        found = "none" if signal.sequence is None else str(signal.sequence)
        raise ReplayedSignalError(
            source=source, field="sequence", found=found, last=str(last.sequence)
        )
    if signal.issued_at < last.issued_at:
        raise ReplayedSignalError(
            source=source,
            field="issued_at",
            found=f"{signal.issued_at:%Y-%m-%dT%H:%M:%SZ}",
            last=f"{last.issued_at:%Y-%m-%dT%H:%M:%SZ}",
        )


def check_agreement(ranking: Ranking, regime: RegimeSignal, *, max_gap_s: int) -> None:
    """Return if both signals were issued within `max_gap_s` of each other.

    Raises:
        SignalsDisagreeError
    """
    gap_s = abs((ranking.issued_at - regime.issued_at).total_seconds())
    if gap_s > max_gap_s:
        raise SignalsDisagreeError(gap_s=math.ceil(gap_s), max_gap_s=max_gap_s)
