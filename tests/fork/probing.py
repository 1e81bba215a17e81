"""Swaps in v3-like pools, whatever their callback is called: asked of the pool itself, and taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from agent.domain.pool import PoolState
from agent.domain.swap import SwapResult
from agent.planning.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from anvil.abi import call_data, decoded
from anvil.node import Node
from anvil.rpc import NodeError
from tests.fork.exact_out import OutCase
from tests.fork.exactness import GAS, Case

PROBE = "0x00000000000000000000000000000000000009be"
TELL_BACK = "0x604060046000376040" + "6000fd"
"""Whatever calls it gets its two arguments back in a revert: what a swap asks for and pays."""

SWAP = "swap(address,bool,int256,uint160,bytes)"


def pool_mismatches(node: Node, cases: Sequence[Case]) -> list[str]:
    """Return where the pool takes or pays something else than we say."""
    found = []
    for case in cases:
        assert isinstance(case.swap, SwapResult)
        told = _told(node, case.pool, case.amount_in, zero_for_one=case.zero_for_one)
        if told != (case.amount_in, case.swap.amount_out):
            found.append(f"{case}: the pool says {told}, we say {case.swap.amount_out}")
    return found


def pool_out_mismatches(node: Node, cases: Sequence[OutCase]) -> list[str]:
    """Return where the pool asks for something else than we say."""
    found = []
    for case in cases:
        told = _told(node, case.pool, -case.amount_out, zero_for_one=case.zero_for_one)
        if told != (case.amount_in, case.amount_out):
            found.append(f"{case}: the pool says {told}, we say {case.amount_in}")
    return found


def _told(node: Node, pool: PoolState, amount: int, *, zero_for_one: bool) -> tuple[int, int]:
    """Return (input, output) of a swap; a negative amount is an output."""
    limit = MIN_SQRT_RATIO + 1 if zero_for_one else MAX_SQRT_RATIO - 1
    data = call_data(SWAP, PROBE, zero_for_one, amount, limit, b"")
    call = {"from": PROBE, "to": pool.ref.address, "data": data, "gas": GAS}
    with pytest.raises(NodeError) as told:
        node.rpc("eth_call", call, "latest", {PROBE: {"code": TELL_BACK}})
    answer = re.search(r"\((0x[0-9a-f]{128})\)$", str(told.value))
    assert answer, told.value
    deltas = decoded(["int256", "int256"], answer[1])
    paid, taken = (deltas[0], -deltas[1]) if zero_for_one else (deltas[1], -deltas[0])
    return paid, taken
