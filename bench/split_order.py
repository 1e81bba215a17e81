"""One order over ten pools: net output and time beside Uniswap's smart order router, in the same run.

Run from the root of the repository: `python -m bench.split_order [--plots]`; needs `npm ci` in bench/.
Pools are seeded and synthetic, dollars on both sides; an order is $5k, $50k or $500k at 1 or 10 gwei. The
optimum is enumerated over all 1,023 sets of pools. The router is the published package, given exact
quotes at every twentieth of the order; like our curves, its quotes are ready before the clock starts.
Exits with 1 when a target is missed.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.domain.pool import PoolState
from agent.domain.swap import SwapResult
from agent.planning.optimum.engine import best, plain
from agent.planning.optimum.kernels import Order
from agent.planning.optimum.order import book, propose, wanted
from agent.planning.optimum.warming import warm
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.swapping import swap_exact_in
from bench.timing import fastest_us, verdict
from tests.pools import v2_pool

HERE = Path(__file__).resolve().parent
POOLS, PARTS, SEEDS = 10, 20, 25
SIZES_USD = (5_000, 50_000, 500_000)
GWEIS = (1, 10)
UNIT = 10**18
ETH_USD = 3_000
BPS = 10_000
MEAN_BAR, MAX_BAR, SPEED_BAR = 0.001, 0.01, 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An order in dollars at a gas price, and its pools."""

    usd: int
    gwei: int
    candidates: tuple[Candidate, ...]

    @property
    def amount_in(self) -> int:
        return self.usd * UNIT


def cases() -> list[Case]:
    return [
        Case(usd=usd, gwei=gwei, candidates=candidates(random.Random(f"{usd}/{gwei}/{seed}"), gwei))
        for usd in SIZES_USD
        for gwei in GWEIS
        for seed in range(SEEDS)
    ]


def candidates(rng: random.Random, gwei: int) -> tuple[Candidate, ...]:
    """Return pools of $100k to $30M a side, within some 10 bps of one price, of unequal gas."""
    found = []
    for number in range(POOLS):
        depth = 10 ** rng.uniform(5, 7.5) * UNIT
        root = 1 + rng.gauss(0, 0.0005)
        gas = int(rng.uniform(70_000, 130_000))
        found.append(
            Candidate(
                pool=v2_pool(
                    int(depth / root),
                    int(depth * root),
                    fee_pips=rng.choice([500, 2_500, 3_000]),
                    number=number,
                ),
                zero_for_one=True,
                gas_cost_out=gas * gwei * 10**9 * ETH_USD,
            )
        )
    return tuple(found)


def enumerated(case: Case) -> float:
    """Return the best net output over every set of pools."""
    engine = best()
    laid, order = book(case.candidates, engine), Order(0, POOLS, float(case.amount_in))
    top = 0.0
    for chosen in range(1, 1 << POOLS):
        for e in range(POOLS):
            laid.cap[e] = laid.curves.start[e] + (chosen >> e & 1)
        t = engine.fill(laid, order, 0.0)
        top = max(top, engine.net(laid, order, t))
    return top


def net_of(shares: tuple[int, ...], case: Case) -> int:
    found = settle(shares, case.candidates)
    if not isinstance(found, Split):
        raise TypeError(f"a pool refuses its share of {case.usd} dollars: {found}")
    return found.net_amount_out


