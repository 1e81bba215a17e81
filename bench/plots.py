"""Pictures of what the benches measure, for docs/execution.md. Needs the benches' own environment."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agent.planning.optimum.dual import Graph, Trades, Vector, minimised, polished
from agent.planning.optimum.engine import best
from agent.planning.optimum.layout import laid_out
from agent.planning.optimum.network import routes
from agent.planning.optimum.prices import clearing_prices
from agent.planning.optimum.screening import useful
from agent.planning.optimum.star import excess_of
from agent.planning.optimum.terms import terms
from agent.planning.optimum.wide import depth_of, graph_of
from agent.planning.slicing import expected_cost_usd, slice_count
from bench.markets import basket

mpl.use("Agg")
IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
OURS, THEIRS, BOUND = "#1f6f8b", "#d1603d", "#888888"
LEAST_LOSS = 1e-6
"""Shown for losses below it, so that they have a place on a logarithmic axis."""


def saved(figure: Figure, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(IMAGES / name, dpi=110)
    plt.close(figure)
    print(f"          wrote docs/img/{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPoint:
    """One order: its label, losses in bps against the enumerated optimum, times in microseconds."""

    label: str
    loss: float
    peer_loss: float
    us: float
    peer_us: float


def plot_split_order(points: Sequence[SplitPoint]) -> None:
    """Draw losses and times of single orders beside the router's."""
    labels = list(dict.fromkeys(point.label for point in points))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for place, label in enumerate(labels):
        part = [point for point in points if point.label == label]
        _dots(left, place, (max(p.loss, LEAST_LOSS) for p in part), OURS)
        _dots(left, place + 0.25, (max(p.peer_loss, LEAST_LOSS) for p in part), THEIRS)
        _dots(right, place, (p.us for p in part), OURS)
        _dots(right, place + 0.25, (p.peer_us for p in part), THEIRS)
    for axis, title in (
        (left, "Loss against the enumerated optimum, bps\n(at the bottom: below 0.000001)"),
        (right, "Time, microseconds"),
    ):
        axis.set_yscale("log")
        axis.set_xticks([place + 0.12 for place in range(len(labels))], labels, fontsize=8)
        axis.set_title(title, fontsize=10)
        axis.grid(axis="y", alpha=0.3)
    right.plot([], [], "o", color=OURS, label="this agent")
    right.plot([], [], "o", color=THEIRS, label="smart-order-router 4.31.10")
    right.legend(fontsize=8, loc="center right")
    saved(figure, "split-order.png")


def _dots(axis: Axes, place: float, values: Iterable[float], colour: str) -> None:
    shown = list(values)
    spread = np.linspace(-0.08, 0.08, len(shown))
    axis.plot(place + spread, shown, "o", color=colour, markersize=3, alpha=0.6)
    axis.plot([place - 0.1, place + 0.1], [statistics.median(shown)] * 2, color=colour, linewidth=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Graph):
    """A graph that notes the dual's value at every price it is asked for."""

    seen: list[float] = field(default_factory=list)

    def trades(self, price: Vector) -> Trades:
        """Note the value, and answer as any graph."""
        found = Graph.trades(self, price)
        worth = found.profit + float(price @ self.endowment - self.budget @ np.log(price))
        self.seen.append(worth)
        return found


def plot_convergence() -> None:
    """Draw how the two methods close in on a basket's prices, evaluation by evaluation."""
    given = basket(1)
    wanted = terms(given)
    found = useful(routes(given), wanted)
    figure, axis = plt.subplots(figsize=(6.5, 4))
    star = laid_out(wanted, found, best(), tokens=wanted.hubs)
    left: list[float] = []

    def noted(price: Sequence[float]) -> Sequence[float]:
        excess = excess_of(star, price)
        left.append(max(map(abs, excess)))
        return excess

    clearing_prices(noted, [wanted.usd[hub] for hub in wanted.hubs])
    axis.plot(
        range(1, len(left) + 1),
        left,
        "o-",
        color=OURS,
        label="hub price: not cleared, share of the wealth",
    )
    values = dual_values()
    lowest = min(values)
    off = [max((value - lowest) / abs(lowest), 1e-16) for value in values]
    axis.plot(
        range(1, len(off) + 1),
        np.minimum.accumulate(off),
        "s-",
        color=THEIRS,
        markersize=4,
        label="dual: above its minimum, relative",
    )
    axis.set_yscale("log")
    axis.set_xlabel("evaluations (100 coins, 505 pools)")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    saved(figure, "basket-convergence.png")


def dual_values() -> list[float]:
    """Return the dual's value at every evaluation on the same basket."""
    given = basket(1)
    wanted = terms(given)
    tokens = (*wanted.hubs, *wanted.sold, *wanted.bought)
    layout = laid_out(wanted, useful(routes(given), wanted), best(), tokens=tokens)
    plain = graph_of(layout)
    start = np.array([wanted.usd[token] for token in tokens])
    share = np.array([wanted.share.get(token, 0.0) for token in tokens])
    whole = float(start @ plain.endowment)
    watched = Watched(
        engine=plain.engine,
        curves=plain.curves,
        arcs=plain.arcs,
        endowment=plain.endowment,
        budget=share * whole,
        least=plain.least,
    )
    polished(
        watched, minimised(watched, start=start, curvature=depth_of(plain, start) + share * whole)
    )
    return watched.seen


def plot_slicing() -> None:
    """Draw what an order costs in more and more slices: simulated, and as the schedule expects it."""
    from bench.slicing import BPS, FEE, impact_of, sliced  # noqa: PLC0415 - it imports this module

    order_usd, counts = 10_000, [1, 2, 3, 4, 6, 8, 12, 15, 20, 35, 50]
    outcomes = [sliced(order_usd, count) for count in counts]
    impact = impact_of(order_usd)
    expected = [BPS * expected_cost_usd(impact, n) / order_usd for n in counts]
    figure, axis = plt.subplots(figsize=(6.5, 4))
    axis.errorbar(
        counts,
        [outcome.cost_bps for outcome in outcomes],
        yerr=[outcome.deviation_bps for outcome in outcomes],
        fmt="o-",
        color=OURS,
        capsize=3,
        label="simulated, with standard deviation",
    )
    axis.plot(counts, expected, "--", color=THEIRS, label="as expected beforehand")
    axis.axhline(2 * FEE * BPS, color=BOUND, linewidth=1, label="twice the fee")
    axis.axvline(
        slice_count(impact), color=BOUND, linewidth=1, linestyle=":", label="slices chosen"
    )
    axis.set_xscale("log")
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    axis.set_ylim(bottom=0)
    axis.set_xlabel(r"slices, one a block (\$10k on \$1M of depth)")
    axis.set_ylabel("cost, bps")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    saved(figure, "slicing.png")
