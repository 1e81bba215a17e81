"""The gas that a batch will use, leg by leg: what was touched before is cheaper to touch again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.domain.order import BatchLeg, RouterLeg
from agent.domain.pool import PoolKind, PoolState, V3Pool
from agent.domain.swap import SwapResult
from agent.domain.units import Address
from agent.planning.gas_tables import GasTable

MOST_REFUNDED = 5
"""A fifth of what was used is the most that comes back (EIP-3529)."""


class Meter:
    """Adds up the legs of one batch; `held` is what the contract holds before it, in base units.

    Balances of tokens that `held` does not name are taken to be neither empty before nor after.
    """

    def __init__(self, table: GasTable, held: Mapping[Address, int]) -> None:
        self._table = table
        self.held = dict(held)
        self._tokens: set[Address] = set()
        self._pools: set[Address] = set()
        self._sold: set[Address] | None = None
        self._used, self._refund = table.batch, 0

    def copy(self) -> Meter:
        """Return a meter that stands where this one does, and goes on by itself."""
        other = Meter(self._table, self.held)
        other._tokens, other._pools = set(self._tokens), set(self._pools)
        other._sold, other._used, other._refund = self._sold, self._used, self._refund
        return other

    @property
    def gas(self) -> int:
        """What the legs so far use together, refunds taken off."""
        return self._used - min(self._refund, self._used // MOST_REFUNDED)

    @property
    def floors(self) -> int:
        """How many floors the legs so far need, that of ETH among them."""
        return 1 + len(self._tokens)

    def add(self, leg: BatchLeg) -> None:
        self._used += leg.gas + self._tokens_of(leg)
        if not isinstance(leg, RouterLeg):
            self._used += self._pool_of(leg.pool, leg.kind)
        self._used += self._settling(leg)
        self._move(leg)

    def _tokens_of(self, leg: BatchLeg) -> int:
        new = {leg.token_in.address, leg.token_out.address} - self._tokens
        self._tokens |= new
        return len(new) * self._table.token if new else -self._table.rewrite

    def _pool_of(self, pool: Address, kind: PoolKind) -> int:
        is_again = pool in self._pools
        self._pools.add(pool)
        return -self._table.again_by_kind[kind] if is_again else 0

    def _settling(self, leg: BatchLeg) -> int:
        """Return what the v4 legs around this one, which settle together, cost more for it."""
        if isinstance(leg, RouterLeg) or leg.kind is not PoolKind.V4:
            self._sold = None
            return 0
        unlock = self._table.unlock if self._sold is None else 0
        sold = self._sold or set()
        settle = 0 if leg.token_in.address in sold else self._table.settle
        self._sold = sold | {leg.token_in.address}
        return unlock + settle

    def _move(self, leg: BatchLeg) -> None:
        sold, bought = leg.token_in.address, leg.token_out.address
        if sold in self.held:
            self.held[sold] -= leg.amount_in
            self._refund += self._table.emptied if self.held[sold] == 0 else 0
        if bought in self.held:
            self._used += self._table.fresh if self.held[bought] == 0 else 0
            self.held[bought] += leg.amount_out


def swap_gas(table: GasTable, pool: PoolState, swap: SwapResult) -> int:
    """Return what a swap that a pool was asked for costs in itself."""
    after = swap.pool_after
    is_still = isinstance(pool, V3Pool) and isinstance(after, V3Pool) and pool.tick == after.tick
    return table.swap(pool.ref.kind, swap.ticks_crossed, is_still=is_still)


def metered(legs: Iterable[BatchLeg], table: GasTable, held: Mapping[Address, int]) -> int:
    """Return the gas that legs will use as one batch."""
    meter = Meter(table, held)
    for leg in legs:
        meter.add(leg)
    return meter.gas
