"""Whether a call of a router may be signed: decided from its bytes and the book of routers, not from trust.

Nobody's answer can make a call that this does not allow. What it allows still runs under an exact
approval, the floors of the batch and the rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.domain.offer import Ask, FirmOffer
from agent.domain.order import RouterLeg
from agent.domain.router import Router, RouterBook, RouterFacts
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ZERO_ADDRESS, Address
from agent.rehearsal.calldata import Arguments, UnreadableCallError
from agent.rehearsal.router_calls import arguments_of

MAX_CALLDATA_BYTES = 24 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """The routers that are known, and what stands at their addresses. `now` in Unix seconds."""

    book: RouterBook
    facts: RouterFacts
    now: int

    def objection_to_offer(self, firm: FirmOffer, ask: Ask) -> str | None:
        """Return why a firm offer may not be taken, None if it may."""
        return next(self._objections_to_offer(firm, ask), None)

    def _objections_to_offer(self, firm: FirmOffer, ask: Ask) -> Iterator[str]:
        offer, call = firm.offer, firm.call
        if call.chain_id != self.book.chain_id or ask.token_in.chain_id != self.book.chain_id:
            yield f"it is for chain {call.chain_id}, we are on {self.book.chain_id}"
        if firm.expires_at <= self.now:
            yield f"it expired {self.now - firm.expires_at} s ago"
        wei = ask.amount_in if ask.token_in.address == ZERO_ADDRESS else 0
        if call.value_wei != wei:
            yield f"it wants {call.value_wei} wei of ETH, {wei} are due"
        if call.allowance_target != call.router:
            yield f"it wants {call.allowance_target} approved, not the router"
        if (offer.token_in, offer.token_out, offer.amount_in) != (
            ask.token_in.address,
            ask.token_out.address,
            ask.amount_in,
        ):
            yield "it answers another question"
        leg = leg_of(firm, ask, mid_amount_out=offer.amount_out)
        least = offer.amount_out * (ONE_HUNDRED_PERCENT_BPS - ask.slippage_bps)
        yield from self._objections(
            leg, taker=ask.taker, least=least // ONE_HUNDRED_PERCENT_BPS, service=offer.service
        )

    def objection_to_leg(self, leg: RouterLeg, *, taker: Address) -> str | None:
        """Return why a leg of a batch may not be signed, None if it may."""
        objections = self._objections(leg, taker=taker, least=leg.min_amount_out, service=leg.venue)
        return next(objections, None)

    def objection_to_router(self, router: Router) -> str | None:
        """Return why a router may not be called at all, None if it may."""
        return next(self._not_pinned(router, router.venue), None)

    def _objections(
        self, leg: RouterLeg, *, taker: Address, least: int, service: str
    ) -> Iterator[str]:
        router = self.book.routers.get(leg.router)
        if router is None:
            yield f"{leg.router} is no router that we know"
            return
        yield from self._not_pinned(router, service)
        if len(leg.calldata) > MAX_CALLDATA_BYTES:
            yield f"its calldata has {len(leg.calldata)} bytes"
            return
        try:
            said = arguments_of(router.venue, leg.calldata, tail_bytes=router.tail_bytes)
        except UnreadableCallError as error:
            yield str(error)
            return
        yield from self._wrong_arguments(said, leg, taker=taker, least=least)

    def _not_pinned(self, router: Router, service: str) -> Iterator[str]:
        if router.venue != service:
            yield f"{router.address} is the router of {router.venue}, not of {service}"
        if router.address in self.facts.forbidden:
            yield f"the vault does not allow {router.name} {router.address}, its owner may (setRouter)"
        found = self.facts.code_hash_by_router.get(router.address)
        if router.code_hash is None:
            yield f"the code of {router.name} {router.address} is not pinned, it is {found}"
        elif found != router.code_hash:
            yield f"the code of {router.name} {router.address} is {found}, pinned is {router.code_hash}"

    def _wrong_arguments(
        self, said: Arguments, leg: RouterLeg, *, taker: Address, least: int
    ) -> Iterator[str]:
        if said.token_in != leg.token_in.address:
            yield f"it sells {said.token_in}, not {leg.token_in.symbol}"
        if said.amount_in != leg.amount_in:
            yield f"it sells {said.amount_in}, not {leg.amount_in}"
        if said.token_out not in (None, leg.token_out.address):
            yield f"it buys {said.token_out}, not {leg.token_out.symbol}"
        if said.recipient not in (None, taker):
            yield f"it pays {said.recipient}, not us"
        if said.min_amount_out < least:
            yield f"it demands {said.min_amount_out} of the router, the floor is {least}"
        yield from self._wrong_means(said)

    def _wrong_means(self, said: Arguments) -> Iterator[str]:
        if said.deadline is not None and said.deadline <= self.now:
            yield f"its deadline {said.deadline} is over"
        for callee in said.callees:
            if callee not in self.facts.settlers:
                yield f"{callee} is no Settler of 0x's registry"
        yield from said.faults


def leg_of(firm: FirmOffer, ask: Ask, *, mid_amount_out: int) -> RouterLeg:
    """Return the leg that takes a firm offer; its own floor is the ask's slippage below the quote."""
    least = firm.offer.amount_out * (ONE_HUNDRED_PERCENT_BPS - ask.slippage_bps)
    return RouterLeg(
        order_id=ask.order_id,
        venue=firm.offer.service,
        router=firm.call.router,
        token_in=ask.token_in,
        token_out=ask.token_out,
        amount_in=ask.amount_in,
        amount_out=firm.offer.amount_out,
        min_amount_out=least // ONE_HUNDRED_PERCENT_BPS,
        mid_amount_out=mid_amount_out,
        gas=firm.offer.gas,
        calldata=firm.call.data,
    )
