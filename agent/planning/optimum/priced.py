"""What prices and flows a basket settles at, before any of it is an integer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain.units import Address
from agent.planning.optimum.network import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a route takes in and gives out, in base units."""

    route: Route
    amount_in: float
    amount_out: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Flows above nothing, the prices that they agree with, and what stays of each hub beyond `keep`.

    Prices are dollars per base unit at the margin: of hubs, of coins sold, of coins bought.
    """

    flows: tuple[Flow, ...]
    usd_by_token: Mapping[Address, float]
    stays_by_hub: Mapping[Address, float]
