"""`agent explain`: why a cycle traded what it traded, coin by coin."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from agent.bootstrap.explaining import Explanation, explain
from agent.cli.frame import console, load_settings, print_json
from agent.cli.tables import filled, plain_table


def explain_cycle(
    settings_file: Path | None, cycle_id: str | None, *, export: Path | None, as_json: bool
) -> None:
    seen = explain(load_settings(settings_file), cycle_id, export=export)
    if as_json:
        print_json(seen)
    else:
        _print(seen)


def _print(seen: Explanation) -> None:
    screen = console()
    rows = [
        ("cycle", seen.cycle_id),
        ("began by", seen.trigger),
        ("stance", seen.stance),
        ("explains", seen.of),
    ]
    if seen.ended:
        rows.append(("ended", seen.ended))
    screen.print(filled(plain_table("", "~"), rows))
    screen.print(Text())
    coins = ((str(one.verdict), one.coin_id[:20], one.sentence) for one in seen.coins)
    screen.print(filled(plain_table("", "coin", "~why"), coins))
