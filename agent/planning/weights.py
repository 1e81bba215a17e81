"""Shares of a whole: in proportion to size, none above its cap, no group above its own, in exact parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm, ceil_div
from agent.errors import InfeasibleTargetError

ONE = Fraction(1)
NO_CAP = Ppm(ONE_HUNDRED_PERCENT_PPM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of a whole: its size (positive), the most it may be of the whole, and its group if any."""

    size: Fraction
    cap_ppm: Ppm = NO_CAP
    group: str = ""


def weights_ppm(sizes: Sequence[Fraction], cap_ppm: Ppm | None) -> list[Ppm]:
    """Return weights in proportion to `sizes` (positive), none above the cap, summing to 1,000,000.

    Raises:
        InfeasibleTargetError: so few sizes cannot make a whole under the cap.
    """
    cap = NO_CAP if cap_ppm is None else cap_ppm
    return group_weights_ppm([Share(size=size, cap_ppm=cap) for size in sizes], {})


def group_weights_ppm(shares: Sequence[Share], cap_ppm_by_group: Mapping[str, Ppm]) -> list[Ppm]:
    """Return weights in proportion to size under every cap, of parts and of groups, summing to 1,000,000.

    What a cap cuts off goes to the others in proportion. A group without a cap is none.

    Raises:
        InfeasibleTargetError: the caps leave no whole.
    """
    groups = [share.group if share.group in cap_ppm_by_group else "" for share in shares]
    caps = {g: Fraction(c, ONE_HUNDRED_PERCENT_PPM) for g, c in cap_ppm_by_group.items()}
    _check_feasible(shares, groups, cap_ppm_by_group)
    exact = _under_caps(shares, groups, caps)
    return _in_parts(exact, groups)


def _check_feasible(
    shares: Sequence[Share], groups: Sequence[str], cap_ppm_by_group: Mapping[str, Ppm]
) -> None:
    room: dict[str, int] = {}
    for share, group in zip(shares, groups, strict=True):
        room[group] = room.get(group, 0) + share.cap_ppm
    if sum(room.values()) < ONE_HUNDRED_PERCENT_PPM:
        largest = max(share.cap_ppm for share in shares)
        least = ceil_div(ONE_HUNDRED_PERCENT_PPM, len(shares))
        raise InfeasibleTargetError(
            field="max_coin_weight_ppm",
            value=largest,
            mend=f"{len(shares)} coins cannot make a whole below {least}: raise it to {least} at least",
        )
    possible = {g: min(most, cap_ppm_by_group.get(g, most)) for g, most in room.items()}
    if (missing := ONE_HUNDRED_PERCENT_PPM - sum(possible.values())) > 0:
        raise InfeasibleTargetError(
            field="cap_ppm_by_sector",
            value=dict(cap_ppm_by_group),
            mend=f"the caps leave {missing} ppm to nobody: raise them by that much, or widen the index",
        )


def _under_caps(
    shares: Sequence[Share], groups: Sequence[str], caps: Mapping[str, Fraction]
) -> list[Fraction]:
    """Return exact shares of one. A group once at its cap stays there: the others only grow."""
    full: set[str] = set()
    while True:
        exact: dict[int, Fraction] = {}
        free = [i for i, group in enumerate(groups) if group not in full]
        rest = ONE - sum((caps[group] for group in full), start=Fraction(0))
        for members, whole in (
            (free, rest),
            *(([i for i, g in enumerate(groups) if g == group], caps[group]) for group in full),
        ):
            parts = capped_parts(
                [shares[i].size for i in members],
                [Fraction(shares[i].cap_ppm, ONE_HUNDRED_PERCENT_PPM) for i in members],
                whole=whole,
            )
            exact.update(zip(members, parts, strict=True))
        sums = _sums([exact[i] for i in range(len(shares))], groups)
        over = {g for g in caps if g not in full and sums.get(g, Fraction(0)) > caps[g]}
        if not over:
            return [exact[i] for i in range(len(shares))]
        full |= over


def capped_parts(
    sizes: Sequence[Fraction], caps: Sequence[Fraction], *, whole: Fraction = ONE
) -> list[Fraction]:
    """Return parts of `whole` in proportion to size, none above its cap; less than it where caps are short.

    What a cap cuts off goes to the others in proportion, until none exceeds its own.
    """
    capped: set[int] = set()
    while len(capped) < len(sizes):
        left = whole - sum((caps[i] for i in capped), start=Fraction(0))
        size = sum((s for i, s in enumerate(sizes) if i not in capped), start=Fraction(0))
        most_by_cap = {cap: cap * size / left if left else Fraction(0) for cap in set(caps)}
        over = {i for i, s in enumerate(sizes) if i not in capped and s > most_by_cap[caps[i]]}
        if not over:
            return [caps[i] if i in capped else s * left / size for i, s in enumerate(sizes)]
        capped |= over
    return list(caps)


def _sums(exact: Sequence[Fraction], groups: Sequence[str]) -> dict[str, Fraction]:
    sums: dict[str, Fraction] = {}
    for part, group in zip(exact, groups, strict=True):
        sums[group] = sums.get(group, Fraction(0)) + part
    return sums


def _in_parts(exact: Sequence[Fraction], groups: Sequence[str]) -> list[Ppm]:
    """Return whole ppm: first of each group, then within it, so that rounding passes no cap of either.

    A group's sum is rounded by less than one ppm and its cap is whole; a member at its cap has no
    remainder, and a group never has more ppm to hand out than members with one.
    """
    if len(set(groups)) == 1:
        return apportioned(exact)
    sums = _sums(exact, groups)
    whole = dict(zip(sums, apportioned(list(sums.values())), strict=True))
    parts: dict[int, Ppm] = {}
    for group, total in whole.items():
        members = [i for i, g in enumerate(groups) if g == group]
        rounded = apportioned([exact[i] for i in members], total_ppm=total)
        parts.update(zip(members, rounded, strict=True))
    return [parts[i] for i in range(len(exact))]


def apportioned(
    shares: Sequence[Fraction], *, total_ppm: int = ONE_HUNDRED_PERCENT_PPM
) -> list[Ppm]:
    """Return shares of one in ppm, summing to the total: the largest remainders are rounded up.

    Of equal remainders the first goes first. (Hamilton's method; no share moves by a whole ppm.)
    """
    exact = [share * ONE_HUNDRED_PERCENT_PPM for share in shares]
    floors = [share.numerator // share.denominator for share in exact]
    missing = total_ppm - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    rounded_up = set(by_remainder[:missing])
    return [Ppm(floor + (i in rounded_up)) for i, floor in enumerate(floors)]
