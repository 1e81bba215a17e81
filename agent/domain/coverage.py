"""How much of the index a portfolio can hold, in what form, and what the rest does to tracking it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.domain.units import Ppm


class Holds(StrEnum):
    """How a ranked coin is held: as its own token, as a claim that somebody wraps, or not at all."""

    NATIVE = "native"
    WRAPPED = "wrapped"
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredCoin:
    """One coin of the list: its share of the list's market cap, and its weight in the portfolio.

    `token` is what it is held as and `wrapped_by` who wraps it, both "" for a coin that is not held;
    `reason` says then why.
    """

    coin_id: str
    symbol: str
    rank: int
    share_ppm: Ppm
    weight_ppm: Ppm
    holds: Holds
    token: str
    wrapped_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The list by rank, and its sums: shares of the list's market cap.

    `redistributed_ppm` of the portfolio is in coins above their share, in place of what is not held.
    `tracking_error_ppm` is a year's, implied by the weights alone. A portfolio that is out of the index
    covers nothing, and has no coins here.
    """

    coins: tuple[CoveredCoin, ...]
    native_ppm: Ppm
    wrapped_ppm: Ppm
    missing_ppm: Ppm
    redistributed_ppm: Ppm
    tracking_error_ppm: Ppm


NO_COVERAGE = Coverage(
    coins=(),
    native_ppm=Ppm(0),
    wrapped_ppm=Ppm(0),
    missing_ppm=Ppm(0),
    redistributed_ppm=Ppm(0),
    tracking_error_ppm=Ppm(0),
)
