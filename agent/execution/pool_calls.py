"""Swaps in pools that a batch reaches as it does routers: weighted ones in Balancer's Vault, Curve's stable ones.

The router may take exactly the input; what it must pay at least stands in its call and in the batch's
floors.
"""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector

from agent.domain.order import Leg, RouterLeg
from agent.domain.pool import StablePool, WeightedPool
from agent.domain.units import Address, Bps, min_amount_out

VAULT_SWAP_TYPES = (
    "(bytes32,uint8,address,address,uint256,bytes)",
    "(address,bool,address,bool)",
    "uint256",
    "uint256",
)
VAULT_SWAP = f"swap({','.join(VAULT_SWAP_TYPES)})"
EXCHANGE_TYPES = ("int128", "int128", "uint256", "uint256")
EXCHANGE = f"exchange({','.join(EXCHANGE_TYPES)})"
GIVEN_IN = 0
BALANCER, CURVE = "balancer", "curve"


def as_router_leg(
    leg: Leg,
    pool: WeightedPool | StablePool,
    *,
    taker: Address,
    slippage_bps: Bps,
    deadline: int,
) -> RouterLeg:
    """Return a leg through `pool` as the call of its router; `taker` pays, and is paid.

    `deadline` in Unix seconds; Curve's pools know none.
    """
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
    pool_id = bytes.fromhex(pool.ref.address[2:])
    tokens = leg.token_in.address, leg.token_out.address
    swap = (pool_id, GIVEN_IN, *tokens, leg.amount_in, b"")
    funds = (taker, False, taker, False)
    return function_signature_to_4byte_selector(VAULT_SWAP) + encode(
        VAULT_SWAP_TYPES, (swap, funds, least, deadline)
    )


def _exchange(leg: Leg, pool: StablePool, *, least: int) -> bytes:
    coins = (pool.coin0, pool.coin1) if leg.zero_for_one else (pool.coin1, pool.coin0)
    return function_signature_to_4byte_selector(EXCHANGE) + encode(
        EXCHANGE_TYPES, (*coins, leg.amount_in, least)
    )
