"""One order for every list in a plan's inputs, so that equal facts have one content id."""

from __future__ import annotations

from dataclasses import replace

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
    )
