"""Units and the integer arithmetic on them: basis points, parts per million, base units."""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

Bps = NewType("Bps", int)
"""Hundredths of a percent: slippage limits and price impacts."""

Ppm = NewType("Ppm", int)
"""Parts per million: weights and drift."""

Address = NewType("Address", str)
"""A checksummed 0x address (EIP-55)."""

Wei = NewType("Wei", int)

ONE_HUNDRED_PERCENT_BPS = 10_000
ONE_HUNDRED_PERCENT_PPM = 1_000_000
ONE_HUNDRED_PERCENT_PIPS = 1_000_000
"""Pool fees come in pips, hundredths of a basis point, as the protocols have them."""

ZERO_ADDRESS = Address("0x" + "0" * 40)
"""Stands for native ETH wherever a token address is asked for."""


def ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def min_amount_out(quoted: int, slippage_bps: Bps) -> int:
    """Return the least output to accept, rounded up so that the floor never loosens."""
    return ceil_div(quoted * (ONE_HUNDRED_PERCENT_BPS - slippage_bps), ONE_HUNDRED_PERCENT_BPS)


def whole_tokens(amount: int, decimals: int) -> Decimal:
    """Return base units as a count of whole tokens, exactly; for display and valuation only."""
    return Decimal(amount).scaleb(-decimals)


def base_units(whole: Decimal, decimals: int) -> int:
    """Return whole tokens as base units, rounded towards zero."""
    return int(whole.scaleb(decimals))
