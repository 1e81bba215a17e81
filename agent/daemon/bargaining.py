"""Asking aggregators about a plan's orders: a ladder, the best of it made firm, and the firewall over that.

What they answer can only add to what is planned without them; whatever goes wrong costs their offers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent import observe
from agent.domain.offer import Ask, Decline, Declined, FirmOffer, Offer, Offered, Service
from agent.domain.plan import Plan, PlanInputs
from agent.planning.asking_routers import Reach, rivalry
from agent.planning.normal import normalised
from agent.ports import Aggregators, Clock
from agent.rehearsal.gate import Guard

Plans = Callable[[PlanInputs], Plan]
"""Makes a plan of inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bargaining:
    """Whom to ask, how far, and what holds their answers."""

    aggregators: Aggregators
    guard: Guard
    reach: Reach
    clock: Clock

    def bargained(self, inputs: PlanInputs, plans: Plans) -> PlanInputs:
        """Return the inputs with what aggregators offer for the orders that `plans` makes of them.

        Raises:
            FeedUnusableError, InfeasibleTargetError: nothing can be planned on them.
            RpcUnavailableError: the routers cannot be looked at.
        """
        asked = rivalry(inputs, plans(inputs))
        ladder = asked.ladder(self.reach)
        if not ladder:
            return inputs
        answers = self.aggregators.fetch_offers(ladder)
        offers = tuple(answer for answer in answers if isinstance(answer, Offer))
        finalists = asked.finalists(offers)
        firm, refused = self._firm(inputs, finalists)
        declined = (*(a for a in answers if isinstance(a, Declined)), *refused)
        offered = Offered(offers=offers, firm=firm, declined=declined)
        observe.offers_fetched(offered)
        return normalised(replace(inputs, offered=offered))

    def _firm(
        self, inputs: PlanInputs, finalists: Sequence[tuple[Service, Ask]]
    ) -> tuple[tuple[FirmOffer, ...], tuple[Declined, ...]]:
        """Return the firm offers that the firewall lets through, and those that it does not."""
        if not finalists:
            return (), ()
        answers = self.aggregators.fetch_firm(finalists)
        seen = self.guard.firewall(inputs.position.block)
        firewall = replace(seen, now=int(self.clock.now().timestamp()))
        firm: list[FirmOffer] = []
        declined: list[Declined] = []
        for (service, ask), answer in zip(finalists, answers, strict=True):
            if isinstance(answer, Declined):
                declined.append(answer)
            elif (objection := firewall.objection_to_offer(answer, ask)) is not None:
                declined.append(_unsafe(service, ask, objection))
            else:
                firm.append(answer)
        return tuple(firm), tuple(declined)


def _unsafe(service: Service, ask: Ask, objection: str) -> Declined:
    return Declined(
        service=service,
        order_id=ask.order_id,
        amount_in=ask.amount_in,
        why=Decline.UNSAFE,
        detail=objection,
    )
