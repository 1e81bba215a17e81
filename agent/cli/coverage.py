"""`agent coverage`: what of the index is held, in what form, and how that went before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rich.table import Table

from agent.bootstrap.coverage import Covered, history, of_cycle
from agent.cli.frame import console, load_settings, print_json
from agent.cli.tables import filled, plain_table
from agent.cli.views_plan import coverage_lines
from agent.cli.words import moment, percent

SHOWN = 12


def show_coverage(settings_file: Path | None, cycle_id: str | None, *, as_json: bool) -> None:
    """Print one cycle's coverage coin by coin, and the sums of the cycles before.

    Raises:
        UnknownCycleError: nothing was proposed in it.
    """
    covered = history(load_settings(settings_file))
    found = of_cycle(covered, cycle_id)
    if as_json:
        print_json({"cycle": found, "history": [_sums(one) for one in covered]})
        return
    screen = console()
    screen.print(f"{found.cycle_id}, proposed {moment(datetime.fromisoformat(found.at))}")
    for line in coverage_lines(found.coverage) or ("out of the index: nothing is covered",):
        screen.print(line, soft_wrap=True)
    screen.print(_coins(found))
    screen.print(_before(covered[-SHOWN:]))


def _sums(one: Covered) -> dict[str, object]:
    found = one.coverage
    return {
        "cycle_id": one.cycle_id,
        "at": one.at,
        "native_ppm": found.native_ppm,
        "wrapped_ppm": found.wrapped_ppm,
        "missing_ppm": found.missing_ppm,
        "tracking_error_ppm": found.tracking_error_ppm,
    }


def _coins(one: Covered) -> Table:
    rows = [
        (
            str(coin.rank),
            coin.symbol,
            percent(coin.share_ppm),
            percent(coin.weight_ppm),
            coin.token or "-",
            f"wrapped by {coin.wrapped_by}" if coin.wrapped_by else coin.reason,
        )
        for coin in one.coverage.coins
    ]
    return filled(plain_table(">rank", "coin", ">share", ">weight", "held as", "~"), rows)


def _before(covered: tuple[Covered, ...]) -> Table:
    rows = [
        (
            one.cycle_id,
            percent(one.coverage.native_ppm),
            percent(one.coverage.wrapped_ppm),
            percent(one.coverage.missing_ppm),
            percent(one.coverage.tracking_error_ppm),
        )
        for one in covered
    ]
    return filled(plain_table("cycle", ">native", ">wrapped", ">not", ">tracking error"), rows)
