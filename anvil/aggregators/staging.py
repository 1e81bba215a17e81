"""Aggregators for a demonstration: their stand-ins on the fork, their server, and the settings that name them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.domain.offer import Service
from agent.settings.aggregators import NEEDS_KEY
from anvil.abi import call_data
from anvil.addresses import USDC, USDT, WETH
from anvil.aggregators.desk import Mode
from anvil.aggregators.pricing import Market
from anvil.aggregators.server import KEY, Emulator, emulator
from anvil.aggregators.standing import stand_in
from anvil.calls import transact
from anvil.discovery import V2, V3, FoundPool
from anvil.node import Node
from anvil.stage import OWNER

SETTINGS = """
[aggregators]
services = {services}
deadline_s = 45

[aggregators.keys]
{keys}

[aggregators.urls]
{urls}

[aggregators.code_hashes]
{code_hashes}
"""


def services_of(venues: str) -> tuple[Service, ...]:
    """Return the services that a list of venues names: "pools" none, "all" each.

    Raises ValueError for a name that is none.
    """
    if venues == "all":
        return tuple(Service)
    names = [name for name in venues.split(",") if name and name != "pools"]
    return tuple(Service(name) for name in names)


def allowed(pools: Sequence[FoundPool]) -> tuple[FoundPool, ...]:
    """Return the pools without the deepest of each pair: what aggregators see and the vault does not."""
    by_pair: dict[frozenset[str], list[FoundPool]] = {}
    for pool in pools:
        if pool.kind in {V2, V3}:
            by_pair.setdefault(frozenset({pool.token, pool.hub}), []).append(pool)
    withheld = {
        max(found, key=lambda p: p.hub_amount).address
        for found in by_pair.values()
        if len(found) > 1
    }
    return tuple(pool for pool in pools if pool.address not in withheld)


@contextmanager
def serving(  # noqa: PLR0913 - a fork and what is to stand on it
    node: Node,
    pools: Sequence[FoundPool],
    services: Sequence[Service],
    *,
    vault: str,
    mode: Mode,
    settings_file: Path,
) -> Iterator[Emulator | None]:
    """Run the services over the pools, and add them to a settings file; nothing where there are none."""
    if not services:
        yield None
        return
    hashes = stand_in(node)
    for router in hashes:
        transact(node, OWNER, vault, call_data("setRouter(address,bool)", router, True))  # noqa: FBT003
    market = Market(node, pools, (WETH, USDC, USDT))
    with emulator(market, dict.fromkeys(services, mode)).running() as running:
        with settings_file.open("a") as file:
            file.write(settings_text(running, services, hashes))
        yield running


def settings_text(running: Emulator, services: Sequence[Service], hashes: Mapping[str, str]) -> str:
    """Return the settings that lead to emulated services."""
    return SETTINGS.format(
        services=json.dumps(list(services)),
        keys="\n".join(f'"{s}" = "{KEY}"' for s in services if s in NEEDS_KEY),
        urls="\n".join(f'"{s}" = "{running.url(s)}"' for s in services),
        code_hashes="\n".join(f'"{router}" = "{found}"' for router, found in hashes.items()),
    )
