"""The aggregators of the settings: their clients, keys and limits, and what each says to a first ask."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from agent.adapters.aggregators.exchange import new_client
from agent.adapters.aggregators.known import LIMITS, WIRES
from agent.adapters.aggregators.panel import Panel
from agent.adapters.aggregators.restraint import Breaker, Pace
from agent.adapters.aggregators.service import Deadline, RemoteService
from agent.adapters.router_book import RouterReader, bundled_router_book
from agent.adapters.rpc import Rpc
from agent.daemon.bargaining import Bargaining
from agent.domain.block import Block
from agent.domain.offer import Ask, Declined, Service
from agent.domain.plan import ChainBook
from agent.domain.router import RouterBook
from agent.domain.units import Address, Bps, whole_tokens
from agent.errors import AggregatorUnusableError
from agent.planning.asking_routers import Reach
from agent.ports import Clock
from agent.rehearsal.firewall import Firewall
from agent.settings import Settings

PROBE_WHOLE = 1
"""Whole tokens of the wrapped native coin that a check asks a price for."""

PROBE_DEADLINE_S = 15.0
PROBE_GAS_PRICE_WEI = 10**9


def services(settings: Settings, *, clock: Clock) -> tuple[RemoteService, ...]:
    """Return the services that the settings name, each with a client of its own."""
    given = settings.aggregators
    urls = {s: given.urls.get(s, SecretStr(WIRES[s].base_url)) for s in given.services}
    return tuple(
        RemoteService(
            wire=WIRES[name],
            client=new_client(urls[name].get_secret_value()),
            base_url=urls[name],
            limits=LIMITS[name],
            pace=Pace(LIMITS[name]),
            breaker=Breaker(),
            key=given.keys.get(name),
            now=lambda: clock.now().timestamp(),
        )
        for name in given.services
    )


def bargaining(settings: Settings, rpc: Rpc, *, clock: Clock) -> Bargaining | None:
    """Return how aggregators are asked, None where the settings name none."""
    given = settings.aggregators
    if not given.services:
        return None
    return Bargaining(
        aggregators=Panel(services(settings, clock=clock), deadline_s=given.deadline_s),
        guard=router_guard(settings, rpc),
        reach=Reach(sizes=given.sizes, orders=given.orders),
        clock=clock,
    )


def probed(service: RemoteService, book: ChainBook, *, taker: Address, origin: Address) -> str:
    """Return what a service says the wrapped native coin brings.

    Raises:
        AggregatorUnusableError: it makes no offer.
    """
    token_in, token_out = book.hubs[0], book.stable_hub
    ask = Ask(
        order_id="check",
        token_in=token_in,
        token_out=token_out,
        amount_in=PROBE_WHOLE * 10**token_in.decimals,
        taker=taker,
        origin=origin,
        slippage_bps=Bps(50),
        gas_price_wei=PROBE_GAS_PRICE_WEI,
    )
    offer = service.fetch_offer(ask, ends=Deadline.after(PROBE_DEADLINE_S))
    if isinstance(offer, Declined):
        raise unusable(service.name, f"{offer.why} ({offer.detail})")
    brings = whole_tokens(offer.amount_out, token_out.decimals)
    return f"{PROBE_WHOLE} {token_in.symbol} brings {brings:,.2f} {token_out.symbol}"


def unusable(service: Service, reason: str) -> AggregatorUnusableError:
    return AggregatorUnusableError(service=service, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterGuard:
    """The firewall of a block, from the book of routers and what the node says of them."""

    book: RouterBook
    reader: RouterReader

    def firewall(self, block: Block) -> Firewall:
        """Return what routers may be called for, as they stand at `block`."""
        facts = self.reader.fetch_facts(self.book, block=block)
        return Firewall(book=self.book, facts=facts, now=block.timestamp)

    def objection(self, router: Address, block: Block) -> str | None:
        """Return why a router of the book may not be called, None if it may."""
        return self.firewall(block).objection_to_router(self.book.routers[router])

    def pinned(self, service: Service, block: Block) -> str:
        """Return which routers of a service may be called.

        Raises:
            AggregatorUnusableError: one has no pin, or other code than the pinned.
        """
        firewall = self.firewall(block)
        routers = [r for r in self.book.routers.values() if r.venue == service]
        for router in routers:
            objection = firewall.objection_to_router(router)
            if objection is not None:
                raise unusable(service, f"{objection} (docs/aggregators.md says how)")
        return ", ".join(router.name for router in routers)


def router_guard(settings: Settings, rpc: Rpc) -> RouterGuard:
    """Return the guard of the settings' chain with the operator's pins."""
    book = bundled_router_book(settings.chain.id, settings.aggregators.code_hashes)
    return RouterGuard(book=book, reader=RouterReader(rpc=rpc, contract=settings.portfolio.vault))