def routed(tried: list[Case]) -> list[tuple[int, float]]:
    """Return (net output, microseconds) of the router for each case."""
    answers = subprocess.run(  # noqa: S603 - our own script
        ["node", HERE / "peers/smart_order_router.cjs", str(100 // PARTS), "3"],  # noqa: S607
        input=json.dumps([asked(case) for case in tried]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=HERE,
    ).stdout
    return [
        (net_of(in_units(answer["shares"], case.amount_in), case), answer["ms"] * 1e3)
        for case, answer in zip(tried, json.loads(answers), strict=True)
    ]


def asked(case: Case) -> dict[str, object]:
    return {
        "amount": str(case.amount_in),
        "quotes": [
            [str(out(each.pool, case.amount_in * part // PARTS)) for part in range(1, PARTS + 1)]
            for each in case.candidates
        ],
        "gas": [str(each.gas_cost_out) for each in case.candidates],
    }


def out(pool: PoolState, amount_in: int) -> int:
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    return swap.amount_out if isinstance(swap, SwapResult) else 0


def in_units(percents: list[int], amount_in: int) -> tuple[int, ...]:
    shares = [amount_in * percent // 100 for percent in percents]
    shares[shares.index(max(shares))] += amount_in - sum(shares)
    return tuple(shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case: losses against the optimum in bps of the order, times in microseconds."""

    case: Case
    loss: float
    peer_loss: float
    us: float
    whole_us: float
    plain_us: float
    peer_us: float


def row(case: Case, peer_net: int, peer_us: float) -> Row:
    top = enumerated(case)
    shares = propose(case.amount_in, case.candidates)
    if shares is None:
        raise ValueError(f"{case.usd} dollars do not fit into the pools")
    fast, slow = book(case.candidates, best()), book(case.candidates, plain())
    return Row(
        case=case,
        loss=(top - net_of(shares, case)) / case.amount_in * BPS,
        peer_loss=(top - peer_net) / case.amount_in * BPS,
        us=fastest_us(partial(wanted, fast, case.amount_in, best()), loops=20),
        whole_us=fastest_us(partial(propose, case.amount_in, case.candidates)),
        plain_us=fastest_us(partial(wanted, slow, case.amount_in, plain())),
        peer_us=peer_us,
    )


def report(rows: list[Row]) -> None:
    print(
        f"{'order':>16} {'loss bps, mean / max':>22} {'router':>16} {'us':>7} {'router':>8} {'ratio':>6}"
    )
    for usd in SIZES_USD:
        for gwei in GWEIS:
            part = [r for r in rows if r.case.usd == usd and r.case.gwei == gwei]
            ours, theirs = [r.loss for r in part], [r.peer_loss for r in part]
            us, peer_us = (
                statistics.median(r.us for r in part),
                statistics.median(r.peer_us for r in part),
            )
            print(
                f"  ${usd:>7,} @{gwei:>3} g {statistics.mean(ours):>12.6f} / {max(ours):.6f}"
                f" {statistics.mean(theirs):>8.3f} / {max(theirs):>6.2f}"
                f" {us:>6.1f} {peer_us:>8.0f} {peer_us / us:>6.0f}"
            )


def main() -> int:
    warm()
    tried = cases()
    rows = [row(case, *answer) for case, answer in zip(tried, routed(tried), strict=True)]
    report(rows)
    losses = [r.loss for r in rows]
    ratios = [r.peer_us / r.us for r in rows]
    print(
        f"  medians: choosing {statistics.median(r.us for r in rows):.1f} us, from pool states to integers"
        f" {statistics.median(r.whole_us for r in rows):.0f} us, without Numba"
        f" {statistics.median(r.plain_us for r in rows):.0f} us, router"
        f" {statistics.median(r.peer_us for r in rows):.0f} us"
    )
    held = [
        verdict(
            f"1  loss over {len(rows)} cases: mean {statistics.mean(losses):.6f} <= {MEAN_BAR},"
            f" max {max(losses):.6f} <= {MAX_BAR} bps",
            holds=statistics.mean(losses) <= MEAN_BAR and max(losses) <= MAX_BAR,
        ),
        verdict(
            f"2  time: median {statistics.median(ratios):.0f}x, least {min(ratios):.0f}x faster than the"
            f" router, at least {SPEED_BAR}x",
            holds=statistics.median(ratios) >= SPEED_BAR,
        ),
    ]
    if "--plots" in sys.argv[1:]:
        from bench.plots import SplitPoint, plot_split_order  # noqa: PLC0415 - matplotlib is for plots

        plot_split_order(
            [
                SplitPoint(
                    label=f"${r.case.usd // 1000}k\n{r.case.gwei} gwei",
                    loss=r.loss,
                    peer_loss=r.peer_loss,
                    us=r.us,
                    peer_us=r.peer_us,
                )
                for r in rows
            ]
        )
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
