"""How signals and conversions look on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

from agent.cli.words import dollars, moment, percent_of
from agent.domain.signal import Ranking, RegimeSignal

if TYPE_CHECKING:
    from agent.bootstrap.signals import ConversionReport

NAMED_ASSETS = 12


def signals_view(ranking: Ranking, regime: RegimeSignal, *, top: int) -> RenderableType:
    return Group(
        f"regime   {regime.regime} with probability {regime.probability}, issued "
        f"{moment(regime.issued_at)} by {regime.source}",
        f"ranking  {len(ranking.coins)} coins, issued {moment(ranking.issued_at)} by {ranking.source}",
        _ranking_table(ranking, top),
        f"sha256   regime {regime.sha256[:16]}..., ranking {ranking.sha256[:16]}...",
    )


def _ranking_table(ranking: Ranking, top: int) -> Table:
    total = sum(coin.market_cap_usd for coin in ranking.coins)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("rank", "right"),
        ("coin", "left"),
        ("", "left"),
        ("market cap", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("share", justify="right")
    for coin in ranking.coins[:top]:
        table.add_row(
            str(coin.rank),
            coin.symbol,
            coin.coin_id,
            dollars(coin.market_cap_usd),
            percent_of(coin.market_cap_usd, total),
        )
    table.add_row("", f"and {len(ranking.coins) - top} more")
    return table


def conversion_view(report: ConversionReport, out: Path) -> RenderableType:
    lines = [f"{report.row_count} coins, issued {moment(report.issued_at)}, written to {out}"]
    for assets, what in (
        (report.unknown_assets, "have no known coin id and cannot be held"),
        (report.dropped_assets, "have no market cap and were left out"),
    ):
        if assets:
            named = ", ".join(assets[:NAMED_ASSETS])
            more = f" and {len(assets) - NAMED_ASSETS} more" if len(assets) > NAMED_ASSETS else ""
            lines.append(f"{len(assets)} assets {what}: {named}{more}")
    return Group(*lines)
