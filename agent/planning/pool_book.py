"""The pools of a plan as its legs leave them, and what splits over them bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.domain.order import Order
from agent.domain.pool import PoolState
from agent.domain.swap import Unfillable
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.planning.gas import TICK_GAS, GasPrice, leg_gas
from agent.planning.splitting import Candidate, Split, settle, split

Splits = Mapping[str, Mapping[Address, int]]
"""How much of its input each order gives to which pool, by order id."""

_Pair = tuple[Address, Address]


class PoolBook:
    """The pools by pair, as the legs decided so far leave them, and what splits over them bring.

    `proposed` splits, where an order has one, are taken instead of the best.
    """

    def __init__(
        self, pools: Iterable[PoolState], gas_price: GasPrice, proposed: Splits | None = None
    ) -> None:
        """Take the pools in any order; of two states of one pool the first counts."""
        self._gas_price = gas_price
        self._proposed = proposed or {}
        self._splits: dict[tuple[_Pair, int], Split | Unfillable] = {}
        self._pools: dict[_Pair, dict[Address, PoolState]] = {}
        for pool in pools:
            pair = _sorted(pool.ref.token0, pool.ref.token1)
            self._pools.setdefault(pair, {}).setdefault(pool.ref.address, pool)

    def trades(self, one: Token, other: Token) -> bool:
        return self._pair(one, other) in self._pools

    def candidates(self, order: Order) -> tuple[Candidate, ...]:
        """Return the pools of an order's pair, by address, with what using each costs."""
        pools = self._pools.get(self._pair(order.token_in, order.token_out), {})
        tick_cost_out = self._gas_price.in_token(TICK_GAS, order.token_out)
        return tuple(
            Candidate(
                pool=pools[address],
                zero_for_one=pools[address].ref.token0 == order.token_in.address,
                gas_cost_out=self._gas_price.in_token(
                    leg_gas(pools[address].ref.kind, 0), order.token_out
                ),
                tick_cost_out=tick_cost_out,
            )
            for address in sorted(pools)
        )

    def split(self, order: Order) -> Split | Unfillable:
        """Return the best split of an order, or what its proposed one brings.

        Raises:
            LogVerificationError: the proposed split is not one of this order.
        """
        if self.proposes(order):
            return self._settled(order)
        key = (order.token_in.address, order.token_out.address), order.amount_in
        if key not in self._splits:
            self._splits[key] = split(order.amount_in, self.candidates(order))
        return self._splits[key]

    def proposes(self, order: Order) -> bool:
        """Tell whether there is a proposed split of the order, over pools of its very pair."""
        if order.id not in self._proposed:
            return False
        pair = self._pools.get(self._pair(order.token_in, order.token_out), {})
        return self._proposed[order.id].keys() <= pair.keys()

    def _settled(self, order: Order) -> Split:
        shares = self._proposed[order.id]
        candidates = self.candidates(order)
        taken = [shares.get(candidate.pool.ref.address, 0) for candidate in candidates]
        if sum(taken) != order.amount_in or min(taken) < 0:
            raise LogVerificationError(
                where=f"split of order {order.id}",
                reason=f"it sells {sum(taken)}, recomputed the order sells {order.amount_in}",
            )
        settled = settle(taken, candidates)
        if isinstance(settled, Unfillable):
            raise LogVerificationError(
                where=f"split of order {order.id}", reason=f"a pool refuses it: {settled.shortfall}"
            )
        return settled

    def trade(self, states: Iterable[PoolState]) -> None:
        """Go on with these states of pools."""
        for pool in states:
            pair = _sorted(pool.ref.token0, pool.ref.token1)
            self._pools[pair][pool.ref.address] = pool
            for key in [k for k in self._splits if set(k[0]) == set(pair)]:
                del self._splits[key]

    @staticmethod
    def _pair(one: Token, other: Token) -> _Pair:
        return _sorted(one.address, other.address)


def _sorted(one: Address, other: Address) -> _Pair:
    return (one, other) if one < other else (other, one)
