"""Many view calls at one block in one request: what venues without a lens of their own read pools with."""

from __future__ import annotations

from collections.abc import Sequence

from agent.adapters.abi import (
    MULTICALL3,
    Read,
    Returned,
    aggregated,
    at_block,
    returned,
    sensible,
)
from agent.adapters.rpc import Call, Rpc
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef
from agent.domain.quote import QuoteRequest

READS_PER_CALL = 400
"""Of some 30,000 gas each: well below what nodes let a call use."""


def useful(
    pools: Sequence[PoolRef], requests: Sequence[QuoteRequest], *, kind: PoolKind
) -> list[PoolRef]:
    """Return the pools of a kind that trade the pair of a request."""
    pairs = {frozenset((r.token_in.address, r.token_out.address)) for r in requests}
    return [
        pool
        for pool in pools
        if pool.kind is kind and frozenset((pool.token0, pool.token1)) in pairs
    ]


def asked(rpc: Rpc, reads: Sequence[Read], *, block: Block) -> list[Returned]:
    """Return what each read returned at `block`, in their order.

    Raises:
        NodeUnfitError, RpcUnavailableError.
    """
    if not reads:
        return []
    chunks = [reads[at : at + READS_PER_CALL] for at in range(0, len(reads), READS_PER_CALL)]
    answers = rpc.batch([_call(chunk, block) for chunk in chunks])
    with sensible(rpc, "eth_call"):
        return [
            one
            for chunk, answer in zip(chunks, answers, strict=True)
            for one in returned(answer, count=len(chunk))
        ]


def _call(reads: Sequence[Read], block: Block) -> Call:
    request = {"to": MULTICALL3, "input": "0x" + aggregated(reads).hex()}
    return ("eth_call", [request, at_block(block)])
