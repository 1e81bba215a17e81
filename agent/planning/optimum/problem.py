"""A basket to be traded at once, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from agent.domain.order import Side
from agent.domain.pool import PoolKind, PoolState
from agent.domain.units import Address, Bps


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A token that coins trade against: what is held of it, and what of that must remain, in base units."""

    token: Address
    amount: int
    keep: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """All of `amount_in` base units of a coin, to be sold."""

    token: Address
    amount_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A coin to be bought, or a hub to be kept, for its share of what the basket has to spend.

    Only the proportions of the budgets count.
    """

    token: Address
    budget_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GasWei:
    """What it costs to use a pool of each kind, and to cross an initialised tick, in wei."""

    leg_by_kind: Mapping[PoolKind, int]
    tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketProblem:
    """Sell all sales and spend it, with what the hubs hold beyond `keep`, on the purchases.

    The first hub is the wrapped native token, in which gas is paid. `usd_by_token` has the fair price
    of one base unit of every hub and every coin that is traded. An order that would lose more than
    `max_loss_bps` against these prices, fees included, is not placed; what it was to be bought for stays
    in the hub `cash`. `slippage_bps` sets the floors that later legs are sized on.
    """

    hubs: tuple[Hub, ...]
    cash: Address
    sales: tuple[Sale, ...]
    purchases: tuple[Purchase, ...]
    pools: tuple[PoolState, ...]
    usd_by_token: Mapping[Address, Decimal]
    gas: GasWei
    slippage_bps: Bps
    max_loss_bps: Bps


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLeg:
    """One pool's swap. `coin` is the order it serves: what is sold, else what is bought, else None.

    `amount_out` is what the pool pays after the legs before it, to the base unit.
    """

    purpose: Side
    coin: Address | None
    pool: PoolState
    zero_for_one: bool
    token_in: Address
    token_out: Address
    amount_in: int
    amount_out: int
    ticks_crossed: int


class Obstacle(StrEnum):
    """Why an order is not placed."""

    NO_ROUTE = "no pools lead from what is held to what is wanted"
    TOO_THIN = "its pools would take it only at too great a loss"
    TOO_SMALL = "it would bring nothing, or less than its gas costs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """An order for `token` that is left out, or with `into` the conversion of one hub into another.

    `loss_bps` is what it would have lost against fair prices, None where its pools cannot take it at all.
    """

    token: Address
    obstacle: Obstacle
    into: Address | None = None
    loss_bps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketSolution:
    """Legs in an order in which each can be paid for, and how good they are.

    Each leg is covered when all earlier ones bring no more than their floors. `left_by_hub` is what
    the hubs then hold above `keep` when every leg brings what was quoted. `usd_by_token` are the
    prices at which the basket clears: of hubs, of what is sold and what is bought, at the margin.
    `gap_bps` bounds, in bps of the wealth that was traded, by how much any other legs could do
    better at these prices, gas counted.
    """

    legs: tuple[BasketLeg, ...]
    unplaced: tuple[Unplaced, ...]
    left_by_hub: Mapping[Address, int]
    usd_by_token: Mapping[Address, float]
    gas_wei: int
    gap_bps: float
