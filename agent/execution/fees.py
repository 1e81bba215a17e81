"""Fee caps of a transaction (EIP-1559), and by how much a replacement has to raise them."""

from __future__ import annotations

from agent.domain.intent import FeeCap
from agent.domain.units import ceil_div
from agent.errors import LimitsBreachedError

BASE_FEE_HEADROOM = 2
"""The base fee rises by an eighth a block at most, so twice as much lasts for five full blocks."""

REPLACEMENT_PERCENT = 110
"""Nodes take a replacement from 10 % up, on both fields (geth's `txpool.pricebump`)."""


def fee_cap(*, base_fee_per_gas: int, priority_fee_per_gas: int, ceiling: int) -> FeeCap:
    """Return the caps to sign with, never above `ceiling`; all in wei per gas.

    Raises:
        LimitsBreachedError: at `ceiling` the transaction could not be mined now.
    """
    if base_fee_per_gas > ceiling:
        raise LimitsBreachedError(
            breaches=(
                (
                    "policy.max_fee_per_gas_gwei",
                    gwei(ceiling),
                    gwei(base_fee_per_gas),
                    "wait for a lower base fee, or raise the limit",
                ),
            )
        )
    most = min(BASE_FEE_HEADROOM * base_fee_per_gas + priority_fee_per_gas, ceiling)
    return FeeCap(max_fee_per_gas=most, max_priority_fee_per_gas=min(priority_fee_per_gas, most))


def replacement(cap: FeeCap, *, ceiling: int) -> FeeCap | None:
    """Return the least caps that replace a transaction with `cap`; None where `ceiling` forbids them."""
    raised = FeeCap(
        max_fee_per_gas=_raised(cap.max_fee_per_gas),
        max_priority_fee_per_gas=_raised(cap.max_priority_fee_per_gas),
    )
    return raised if raised.max_fee_per_gas <= ceiling else None


def _raised(fee: int) -> int:
    return max(ceil_div(fee * REPLACEMENT_PERCENT, 100), fee + 1)


def gwei(wei: int) -> str:
    whole, rest = divmod(wei, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + " gwei"
