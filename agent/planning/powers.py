"""Fractions of 10^18 and their powers, rounded as Balancer v2 pools round them.

Balancer v2 technical reference, "LogExpMath": x^y = e^(y ln x), both functions by decomposition into
powers of e at powers of two, tabled to some 21 digits, and a series for the rest. What is cut at each
step belongs to the protocol, so it is repeated here; signs are kept apart, as the EVM cuts towards zero.
"""

from __future__ import annotations

from agent.domain.units import ceil_div

ONE = 10**18
_ONE_20 = 10**20
_ONE_36 = 10**36
_POW_ERROR = 10_000
"""What a power may be off, relative, in units of 10^-18."""

_LARGEST_EXPONENT = 130 * ONE
_LEAST_EXPONENT = -41 * ONE
_NEAR_ONE = ONE // 10
"""Logarithms of what is closer to one than this are taken with 36 digits."""

_WHOLE_POWERS = (
    (128 * ONE, 38877084059945950922200000000000000000000000000000000000),
    (64 * ONE, 6235149080811616882910000000),
)
"""x in 18 digits, e^x as a whole number."""

_POWERS = (
    (32 * _ONE_20, 7896296018268069516100000000000000),
    (16 * _ONE_20, 888611052050787263676000000),
    (8 * _ONE_20, 298095798704172827474000),
    (4 * _ONE_20, 5459815003314423907810),
    (2 * _ONE_20, 738905609893065022723),
    (_ONE_20, 271828182845904523536),
    (_ONE_20 // 2, 164872127070012814685),
    (_ONE_20 // 4, 128402541668774148407),
    (_ONE_20 // 8, 113314845306682631683),
    (_ONE_20 // 16, 106449445891785942956),
)
"""x and e^x in 20 digits; exponentials need the first eight only."""

_SERIES_TERMS = 12


def mul_down(one: int, other: int) -> int:
    return one * other // ONE


def mul_up(one: int, other: int) -> int:
    return ceil_div(one * other, ONE)


def div_down(one: int, other: int) -> int:
    return one * ONE // other


def div_up(one: int, other: int) -> int:
    return ceil_div(one * ONE, other)


def power_up(base: int, exponent: int, *, multiplies: bool) -> int:
    """Return base^exponent, certainly not below the true value.

    Raises:
        ValueError: as for `power`.
    """
    if multiplies:
        if exponent == ONE:
            return base
        if exponent == 2 * ONE:
            return mul_up(base, base)
        if exponent == 4 * ONE:
            square = mul_up(base, base)
            return mul_up(square, square)
    raw = power(base, exponent)
    return raw + mul_up(raw, _POW_ERROR) + 1


def power(base: int, exponent: int) -> int:
    """Return base^exponent of shares of 10^18, as far as tables and series go.

    Raises:
        ValueError: the result lies outside e^-41 and e^130; pools revert.
    """
    if exponent == 0:
        return ONE
    if base == 0:
        return 0
    sign = 1 if base >= ONE else -1
    if abs(base - ONE) < _NEAR_ONE:
        logarithm = _log_near_one(base)
        scaled = logarithm // ONE * exponent + logarithm % ONE * exponent // ONE
    else:
        scaled = _log(base if sign > 0 else ONE * ONE // base) * exponent
    return _exponential(sign * (scaled // ONE))


def _log_near_one(value: int) -> int:
    """Return |ln value| with 36 digits."""
    inflated = value * ONE
    ratio = abs(inflated - _ONE_36) * _ONE_36 // (inflated + _ONE_36)
    return 2 * _odd_series(ratio, _ONE_36, last=15)


def _odd_series(ratio: int, one: int, *, last: int) -> int:
    """Return z + z^3/3 + z^5/5 + ... up to z^last, half of ln((1 + z) / (1 - z))."""
    square = ratio * ratio // one
    total = term = ratio
    for divisor in range(3, last + 1, 2):
        term = term * square // one
        total += term // divisor
    return total


def _log(value: int) -> int:
    """Return ln of a value of at least one, with 18 digits."""
    total = 0
    for exponent, whole in _WHOLE_POWERS:
        if value >= whole * ONE:
            value //= whole
            total += exponent
    total, value = total * 100, value * 100
    for exponent, tabled in _POWERS:
        if value >= tabled:
            value = value * _ONE_20 // tabled
            total += exponent
    ratio = (value - _ONE_20) * _ONE_20 // (value + _ONE_20)
    return (total + 2 * _odd_series(ratio, _ONE_20, last=11)) // 100


def _exponential(exponent: int) -> int:
    """Return e^exponent with 18 digits."""
    if not _LEAST_EXPONENT <= exponent <= _LARGEST_EXPONENT:
        raise ValueError(f"e^({exponent} / 10^18) is beyond what pools compute")
    if exponent < 0:
        return ONE * ONE // _exponential(-exponent)
    first = 1
    for step, whole in _WHOLE_POWERS:
        if exponent >= step:
            exponent -= step
            first = whole
            break
    exponent *= 100
    product = _ONE_20
    for step, tabled in _POWERS[:8]:
        if exponent >= step:
            exponent -= step
            product = product * tabled // _ONE_20
    total, term = _ONE_20 + exponent, exponent
    for divisor in range(2, _SERIES_TERMS + 1):
        term = term * exponent // _ONE_20 // divisor
        total += term
    return product * total // _ONE_20 * first // 100
