"""The allowlist's pools together with pools from the settings that are read elsewhere, as one venue."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain.block import Block
from agent.domain.pool import PoolRef, PoolState
from agent.domain.quote import QuoteRequest
from agent.ports import Venue


class VenueGroup:
    """Port `Venue`: what `allowed` reads of the allowlist, and what `others` reads of `listed`."""

    def __init__(self, allowed: Venue, others: Venue, listed: Sequence[PoolRef]) -> None:
        self._allowed = allowed
        self._others = others
        self._listed = tuple(listed)

    @property
    def name(self) -> str:
        return f"{self._allowed.name}, {self._others.name}"

    def ping(self) -> None:
        """Raise NodeUnfitError or RpcUnavailableError unless both can be asked."""
        self._allowed.ping()
        self._others.ping()

    def foresee(self, *, block: Block) -> None:
        self._allowed.foresee(block=block)
        self._others.foresee(block=block)

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[PoolState, ...]:
        """Return the states of both.

        Raises:
            NodeUnfitError, RpcUnavailableError.
        """
        return (
            *self._allowed.fetch_liquidity(requests=requests, pools=pools, block=block),
            *self._others.fetch_liquidity(requests=requests, pools=self._listed, block=block),
        )
