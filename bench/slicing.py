"""Slicing an order over blocks beside one shot, in a simulated market, the same prices for both.

Run from the root of the repository: `python -m bench.slicing [--plots]`. A constant-product pool of 0.3 %
with $1M on each side; the market price walks at 80 % a year, a step each block of 12 s; in each block,
before us, arbitrage without cost brings the pool back to the nearest price at which it stops to pay: the
near edge of the fee band, not the market price. Cost is the shortfall against the market price at the
start, gas of 100,000 units at 1 gwei and $3,000 per slice included. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.planning.slicing import Impact, slice_count
from bench.timing import verdict

DEPTH_USD = 1_000_000
FEE = 0.003
BLOCK_S, YEAR_S = 12, 31_536_000
VOLATILITY = 0.8
GAS_USD = 0.3
PATHS, SETTLING = 4_000, 200
SAVING_BAR = 0.45
BPS = 1e4
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What slices cost over all paths, in bps of the order."""

    slices: int
    cost_bps: float
    deviation_bps: float


class Market:
    """Pool and market prices on many paths at once; one unit of what is sold is worth a dollar at first."""

    def __init__(self, seed: int) -> None:
        """Let the pools forget that they began at the market price."""
        self.rng = np.random.default_rng(seed)
        self.fair: Array = np.ones(PATHS)
        self.root: Array = np.ones(PATHS)
        for _ in range(SETTLING):
            self.next_block()
        self.start = self.fair.copy()

    def next_block(self) -> None:
        """Move the market, then let arbitrage move the pool."""
        step = VOLATILITY * np.sqrt(BLOCK_S / YEAR_S)
        self.fair = self.fair * np.exp(step * self.rng.standard_normal(PATHS) - step * step / 2)
        lowest, highest = self.fair * (1 - FEE), self.fair / (1 - FEE)
        self.root = np.sqrt(np.clip(self.root**2, lowest, highest))

    def sell(self, amount: Array) -> Array:
        """Return what the pool pays for an amount on each path."""
        after = 1 / (1 / self.root + (1 - FEE) * amount / DEPTH_USD)
        paid = DEPTH_USD * (self.root - after)
        self.root = after
        return paid


def sliced(order_usd: float, slices: int, *, seed: int = 1) -> Outcome:
    """Sell an order in equal slices, one a block."""
    market = Market(seed)
    amount = order_usd / market.start
    paid: Array = np.zeros(PATHS)
    for turn in range(slices):
        if turn:
            market.next_block()
        paid += market.sell(amount / slices)
    short = BPS * (1 - (paid - GAS_USD * slices) / order_usd)
    return Outcome(slices=slices, cost_bps=float(short.mean()), deviation_bps=float(short.std()))


def impact_of(order_usd: float) -> Impact:
    """Return what the agent knows beforehand; the pool is refilled within a block."""
    return Impact(
        order_usd=order_usd,
        one_shot_usd=order_usd**2 / DEPTH_USD,
        fee_usd=order_usd * FEE,
        gas_usd=GAS_USD,
        interval_s=BLOCK_S,
        refill_s=0.0,
    )


def compare(order_usd: float) -> float:
    """Print one order's costs; return the share saved."""
    slices = slice_count(impact_of(order_usd))
    once, spread = sliced(order_usd, 1), sliced(order_usd, slices)
    saved = 1 - spread.cost_bps / once.cost_bps
    print(
        f"          ${order_usd:,.0f}: one shot {once.cost_bps:.1f} bps (s.d. {once.deviation_bps:.1f});"
        f" {slices} slices {spread.cost_bps:.1f} bps (s.d. {spread.deviation_bps:.1f});"
        f" {saved:.1%} less, twice the fee is {2 * FEE * BPS:.0f} bps"
    )
    return saved


def main() -> int:
    saved = {order_usd: compare(order_usd) for order_usd in (10_000, 50_000)}
    held = verdict(
        f"12 a $10k order on $1M of depth costs {saved[10_000]:.1%} less in slices than in one shot, at least"
        f" {SAVING_BAR:.0%}",
        holds=saved[10_000] >= SAVING_BAR,
    )
    if "--plots" in sys.argv[1:]:
        from bench.plots import plot_slicing  # noqa: PLC0415 - matplotlib is for plots alone

        plot_slicing()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
