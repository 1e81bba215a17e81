"""How aggregators fared, for people: what each quoted, what it won of a plan, and what was filled through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType

from agent.cli.tables import filled, heading, plain_table
from agent.cli.words import dollars
from agent.domain.fill import Fill
from agent.domain.offer import Offered, Service
from agent.domain.order import RouterLeg
from agent.domain.plan import Plan
from agent.domain.units import whole_tokens


def offered_view(offered: Offered, plan: Plan) -> RenderableType:
    """Return a row for each service that was asked; nothing where none was."""
    asked = {*(o.service for o in offered.offers), *(d.service for d in offered.declined)}
    if not asked:
        return Group()
    rows = (_asked_row(service, offered, plan) for service in Service if service in asked)
    headings = ("service", ">quoted", ">firm", ">won", ">worth", "~declined")
    return Group(heading("Aggregators"), filled(plain_table(*headings), rows))


def _asked_row(service: Service, offered: Offered, plan: Plan) -> tuple[str, ...]:
    won = list(_router_legs(plan, service))
    why = Counter(str(d.why) for d in offered.declined if d.service is service)
    return (
        service,
        str(sum(offer.service is service for offer in offered.offers)),
        str(sum(firm.offer.service is service for firm in offered.firm)),
        str(len(won)),
        dollars(_worth(won, plan)),
        ", ".join(f"{count} {reason}" for reason, count in why.most_common()),
    )


def filled_lines(plan: Plan, fills: Sequence[Fill]) -> tuple[str, ...]:
    """Return a line for each service that a batch went through: its legs, and how they paid."""
    return tuple(
        line for service in Service if (line := _filled_line(plan, service, fills)) is not None
    )


def _filled_line(plan: Plan, service: Service, fills: Sequence[Fill]) -> str | None:
    won = list(_router_legs(plan, service))
    places = {(leg.order_id, leg.router, leg.amount_in) for leg in won}
    made = [fill for fill in fills if (fill.order_id, fill.pool, fill.amount_in) in places]
    if not won:
        return None
    worse = max((fill.realised_slippage_bps for fill in made), default=Decimal(0))
    return (
        f"{service}: filled {len(made)} of {len(won)} legs, {dollars(_worth(won, plan))}, at worst "
        f"{worse} bps below the quote"
    )


def _router_legs(plan: Plan, service: Service) -> Iterator[RouterLeg]:
    for batch in plan.batches:
        for leg in batch.legs:
            if isinstance(leg, RouterLeg) and leg.venue == service:
                yield leg


def _worth(legs: Iterable[RouterLeg], plan: Plan) -> Decimal:
    return sum(
        (
            whole_tokens(leg.amount_in, leg.token_in.decimals)
            * plan.price_by_token[leg.token_in.address].usd
            for leg in legs
            if leg.token_in.address in plan.price_by_token
        ),
        start=Decimal(0),
    )
