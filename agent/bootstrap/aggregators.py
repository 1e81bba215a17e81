"""The aggregators of the settings: their clients, keys and limits, and what each says to a first ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydantic import SecretStr

from agent.adapters.aggregators.exchange import new_client
from agent.adapters.aggregators.known import LIMITS, WIRES
from agent.adapters.aggregators.panel import Panel
from agent.adapters.aggregators.restraint import Breaker, Pace
from agent.adapters.aggregators.service import Deadline, RemoteService
from agent.domain.offer import Ask, Declined, Service
from agent.domain.plan import ChainBook
from agent.domain.units import Address, Bps, whole_tokens
from agent.errors import AggregatorUnusableError
from agent.settings import Settings

PROBE_WHOLE = 1
"""Whole tokens of the wrapped native coin that a check asks a price for."""

PROBE_DEADLINE_S = 15.0
PROBE_GAS_PRICE_WEI = 10**9


@contextmanager
def services(settings: Settings) -> Iterator[tuple[RemoteService, ...]]:
    """Provide the services that the settings name, each with a client of its own."""
    given = settings.aggregators
    with ExitStack() as stack:
        yield tuple(
            RemoteService(
                wire=WIRES[name],
                client=stack.enter_context(new_client()),
                base_url=given.urls.get(name, SecretStr(WIRES[name].base_url)),
                limits=LIMITS[name],
                pace=Pace(LIMITS[name]),
                breaker=Breaker(),
                key=given.keys.get(name),
            )
            for name in given.services
        )


@contextmanager
def panel(settings: Settings) -> Iterator[Panel | None]:
    """Provide all services behind one port, None where the settings name none."""
    with services(settings) as found:
        yield Panel(found, deadline_s=settings.aggregators.deadline_s) if found else None


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
