"""The table of sectors that comes with the agent: which coin counts to which, one sector each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

TABLE = "data/sectors.json"


@cache
def sector_by_coin() -> Mapping[str, str]:
    """Return the sector of every coin in the table."""
    table = json.loads(resources.files("agent").joinpath(TABLE).read_text(encoding="utf-8"))
    by_coin = {coin: sector for sector, coins in table["sectors"].items() for coin in coins}
    return MappingProxyType(by_coin)


@cache
def sectors() -> tuple[str, ...]:
    return tuple(sorted(set(sector_by_coin().values())))
