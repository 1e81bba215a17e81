"""V4 pools of the twin with protocol fees, and their states."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from agent.domain.pool import PoolRef, PoolState
from anvil.abi import ZERO, call_data
from anvil.addresses import GOVERNANCE, V4_POOL_MANAGER
from anvil.calls import transact
from anvil.fund import fund
from anvil.node import Node
from tests.fork.exactness import states_of, v4_refs_of

SET_PROTOCOL_FEE = "setProtocolFee((address,address,uint24,int24,address),uint24)"
Kept = Mapping[str, Mapping[str, Any]]
"""The manifest's v4 pools by id."""


def kept_states(fork: Node, kept: Kept) -> tuple[PoolState, ...]:
    """Return the state of each pool; none may be left out."""
    left_out = list[tuple[PoolRef, str]]()
    refs = v4_refs_of(list(kept.values()))
    found = states_of(fork, refs, unread=lambda ref, why: left_out.append((ref, why)))
    assert [] == left_out
    assert set(kept) == {pool.ref.address for pool in found}
    return found


def taxed_states(fork: Node, kept: Kept, rng: random.Random) -> tuple[PoolState, ...]:
    """Give every other pool random protocol fees, some at their most and some at none."""
    fund(fork.rpc, ZERO, GOVERNANCE, 10**20)
    chosen = call_data("setProtocolFeeController(address)", GOVERNANCE)
    transact(fork, GOVERNANCE, V4_POOL_MANAGER, chosen)
    for pool in list(kept.values())[::2]:
        tax(fork, pool, rng.choice((0, 1, 1000, rng.randint(0, 1000))), rng.randint(0, 1000))
    return kept_states(fork, kept)


def tax(fork: Node, pool: Mapping[str, Any], fee0_pips: int, fee1_pips: int) -> None:
    """Set a protocol fee for each direction, as the fees' controller may."""
    key = (pool["token0"], pool["token1"], pool["fee_pips"], pool["tick_spacing"], ZERO)
    data = call_data(SET_PROTOCOL_FEE, key, fee1_pips << 12 | fee0_pips)
    transact(fork, GOVERNANCE, V4_POOL_MANAGER, data)
