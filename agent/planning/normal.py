"""One order for every list in a plan's inputs, so that equal facts have one content id."""

from __future__ import annotations

from dataclasses import replace

from agent.domain.offer import Declined, Offer, Offered
from agent.domain.plan import PlanInputs


def normalised(inputs: PlanInputs) -> PlanInputs:
    """Return the inputs with rows by rank, holdings, feeds and pools by address, pool refs by place."""
    position, ranking = inputs.position, inputs.ranking
    portfolio = replace(
        position.portfolio,
        holdings=tuple(sorted(position.portfolio.holdings, key=lambda h: h.token)),
    )
    return replace(
        inputs,
        ranking=replace(
            ranking, coins=tuple(sorted(ranking.coins, key=lambda c: (c.rank, c.coin_id)))
        ),
        position=replace(
            position,
            portfolio=portfolio,
            feeds=tuple(sorted(position.feeds, key=lambda f: f.feed)),
            pools=tuple(sorted(position.pools, key=lambda p: (p.page, p.record, p))),
        ),
        pools=tuple(sorted(inputs.pools, key=lambda s: s.ref.address)),
        offered=_offered(inputs.offered),
    )


def _offered(offered: Offered) -> Offered:
    """Return the same by order, service and size: services answer in any order."""
    return Offered(
        offers=tuple(sorted(offered.offers, key=_place)),
        firm=tuple(sorted(offered.firm, key=lambda firm: _place(firm.offer))),
        declined=tuple(sorted(offered.declined, key=lambda d: (*_place(d), d.why, d.detail))),
    )


def _place(answer: Offer | Declined) -> tuple[str, str, int]:
    return answer.order_id, answer.service, answer.amount_in
