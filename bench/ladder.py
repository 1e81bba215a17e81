"""A ladder of 100 coins over six emulated aggregators that take 300 ms each: how long, and what comes.

The emulators keep to the rates of the free plans, so that what is missing was never asked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from pydantic import SecretStr
from rich.console import Console

from agent.adapters.aggregators.exchange import new_client
from agent.adapters.aggregators.known import LIMITS, WIRES
from agent.adapters.aggregators.panel import Panel
from agent.adapters.aggregators.restraint import Breaker, Pace
from agent.adapters.aggregators.service import RemoteService
from agent.domain.offer import Ask, Offer, Service
from agent.domain.token import Token
from agent.domain.units import Address, Bps
from anvil.addresses import USDC, USDT, WETH
from anvil.aggregators.desk import Mode
from anvil.aggregators.pricing import Market
from anvil.aggregators.server import KEY, Emulator, emulator
from anvil.discovery import FoundPool
from anvil.node import Node
from anvil.twin import forked_twin, manifest, pools

COINS, SIZES, DEADLINE_S = 100, 3, 20.0
ETHER = 10**18
TAKER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")


def main() -> None:
    """Print a row for each service, and the time of the whole ladder."""
    console = Console(highlight=False)
    with forked_twin() as node, _running(node) as running:
        asks = _asks()
        panel = Panel([_remote(running, name) for name in Service], deadline_s=DEADLINE_S)
        began = time.monotonic()
        answers = panel.fetch_offers(asks)
        took_s = time.monotonic() - began
    console.print(f"{len(asks)} asks to each of {len(Service)} services, {took_s:.1f} s in all")
    for name in Service:
        its = [answer for answer in answers if answer.service is name]
        came = [answer for answer in its if isinstance(answer, Offer)]
        why = Counter(str(answer.why) for answer in its if not isinstance(answer, Offer))
        words = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
        coins = len({answer.order_id for answer in came})
        console.print(f"{name:<10} {len(came):>4} offers for {coins:>3} coins; {words}")


@contextmanager
def _running(node: Node) -> Iterator[Emulator]:
    found = [
        FoundPool(
            address=pool["address"],
            kind=pool["kind"],
            token=pool["token0"],
            hub=pool["token1"],
            fee_pips=pool["fee_pips"],
            hub_amount=1,
            hub_per_token=Decimal(1),
        )
        for pool in pools()
    ]
    market = Market(node, found, (WETH, USDC, USDT))
    with emulator(market, dict.fromkeys(Service, Mode.SLOW)).running() as running:
        yield running


def _remote(running: Emulator, name: Service) -> RemoteService:
    url = running.url(name)
    return RemoteService(
        wire=WIRES[name],
        client=new_client(url),
        base_url=SecretStr(url),
        limits=LIMITS[name],
        pace=Pace(LIMITS[name]),
        breaker=Breaker(),
        key=SecretStr(KEY),
    )


def _asks() -> tuple[Ask, ...]:
    """Return ladders from WETH into the twin's first coins, whole sizes first."""
    weth = Token(chain_id=1, address=Address(WETH), symbol="WETH", decimals=18)
    coins = [one for one in manifest()["tokens"] if one["address"] not in {WETH, USDC, USDT}]
    return tuple(
        Ask(
            order_id=coin["symbol"],
            token_in=weth,
            token_out=Token(
                chain_id=1,
                address=Address(coin["address"]),
                symbol=coin["symbol"],
                decimals=coin["decimals"],
            ),
            amount_in=ETHER >> halvings,
            taker=TAKER,
            origin=TAKER,
            slippage_bps=Bps(50),
            gas_price_wei=10**9,
        )
        for halvings in range(SIZES)
        for coin in coins[:COINS]
    )


if __name__ == "__main__":
    main()
