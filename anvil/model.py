"""How deep and of what shape the pools are for which mainnet's own state was not brought over.

Depth is what one side takes, in dollars, until the price has moved by 2 % (stablecoin pairs: by
0.1 %). The numbers follow the mainnet pools in anvil/data; docs/twin.md shows the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from anvil.curves import MAX_TICK, Curve, merged


class Quote(StrEnum):
    """What a modelled pool trades its token against."""

    WETH = "WETH"
    ETH = "ETH"
    USDC = "USDC"
    USDT = "USDT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolModel:
    """One pool of every token in a class; `fee_pips` is in hundredths of a basis point."""

    kind: str
    quote: Quote
    fee_pips: int
    depth_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthClass:
    """The pools of tokens whose market cap is at least `min_cap_usd`."""

    name: str
    min_cap_usd: int
    pools: tuple[PoolModel, ...]


def _model(kind: str, quote: Quote, fee_pips: int, depth_usd: int) -> PoolModel:
    return PoolModel(kind=kind, quote=quote, fee_pips=fee_pips, depth_usd=depth_usd)


CLASSES = (
    DepthClass(
        name="major",
        min_cap_usd=100_000_000_000,
        pools=(
            _model("v3", Quote.WETH, 500, 1_500_000),
            _model("v3", Quote.WETH, 3000, 1_000_000),
            _model("v3", Quote.USDC, 500, 600_000),
            _model("v3", Quote.USDT, 500, 500_000),
            _model("v4", Quote.ETH, 3000, 500_000),
        ),
    ),
    DepthClass(
        name="large",
        min_cap_usd=2_000_000_000,
        pools=(
            _model("v3", Quote.WETH, 3000, 700_000),
            _model("v3", Quote.WETH, 500, 60_000),
            _model("v3", Quote.USDC, 3000, 150_000),
            _model("v2", Quote.WETH, 3000, 20_000),
            _model("v4", Quote.ETH, 3000, 150_000),
        ),
    ),
    DepthClass(
        name="upper",
        min_cap_usd=500_000_000,
        pools=(
            _model("v3", Quote.WETH, 3000, 250_000),
            _model("v3", Quote.WETH, 10000, 50_000),
            _model("v3", Quote.USDC, 3000, 60_000),
            _model("v2", Quote.WETH, 3000, 12_000),
            _model("v4", Quote.ETH, 3000, 60_000),
        ),
    ),
    DepthClass(
        name="mid",
        min_cap_usd=150_000_000,
        pools=(
            _model("v3", Quote.WETH, 3000, 100_000),
            _model("v3", Quote.WETH, 10000, 30_000),
            _model("v3", Quote.USDT, 3000, 25_000),
            _model("v2", Quote.WETH, 3000, 6_000),
        ),
    ),
    DepthClass(
        name="small",
        min_cap_usd=0,
        pools=(
            _model("v3", Quote.WETH, 10000, 50_000),
            _model("v3", Quote.WETH, 3000, 30_000),
            _model("v2", Quote.WETH, 3000, 4_000),
        ),
    ),
)

STABLE_CLASSES = (
    DepthClass(
        name="large stablecoin",
        min_cap_usd=1_000_000_000,
        pools=(
            _model("v3", Quote.USDC, 100, 8_000_000),
            _model("v3", Quote.USDT, 100, 5_000_000),
            _model("v3", Quote.WETH, 3000, 100_000),
            _model("v4", Quote.USDC, 100, 2_000_000),
        ),
    ),
    DepthClass(
        name="small stablecoin",
        min_cap_usd=0,
        pools=(
            _model("v3", Quote.USDC, 100, 600_000),
            _model("v3", Quote.USDT, 500, 300_000),
            _model("v3", Quote.WETH, 3000, 20_000),
        ),
    ),
)

HUB_POOLS = (
    _model("v3", Quote.WETH, 500, 1_500_000),
    _model("v3", Quote.USDC, 100, 30_000_000),
    _model("v3", Quote.USDC, 500, 3_000_000),
    _model("v4", Quote.ETH, 500, 1_200_000),
)
"""USDT's, beside what was brought over for the pairs of WETH, USDC and USDT."""

TOKEN_WITH_FEE_POOLS = (_model("v2", Quote.WETH, 3000, 20_000),)
"""A v3 pool refuses to be paid less than it asked for, so a token with a fee has v2 pools only."""

Shape = tuple[tuple[int, int], ...]

VOLATILE_SHAPE: Shape = (
    (600, 1_000),
    (1_500, 700),
    (2_500, 500),
    (4_000, 350),
    (6_000, 150),
    (10_000, 50),
    (20_000, 15),
    (MAX_TICK, 6),
)
"""Liquidity out to a distance in ticks, in thousandths of that at the price: rounded medians of the
0.3 % and 1 % mainnet pools in anvil/data."""

STABLE_SHAPE: Shape = ((10, 1_000), (50, 100), (500, 5), (MAX_TICK, 1))

SPREAD = Decimal("0.4")
"""Modelled depths and widths vary by token within 1 ± this, or every token would cost the same."""


def depth_class(market_cap_usd: Decimal, *, is_stable: bool) -> DepthClass:
    classes = STABLE_CLASSES if is_stable else CLASSES
    return next(c for c in classes if market_cap_usd >= c.min_cap_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Where a modelled curve lies: about `liquidity` at `tick`; the seed varies its widths."""

    seed: str
    tick: int
    spacing: int
    liquidity: int


def modelled_curve(centre: Centre, shape: Shape) -> Curve:
    """Return a curve that is as the shape says on both sides of its centre."""
    return merged(step for side in (-1, 1) for step in _side(centre, shape, side))


def _side(centre: Centre, shape: Shape, side: int) -> Iterator[tuple[int, int]]:
    """Yield where liquidity ends on one side: each step down of the shape, at a usable tick."""
    spacing = centre.spacing
    end = MAX_TICK // spacing * spacing
    nearest = centre.tick // spacing * spacing + (spacing if side > 0 else 0)
    following = [thousandths for _, thousandths in shape[1:]] + [0]
    for i, ((distance, thousandths), after) in enumerate(zip(shape, following, strict=True)):
        width = int(distance * varied(f"{centre.seed}:{side}:{i}"))
        bound = side * end
        if distance < MAX_TICK:
            bound = round((centre.tick + side * width) / spacing) * spacing
            bound = max(bound, nearest) if side > 0 else min(bound, nearest)
        step = centre.liquidity * (thousandths - after) // 1_000
        yield max(-end, min(end, bound)), -side * step


def varied(seed: str) -> Decimal:
    """Return a factor within 1 ± `SPREAD` that depends on the seed alone."""
    drawn = Decimal(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])) / 2**32
    return 1 + SPREAD * (2 * drawn - 1)
