"""What happened: fills, realised slippage, and the report that compares them with the plan."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.token import Token
from agent.domain.units import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One leg as it was executed. `realised_slippage_bps` against the planned output; positive is worse."""

    order_id: str
    batch_index: int
    leg_index: int
    pool: Address
    token_in: Token
    token_out: Token
    amount_in: int
    amount_out: int
    planned_amount_out: int
    realised_slippage_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """One batch as it landed; gas price in wei per gas."""

    batch_index: int
    tx_hash: str
    block_number: int
    block_hash: str
    is_success: bool
    gas_forecast: int
    gas_used: int
    effective_gas_price: int
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """Planned against realised for a whole cycle, in dollars at the plan's prices."""

    cycle_id: str
    plan_id: str
    outcomes: tuple[BatchOutcome, ...]
    planned_cost_usd: Decimal
    realised_gas_usd: Decimal
    realised_slippage_usd: Decimal
    traded_usd: Decimal
    max_drift_after_ppm: int
