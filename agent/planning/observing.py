"""A look at what is held, for the circuit breakers: its worth and prices, and stablecoins off their peg."""

from __future__ import annotations

from datetime import datetime

from agent.domain.breakers import Observed
from agent.domain.plan import PlanInputs
from agent.planning.money import cents, reckoned, usd_of
from agent.planning.pegs import off_peg
from agent.planning.pricing import market


@reckoned
def observed(inputs: PlanInputs, *, at: datetime) -> Observed:
    """Return what is seen at the inputs' block.

    Raises:
        FeedUnusableError: nothing can be valued.
    """
    found = market(inputs)
    prices = found.price_by_token
    held = {
        h.token: usd_of(h.amount, h.token, prices[h.token.address])
        for h in inputs.position.portfolio.holdings
        if h.amount and h.token.address in prices
    }
    worth = {token: cents(usd) for token, usd in held.items() if cents(usd)}
    known = inputs.token_map.stablecoin_by_coin
    named = {c for c, weight in inputs.policy.stablecoin_weight_by_coin.items() if weight}
    off = off_peg(inputs, found)
    return Observed(
        at=at,
        worth_usd_by_token={token.address: usd for token, usd in sorted(worth.items())},
        usd_by_token={token.address: prices[token.address].usd for token in sorted(worth)},
        failure="",
        off_peg=tuple(
            sorted(
                s.token.symbol for c, s in known.items() if c in named and s.token.address in off
            )
        ),
    )
