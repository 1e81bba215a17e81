"""One order over ten v3 pools of fifty ranges each: value and time beside cvxpy with Clarabel, in the same run.

Run from the root of the repository with the benches' own environment (requirements-bench.lock):
`.venv-bench/bin/python -m bench.split_segments`. Pools are seeded and synthetic; no gas, which a conic
solver cannot count. Both sides start from the same ranges; cvxpy's problem is compiled before its
clock starts, with the order's size as its parameter. What either proposes is revalued by the integers
of the pools. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from agent.domain.pool import V3Pool
from agent.planning.optimum.curves import ramps
from agent.planning.optimum.engine import best, plain
from agent.planning.optimum.order import book, propose, wanted
from agent.planning.optimum.warming import warm
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.tick_math import sqrt_ratio_at_tick
from bench.timing import fastest_us, verdict
from tests.pools import v3_pool

POOLS, RANGES, SEEDS = 10, 50, 20
SPACING = 10
UNIT = 10**18
SPEED_BAR = 200
BPS = 10_000


def candidates(rng: random.Random) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(pool=pool(rng, number), zero_for_one=True, gas_cost_out=0)
        for number in range(POOLS)
    )


def pool(rng: random.Random, number: int) -> V3Pool:
    """Return a pool near price 1 whose liquidity changes at each of its 50 lower ranges."""
    tick, depth = rng.randint(-20, 20), 10 ** rng.uniform(24, 25.5)
    edges = [(tick // SPACING - n) * SPACING for n in range(RANGES)]
    shape = [depth * math.exp(-n / 20) * rng.uniform(0.5, 1.5) for n in range(RANGES)]
    net_by_tick = {edges[0] + SPACING: -int(shape[0])}
    for n, edge in enumerate(edges):
        below = int(shape[n + 1]) if n + 1 < RANGES else 0
        net_by_tick[edge] = int(shape[n]) - below
    low, high = sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1)
    price = rng.randrange(low, high)
    return v3_pool(net_by_tick, tick=tick, sqrt_price_x96=price, fee_pips=500, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conic:
    """The same split as a problem of cvxpy: one variable per range, each a constant-product curve."""

    problem: Any
    amount: Any
    per_pool: NDArray[np.float64]
    inputs: Any

    def solve(self, amount_in: float) -> None:
        self.amount.value = amount_in
        self.problem.solve(solver=cp.CLARABEL)

    def shares(self, amount_in: int) -> tuple[int, ...]:
        """Return what it sends to each pool, in integers."""
        x = np.maximum(self.per_pool @ self.inputs.value, 0.0)
        found = [int(amount_in * share) for share in x / x.sum()]
        found[found.index(max(found))] += amount_in - sum(found)
        return tuple(found)


def conic(split: tuple[Candidate, ...]) -> Conic:
    """Write every range as y = b (1 - 1 / (1 + z)) with its own depth b, so that all numbers are near 1."""
    depth_in, depth_out, most, owner = [], [], [], []
    for number, each in enumerate(split):
        curve = ramps(each.pool, zero_for_one=True)
        for level, end, slope in zip(curve.level, curve.level[1:], curve.slope, strict=False):
            if slope > 0:
                # x = slope (u - level) and y = slope (1 / level - 1 / u): a pair of these reserves.
                depth_in.append(slope * level / UNIT)
                depth_out.append(slope / level / UNIT)
                most.append(end / level - 1)
                owner.append(number)
    z = cp.Variable(len(owner), nonneg=True)
    amount = cp.Parameter(nonneg=True)
    inputs = cp.multiply(np.array(depth_in), z)
    out = cp.sum(cp.multiply(np.array(depth_out), 1 - cp.inv_pos(1 + z)))
    problem = cp.Problem(cp.Maximize(out), [cp.sum(inputs) == amount, z <= np.array(most)])
    per_pool = np.array([[float(of == number) for of in owner] for number in range(len(split))])
    return Conic(problem=problem, amount=amount, per_pool=per_pool, inputs=inputs)


def out_of(shares: tuple[int, ...] | None, split: tuple[Candidate, ...]) -> int:
    found = settle(shares or (), split)
    if not isinstance(found, Split):
        raise TypeError(f"a pool refuses its share: {found}")
    return found.amount_out


def main() -> int:
    warm()
    ratios, gains, times, plains, wholes = [], [], [], [], []
    for seed in range(SEEDS):
        rng = random.Random(seed)
        split = candidates(rng)
        fast, slow, peer = book(split, best()), book(split, plain()), conic(split)
        amount_in = int(float(np.max(fast.curves.x_at)) * 10 ** rng.uniform(-1, 0.5))
        peer.solve(amount_in / UNIT)
        ours, theirs = (
            out_of(propose(amount_in, split), split),
            out_of(peer.shares(amount_in), split),
        )
        us = fastest_us(partial(wanted, fast, amount_in, best()), loops=20)
        plains.append(fastest_us(partial(wanted, slow, amount_in, plain())))
        wholes.append(fastest_us(partial(propose, amount_in, split)))
        peer_us = fastest_us(partial(peer.solve, amount_in / UNIT))
        times.append((us, peer_us))
        ratios.append(peer_us / us)
        gains.append((ours - theirs) / theirs * BPS)
    ranges = peer.per_pool.shape[1]
    print(
        f"{SEEDS} orders, up to three times the largest pool, over {POOLS} pools, {ranges} ranges;"
        f" medians: choosing"
        f" {statistics.median(us for us, _ in times):.1f} us, without Numba"
        f" {statistics.median(plains):.0f} us, from pool states to integers"
        f" {statistics.median(wholes):.0f} us, cvxpy {statistics.median(p for _, p in times):.0f} us"
    )
    held = [
        verdict(
            f"3  time: median {statistics.median(ratios):.0f}x, least {min(ratios):.0f}x faster than"
            f" cvxpy, at least {SPEED_BAR}x",
            holds=statistics.median(ratios) >= SPEED_BAR,
        ),
        verdict(
            f"3  value above Clarabel's, both in integers: least {min(gains):.6f}, mean"
            f" {statistics.mean(gains):.6f} bps, at least 0",
            holds=min(gains) >= 0,
        ),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
