"""Providers' coin ids as ours (CoinGecko's), from the data file in the package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field

from agent.adapters.wire import Body, Text, parse_body


class _Ids(Body):
    schema_: Annotated[Literal["agent.feed_ids/1"], Field(alias="schema")]
    note: Text
    coinmarketcap: dict[str, Text]
    coinpaprika: dict[str, Text]


@cache
def coin_ids(provider: Literal["coinmarketcap", "coinpaprika"]) -> Mapping[str, str]:
    """Return a provider's ids with the coin ids that they stand for."""
    file = resources.files("agent") / "data" / "feed_ids.json"
    body = parse_body(_Ids, file.read_bytes())
    return body.coinmarketcap if provider == "coinmarketcap" else body.coinpaprika
