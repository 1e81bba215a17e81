"""What is to be traded: orders, their slices over pools, and the batches that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from agent.domain.pool import PoolKind
from agent.domain.token import Token
from agent.domain.units import Address, Ppm


class Side(StrEnum):
    """Why an order exists; batches carry sells, then conversions between hubs, then buys."""

    SELL = "sell"
    CONVERT = "convert"
    BUY = "buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What we want: all of `amount_in` of one token turned into another.

    One side of a sell or buy is the coin, the other a hub (WETH or a stablecoin), or of a sell a coin
    that is bought; what is wanted of one coin may be several orders. Both sides of a conversion are
    hubs, and its `coin_id` is their symbols. `drift_ppm` is signed: positive means that too much is
    held, of the coin, or for a conversion of the wrapped native token.
    """

    id: str
    side: Side
    coin_id: str
    token_in: Token
    token_out: Token
    amount_in: int
    notional_usd: Decimal
    drift_ppm: Ppm


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedOrder:
    """A drift that is left alone this cycle, and why."""

    coin_id: str
    symbol: str
    side: Side
    notional_usd: Decimal
    drift_ppm: Ppm
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One hop through one pool with an exact input.

    `amount_out` is what the pool pays at the plan's block after the legs before it, to the base
    unit; `mid_amount_out` what the pool's price before the order would pay without fee or impact.
    """

    order_id: str
    pool: Address
    kind: PoolKind
    page: int
    record: int
    zero_for_one: bool
    token_in: Token
    token_out: Token
    amount_in: int
    amount_out: int
    mid_amount_out: int
    fee_pips: int
    gas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterLeg:
    """One call of somebody's router with an exact input, which it may take and nothing else.

    `venue` is who wrote or chose the route. `amount_out` is what was quoted, `min_amount_out` what the
    call itself demands of the router; `mid_amount_out` as for a pool's leg.
    """

    order_id: str
    venue: str
    router: Address
    token_in: Token
    token_out: Token
    amount_in: int
    amount_out: int
    min_amount_out: int
    mid_amount_out: int
    gas: int
    calldata: bytes

    @property
    def pool(self) -> Address:
        """Return where the input goes, as for a pool's leg."""
        return self.router

    @property
    def fee_pips(self) -> int:
        """Return 0: what a route's pools charge is in its quote."""
        return 0


BatchLeg = Leg | RouterLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The least balance change of a token over a whole batch, in base units; negative for what is sold.

    The zero address stands for native ETH.
    """

    token: Address
    symbol: str
    min_delta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Legs that land together or not at all. `sequence` is the contract's next number for it."""

    index: int
    sequence: int
    legs: tuple[BatchLeg, ...]
    floors: tuple[Floor, ...]
    gas_forecast: int
    gas_limit: int
