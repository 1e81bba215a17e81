"""Dollars in planning: one decimal context wherever they are reckoned, and tokens worth so many of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from agent.domain.portfolio import Price
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm, base_units, whole_tokens

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Wide enough for a 128-bit amount times a price of 18 digits to be exact."""

CENT = Decimal("0.01")
ZERO = Decimal(0)


def reckoned(function: Callable[_Args, _Result]) -> Callable[_Args, _Result]:
    """Run `function` in our own decimal context, so that no caller's context can change a plan's id."""

    @wraps(function)
    def inner(*args: _Args.args, **kwargs: _Args.kwargs) -> _Result:
        with localcontext(CONTEXT):
            return function(*args, **kwargs)

    return inner


def usd_of(amount: int, token: Token, price: Price) -> Decimal:
    """Return what `amount` base units are worth, unrounded."""
    return whole_tokens(amount, token.decimals) * price.usd


def amount_of(usd: Decimal, token: Token, price: Price) -> int:
    """Return the base units that `usd` dollars are worth, rounded towards zero."""
    return base_units(usd / price.usd, token.decimals)


def cents(usd: Decimal) -> Decimal:
    return usd.quantize(CENT)


def share_ppm(part: Decimal, whole: Decimal) -> Ppm:
    """Return part / whole in ppm, rounded half to even; 0 of nothing."""
    if whole == 0:
        return Ppm(0)
    return Ppm(int((part * ONE_HUNDRED_PERCENT_PPM / whole).to_integral_value(ROUND_HALF_EVEN)))


def whole_eth(wei: int) -> str:
    """Return wei as ETH, rounded up to six decimals, for people."""
    return f"{whole_tokens(wei, 18).quantize(Decimal('0.000001'), ROUND_UP):f}"
