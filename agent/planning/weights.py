"""Shares of a whole: in proportion to size, none above a cap, and in parts that sum exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm, ceil_div
from agent.errors import InfeasibleTargetError

ONE = Fraction(1)


def weights_ppm(sizes: Sequence[Fraction], cap_ppm: Ppm | None) -> list[Ppm]:
    """Return weights in proportion to `sizes` (positive), none above the cap, summing to 1,000,000.

    Raises:
        InfeasibleTargetError: so few sizes cannot make a whole under the cap.
    """
    cap = ONE if cap_ppm is None else Fraction(cap_ppm, ONE_HUNDRED_PERCENT_PPM)
    if cap * len(sizes) < ONE:
        least = ceil_div(ONE_HUNDRED_PERCENT_PPM, len(sizes))
        raise InfeasibleTargetError(
            field="max_coin_weight_ppm",
            value=cap_ppm,
            mend=f"{len(sizes)} coins cannot make a whole below {least}: raise it to {least} at least",
        )
    return apportioned(capped_shares(sizes, cap))


def capped_shares(sizes: Sequence[Fraction], cap: Fraction) -> list[Fraction]:
    """Return shares of one: what a cap cuts off goes to the others in proportion, until none exceeds it."""
    capped: set[int] = set()
    while True:
        free = ONE - cap * len(capped)
        free_size = sum(size for i, size in enumerate(sizes) if i not in capped)
        most = cap * free_size / free if free else free_size
        over = {i for i, size in enumerate(sizes) if i not in capped and size > most}
        if not over:
            return [cap if i in capped else size * free / free_size for i, size in enumerate(sizes)]
        capped |= over


def apportioned(shares: Sequence[Fraction]) -> list[Ppm]:
    """Return shares of one in ppm, summing to 1,000,000: the largest remainders are rounded up.

    Of equal remainders the first goes first. (Hamilton's method; no share moves by a whole ppm.)
    """
    exact = [share * ONE_HUNDRED_PERCENT_PPM for share in shares]
    floors = [share.numerator // share.denominator for share in exact]
    missing = ONE_HUNDRED_PERCENT_PPM - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    rounded_up = set(by_remainder[:missing])
    return [Ppm(floor + (i in rounded_up)) for i, floor in enumerate(floors)]
