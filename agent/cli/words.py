"""Numbers, times and ids as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

PPM_PER_PERCENT = 10_000


def dollars(usd: Decimal, *, places: int = 0) -> str:
    """Return dollars with thousands separated, rounded for display."""
    return f"${_rounded(usd, places):,}"


def signed_dollars(usd: Decimal, *, places: int = 0) -> str:
    rounded = _rounded(usd, places)
    return f"{'-' if rounded < 0 else '+'}${abs(rounded):,}"


def bps(value: Decimal, *, places: int = 1) -> str:
    return f"{_rounded(value, places)} bps"


def percent(ppm: int, *, places: int = 2) -> str:
    """Return parts per million as a percentage."""
    return f"{_rounded(Decimal(ppm) / PPM_PER_PERCENT, places)} %"


def signed_percent(ppm: int, *, places: int = 2) -> str:
    return f"{_rounded(Decimal(ppm) / PPM_PER_PERCENT, places):+} %"


def percent_of(part: Decimal, whole: Decimal | int, *, places: int = 2) -> str:
    return f"{_rounded(part * 100 / whole, places)} %" if whole else "-"


def whole_amount(amount: int, decimals: int, *, digits: int = 6) -> str:
    """Return base units as whole tokens with about `digits` significant digits, never in E notation."""
    whole = Decimal(amount).scaleb(-decimals)
    if not whole:
        return "0"
    places = max(0, min(decimals, digits - 1 - whole.adjusted()))
    return f"{_rounded(whole, places):,}"


def gwei(wei: int) -> str:
    return f"{_rounded(Decimal(wei) / 10**9, 2)} gwei"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def short(identifier: str, *, length: int = 12) -> str:
    """Return the beginning of a hash or address, enough to recognise it."""
    return identifier[:length]


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
