"""What a trade would cost before it is routed: the best single pool's fee and impact, and one leg's gas.

A split over several pools only improves on it. Integers alone decide, so that it can be replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.pool import PoolState
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address, whole_tokens
from agent.planning.gas import GasPrice
from agent.planning.money import ZERO, amount_of, usd_of
from agent.planning.pricing import Market
from agent.planning.swapping import swap_exact_in

NATIVE_DECIMALS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The cost of one order in dollars: what grows with its size (fee, impact), and what does not (gas)."""

    price_usd: Decimal
    gas_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        return self.price_usd + self.gas_usd


class CostEstimator:
    """Estimates at one block's pools and prices."""

    def __init__(
        self,
        pools: Iterable[PoolState],
        *,
        hubs: Sequence[Token],
        market: Market,
        gas_price: GasPrice,
    ) -> None:
        """Take the pools in any order; `hubs` are those with a price."""
        self._hubs, self._market, self._gas_price = hubs, market, gas_price
        self._pools: dict[frozenset[Address], list[PoolState]] = {}
        for pool in sorted(pools, key=lambda state: state.ref.address):
            pair = frozenset((pool.ref.token0, pool.ref.token1))
            self._pools.setdefault(pair, []).append(pool)

    def estimate(self, token: Token, usd: Decimal, *, is_sell: bool) -> Estimate | None:
        """Return what trading `usd` dollars of a token against its best hub costs, None if no pool can."""
        found = self._trades(token, usd, is_sell=is_sell)
        return min(found, key=lambda estimate: estimate.total_usd, default=None)

    def _trades(self, token: Token, usd: Decimal, *, is_sell: bool) -> Iterator[Estimate]:
        for hub in self._hubs:
            token_in, token_out = (token, hub) if is_sell else (hub, token)
            for pool in self._pools.get(frozenset((token.address, hub.address)), ()):
                estimate = self._through(pool, token_in, token_out, usd)
                if estimate is not None:
                    yield estimate

    def _through(
        self, pool: PoolState, token_in: Token, token_out: Token, usd: Decimal
    ) -> Estimate | None:
        prices = self._market.price_by_token
        amount_in = amount_of(usd, token_in, prices[token_in.address])
        if amount_in <= 0:
            return None
        swap = swap_exact_in(
            pool, zero_for_one=pool.ref.token0 == token_in.address, amount_in=amount_in
        )
        if not isinstance(swap, SwapResult):
            return None
        got_usd = usd_of(swap.amount_out, token_out, prices[token_out.address])
        return Estimate(
            price_usd=max(ZERO, usd - got_usd),
            gas_usd=self._gas_usd(self._gas_price.table.leg(pool.ref.kind, swap.ticks_crossed)),
        )

    def _gas_usd(self, gas: int) -> Decimal:
        native = self._gas_price.price_by_token[self._gas_price.native.address]
        return whole_tokens(gas * self._gas_price.wei_per_gas, NATIVE_DECIMALS) * native.usd
