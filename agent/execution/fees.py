"""Fee caps of a transaction (EIP-1559), and by how much a replacement has to raise them."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.intent import FeeCap, MarketFees
from agent.domain.units import ceil_div
from agent.errors import LimitsBreachedError

BASE_FEE_HEADROOM = 2
"""The base fee rises by an eighth a block at most, so twice as much lasts for five full blocks."""

RAISE_BPS = 1_000
"""Nodes take a replacement from 10 % up, on both fields (geth's `txpool.pricebump`)."""

WHOLE_BPS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLimits:
    """What may be paid: `ceiling`, wei per gas, holds for every attempt at a nonce.

    At most one attempt is mined, so what a nonce costs never passes its gas limit times the ceiling.
    `raise_bps` is what a replacement adds to both fields.
    """

    ceiling: int
    raise_bps: int = RAISE_BPS


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


def next_cap(last: FeeCap | None, market: MarketFees, limits: FeeLimits) -> FeeCap | None:
    """Return the caps of the next attempt at a nonce after `last`: as the market asks, but raised enough.

    None where the ceiling forbids it: then what is out has to wait. A first attempt waits, too, until
    base fee and tip are both under it: signed lower, it would only hold up its nonce.
    """
    if last is None:
        asked = market.base_fee_per_gas + market.priority_fee_per_gas
        return _market_cap(market, limits) if asked <= limits.ceiling else None
    least = replacement(last, ceiling=limits.ceiling, raise_bps=limits.raise_bps)
    if least is None:
        return None
    wanted = _market_cap(market, limits)
    most = max(least.max_fee_per_gas, wanted.max_fee_per_gas)
    tip = max(least.max_priority_fee_per_gas, wanted.max_priority_fee_per_gas)
    return FeeCap(max_fee_per_gas=most, max_priority_fee_per_gas=min(tip, most))


def _market_cap(market: MarketFees, limits: FeeLimits) -> FeeCap:
    base = min(market.base_fee_per_gas, limits.ceiling)
    return fee_cap(
        base_fee_per_gas=base,
        priority_fee_per_gas=market.priority_fee_per_gas,
        ceiling=limits.ceiling,
    )


def replacement(cap: FeeCap, *, ceiling: int, raise_bps: int = RAISE_BPS) -> FeeCap | None:
    """Return the least caps that replace a transaction with `cap`; None where `ceiling` forbids them."""
    raised = FeeCap(
        max_fee_per_gas=_raised(cap.max_fee_per_gas, raise_bps),
        max_priority_fee_per_gas=_raised(cap.max_priority_fee_per_gas, raise_bps),
    )
    is_allowed = max(raised.max_fee_per_gas, raised.max_priority_fee_per_gas) <= ceiling
    return raised if is_allowed else None


def _raised(fee: int, raise_bps: int) -> int:
    return max(ceil_div(fee * (WHOLE_BPS + raise_bps), WHOLE_BPS), fee + 1)


def gwei(wei: int) -> str:
    whole, rest = divmod(wei, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + " gwei"
