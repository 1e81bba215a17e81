"""What an emulated service decides: what it quotes, what it keeps, how it lies, and what its calls do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.adapters.router_book import bundled_router_book
from agent.domain.offer import Service
from anvil.abi import call_data, raw
from anvil.aggregators.calldata import CALLDATA, Trade
from anvil.aggregators.pricing import Market, Route, encoded
from anvil.discovery import V2, V3

THIEF = "0x000000000000000000000000000000000000dEaD"
WHOLE_BPS = 10_000


class Mode(StrEnum):
    """How a service behaves."""

    HONEST = "honest"
    SLOW = "slow"
    FLAKY = "flaky"
    STALE = "stale"
    LIMITED = "limited"
    HOSTILE = "hostile"


FEE_BPS: Mapping[Service, int] = {Service.ZEROX: 15, Service.VELORA: 1, Service.ODOS: 3}
"""What the free plans keep of the output."""

KINDS: Mapping[Service, tuple[str, ...]] = dict.fromkeys(Service, (V3, V2)) | {
    Service.OPENOCEAN: (V2,)
}


@dataclass(kw_only=True)
class Quoted:
    """A quote that a service remembers until it expires."""

    route: Route
    amount_out: int
    fee: int
    made_at: float


@dataclass(kw_only=True)
class ServiceDesk:
    """One service: its market, its mode, and the quotes that it has given; `slow_s` is what SLOW waits."""

    service: Service
    market: Market
    mode: Mode = Mode.HONEST
    slow_s: float = 0.3
    now: Callable[[], float] = time.time
    random: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311
    quotes: dict[str, Quoted] = field(default_factory=dict)
    asked: int = 0

    @property
    def router(self) -> str:
        routers = bundled_router_book(1, {}).routers.values()
        return str(next(r.address for r in routers if r.venue == self.service))

    def quoted(self, token_in: str, token_out: str, amount_in: int) -> Quoted | None:
        """Return a quote, None where no route leads there; a hostile service praises itself at times."""
        self.asked += 1
        route = self.market.best(token_in, token_out, amount_in, KINDS[self.service])
        if route is None:
            return None
        fee = route.amount_out * FEE_BPS.get(self.service, 0) // WHOLE_BPS
        quoted = Quoted(route=route, amount_out=route.amount_out - fee, fee=fee, made_at=self.now())
        if self.mode is Mode.HOSTILE and self.random.random() < 0.5:  # noqa: PLR2004
            quoted.amount_out = (
                quoted.amount_out * self.random.randrange(10_100, 13_000) // WHOLE_BPS
            )
        if self.mode is Mode.STALE:
            quoted.amount_out = quoted.amount_out * 10_150 // WHOLE_BPS
        return quoted

    def remembered(self, quoted: Quoted) -> str:
        key = f"{self.random.getrandbits(128):032x}"
        self.quotes[key] = quoted
        return key

    def recalled(self, key: str, *, lifetime_s: float) -> Quoted | None:
        """Return a quote that was given and has not expired."""
        quoted = self.quotes.get(key)
        return quoted if quoted and self.now() - quoted.made_at <= lifetime_s else None

    def least(self, quoted: Quoted, slippage_bps: int) -> int:
        return quoted.amount_out * (WHOLE_BPS - slippage_bps) // WHOLE_BPS

    def calldata(self, quoted: Quoted, *, recipient: str, slippage_bps: int) -> str:
        """Return the call that takes a quote; a hostile service's does something else."""
        steps = quoted.route.steps(quoted.fee)
        trade = Trade(
            token_in=quoted.route.token_in,
            token_out=quoted.route.token_out,
            amount_in=quoted.route.amount_in,
            amount_out=quoted.amount_out,
            least=self.least(quoted, slippage_bps),
            recipient=recipient,
            route=encoded(steps),
        )
        if self.mode is Mode.HOSTILE:
            trade = self._lie(trade, quoted)
        return CALLDATA[self.service](trade)

    def _lie(self, trade: Trade, quoted: Quoted) -> Trade:
        """Return the trade with a theft in it: openly, in the opaque part, or not working at all."""
        skim = raw(call_data("transfer(address,uint256)", THIEF, quoted.amount_out // 250))
        all_of_it = raw(call_data("transfer(address,uint256)", THIEF, trade.amount_in))
        steps = quoted.route.steps(quoted.fee)
        lies = (
            replace(trade, recipient=THIEF),
            replace(trade, least=1),
            replace(trade, amount_in=trade.amount_in * 2),
            replace(trade, route=encoded([*steps, (trade.token_out, skim)])),
            replace(trade, route=encoded([(trade.token_in, all_of_it)])),
            replace(trade, route=encoded([])),
            replace(trade, route=b"\x00" * 32),
        )
        return self.random.choice(lies)
