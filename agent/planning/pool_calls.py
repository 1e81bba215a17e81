"""Legs through pools that a batch reaches as it does routers: weighted ones in Balancer's Vault, Curve's stable ones.

The router may take exactly the input; what it must pay at least stands in its call and in the batch's
floors. The few words of each call are laid out by hand, as the Solidity ABI has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent.domain.order import BatchLeg, Leg, RouterLeg
from agent.domain.pool import PoolState, StablePool, WeightedPool
from agent.domain.units import Address, Bps, min_amount_out

VAULT_SWAP = bytes.fromhex("52bbbe29")
"""Of `swap((bytes32,uint8,address,address,uint256,bytes),(address,bool,address,bool),uint256,uint256)`."""

EXCHANGE = bytes.fromhex("3df02124")
"""Of `exchange(int128,int128,uint256,uint256)`."""

GIVEN_IN = 0
BALANCER, CURVE = "balancer", "curve"
WORD = 32


def called(
    legs: Iterable[BatchLeg],
    pools: Mapping[Address, PoolState],
    *,
    taker: Address,
    slippage_bps: Bps,
    deadline: int,
) -> Iterator[BatchLeg]:
    """Yield the legs, those through weighted and stable pools as calls of their routers.

    `taker` pays, and is paid; `deadline` in Unix seconds, of which Curve's pools know nothing.
    """
    for leg in legs:
        pool = pools.get(leg.pool) if isinstance(leg, Leg) else None
        if isinstance(leg, Leg) and isinstance(pool, WeightedPool | StablePool):
            yield as_router_leg(
                leg, pool, taker=taker, slippage_bps=slippage_bps, deadline=deadline
            )
        else:
            yield leg


def as_router_leg(
    leg: Leg, pool: WeightedPool | StablePool, *, taker: Address, slippage_bps: Bps, deadline: int
) -> RouterLeg:
    """Return a leg through `pool` as the call of its router."""
    least = min_amount_out(leg.amount_out, slippage_bps)
    if isinstance(pool, WeightedPool):
        venue, router = BALANCER, pool.ref.manager
        data = _vault_swap(leg, pool, taker=taker, least=least, deadline=deadline)
    else:
        venue, router = CURVE, pool.ref.address
        data = _exchange(leg, pool, least=least)
    return RouterLeg(
        order_id=leg.order_id,
        venue=venue,
        router=router,
        token_in=leg.token_in,
        token_out=leg.token_out,
        amount_in=leg.amount_in,
        amount_out=leg.amount_out,
        min_amount_out=least,
        mid_amount_out=leg.mid_amount_out,
        gas=leg.gas,
        calldata=data,
    )


def _vault_swap(
    leg: Leg, pool: WeightedPool, *, taker: Address, least: int, deadline: int
) -> bytes:
    """Return a single swap of a given input, from the taker's tokens to the taker's tokens."""
    outside, no_data = 0, 0
    funds = (int(taker, 16), outside, int(taker, 16), outside)
    tokens = (int(leg.token_in.address, 16), int(leg.token_out.address, 16))
    swap = (int(pool.ref.address, 16), GIVEN_IN, *tokens, leg.amount_in, 6 * WORD, no_data)
    return VAULT_SWAP + _words(7 * WORD, *funds, least, deadline, *swap)


def _exchange(leg: Leg, pool: StablePool, *, least: int) -> bytes:
    coins = (pool.coin0, pool.coin1) if leg.zero_for_one else (pool.coin1, pool.coin0)
    return EXCHANGE + _words(*coins, leg.amount_in, least)


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(WORD, "big") for value in values)
