"""What the hubs surely hold while a plan is made: holdings and floors of what came in, less what went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.domain.order import Leg
from agent.domain.token import Token
from agent.domain.units import Bps, min_amount_out


class Purse:
    """Amounts in base units by hub. Later legs may spend no more than `sure`."""

    def __init__(self, amount_by_hub: Mapping[Token, int], max_slippage_bps: Bps) -> None:
        """Start with what is held."""
        self._held = dict(amount_by_hub)
        self._quoted_in = dict.fromkeys(amount_by_hub, 0)
        self._spent = dict.fromkeys(amount_by_hub, 0)
        self._max_slippage_bps = max_slippage_bps

    def book(self, legs: Iterable[Leg]) -> None:
        for leg in legs:
            if leg.token_in in self._spent:
                self._spent[leg.token_in] += leg.amount_in
            if leg.token_out in self._quoted_in:
                self._quoted_in[leg.token_out] += leg.amount_out

    def sure(self, hub: Token) -> int:
        """Return what is there even if everything that came in came in at its floor.

        The floor is taken once over all that came in. Batches take theirs over what comes in with
        each, rounded up each time: together at least as much.
        """
        floor = min_amount_out(self._quoted_in[hub], self._max_slippage_bps)
        return self._held[hub] + floor - self._spent[hub]

    def above_floors(self, hub: Token) -> int:
        """Return what is expected to be there beyond what is sure."""
        return self._quoted_in[hub] - min_amount_out(self._quoted_in[hub], self._max_slippage_bps)
