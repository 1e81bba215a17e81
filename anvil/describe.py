"""Says in one table what stands on the twin."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.table import Table

SHOWN = 8
"""Names in a row; the manifest has them all."""


def table(manifest: dict[str, Any]) -> Table:
    """Return contracts, tokens, feeds and pools with their counts."""
    shown = Table("what", "how many", "which", title=_title(manifest["head"]), title_justify="left")
    shown.columns[1].justify = "right"
    contracts = ", ".join(name.replace("_", " ") for name in manifest["contracts"])
    shown.add_row("contracts", str(len(manifest["contracts"])), contracts)
    quirks = Counter(token["contract"] for token in manifest["tokens"])
    for contract, count in quirks.most_common():
        symbols = [t["symbol"] for t in manifest["tokens"] if t["contract"] == contract]
        shown.add_row(f"tokens: {contract}", str(count), _some(symbols))
    pairs = [feed["pair"] for feed in manifest["feeds"]]
    shown.add_row("price feeds", str(len(pairs)), _some(pairs))
    kinds = Counter((pool["kind"], pool["source"]) for pool in manifest["pools"])
    for (kind, source), count in sorted(kinds.items()):
        fees = {
            p["fee_pips"] for p in manifest["pools"] if (p["kind"], p["source"]) == (kind, source)
        }
        tiers = ", ".join(f"{fee / 10_000:g} %" for fee in sorted(fees))
        shown.add_row(f"pools: Uniswap {kind}, {source}", str(count), f"fees {tiers}")
    return shown


def _title(head: dict[str, str]) -> str:
    return f"The twin: chain id 1, block {int(head['number'], 16)}, {head['hash']}"


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
