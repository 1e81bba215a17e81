"""Rehearsal on the live node: the exact calls in simulated blocks on top of a real one.

`eth_simulateV1` with validation, as the execution API specification defines it: nonces, fees and funds
count as they would. Nothing of the chain is overridden but the ether of an address that only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.adapters.abi import (
    MULTICALL3,
    REFUSAL_CODES,
    Snapshot,
    aggregated,
    changes,
    log_entries,
    refused,
    returned,
    sensible,
    snapshot,
    transaction,
    watch_reads,
)
from agent.adapters.rpc import Answer, Rpc
from agent.domain.block import Block
from agent.errors import NodeUnfitError
from agent.ports import SimulatedCall, SimulatedOutcome, Watch

METHOD = "eth_simulateV1"
METHOD_NOT_FOUND = -32601
READER = "0x00000000000000000000000000000000000c0de3"
READER_FEES = {"maxFeePerGas": hex(10**15), "maxPriorityFeePerGas": "0x0"}
READER_WEI = hex(10**30)
GAS_PER_READ = 60_000
SLOT_S = 12
MAX_TRANSACTION_GAS = 2**24

Look = dict[str, str]


class RpcSimulator:
    """Simulates on the node behind `rpc`; each call has a block of its own, as it would when mined."""

    name = METHOD

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def simulate(
        self, *, calls: Sequence[SimulatedCall], watch: Watch, block: Block
    ) -> tuple[SimulatedOutcome, ...]:
        for count in range(len(calls), 0, -1):
            answer = self._ask(calls[:count], watch, block)
            if answer.error is None:
                outcomes = self._outcomes(answer.result, calls[:count], watch)
                break
            last = refused(answer.error)
        else:
            return (last,)
        is_complete = count == len(calls) or not outcomes[-1].is_success
        return outcomes if is_complete else (*outcomes, last)

    def _ask(self, calls: Sequence[SimulatedCall], watch: Watch, block: Block) -> Answer:
        at = {"blockHash": block.hash, "requireCanonical": True}
        (answer,) = self._rpc.answers([(METHOD, [_payload(calls, watch, block), at])])
        if answer.code == METHOD_NOT_FOUND:
            raise NodeUnfitError(
                endpoint=self._rpc.endpoint,
                lacks=f"{METHOD} ({answer.error})",
                mend="use a node that offers it; agent check tells",
            )
        if answer.error is not None and answer.code not in REFUSAL_CODES:
            raise self._rpc.unusable(f"{METHOD} failed ({answer.error})")
        return answer

    def _outcomes(
        self, blocks: Sequence[Mapping[str, Any]], calls: Sequence[SimulatedCall], watch: Watch
    ) -> tuple[SimulatedOutcome, ...]:
        found: list[SimulatedOutcome] = []
        with sensible(self._rpc, METHOD):
            before = _seen(watch, blocks[0]["calls"][0])
            for block, call in zip(blocks, calls, strict=True):
                acted, looked = block["calls"][-2:]
                after = _seen(watch, looked)
                found.append(_outcome(call, block, acted, before, after))
                if not found[-1].is_success:
                    break
                before = after
        return tuple(found)


def _payload(calls: Sequence[SimulatedCall], watch: Watch, block: Block) -> dict[str, Any]:
    reads = watch_reads(watch)
    look = {
        "from": READER,
        "to": MULTICALL3,
        "input": "0x" + aggregated(reads).hex(),
        "gas": hex(min(GAS_PER_READ * (len(reads) + 2), MAX_TRANSACTION_GAS)),
        **READER_FEES,
    }
    blocks = [
        {
            "blockOverrides": {
                "number": hex(block.number + ahead),
                "time": hex(block.timestamp + ahead * SLOT_S),
            },
            "calls": [transaction(call), look],
        }
        for ahead, call in enumerate(calls, start=1)
    ]
    blocks[0]["calls"] = [look, *blocks[0]["calls"]]
    blocks[0]["stateOverrides"] = {READER: {"balance": READER_WEI}}
    return {"blockStateCalls": blocks, "validation": True}


def _seen(watch: Watch, looked: Mapping[str, Any]) -> Snapshot:
    reads = watch_reads(watch)
    return snapshot(watch, returned(looked["returnData"], count=len(reads)))


def _outcome(
    call: SimulatedCall,
    block: Mapping[str, Any],
    acted: Mapping[str, Any],
    before: Snapshot,
    after: Snapshot,
) -> SimulatedOutcome:
    if call.fee_cap.max_fee_per_gas < int(block["baseFeePerGas"], 16):
        return refused("max fee per gas less than block base fee")
    is_success = int(acted["status"], 16) == 1
    return SimulatedOutcome(
        is_success=is_success,
        revert_reason="" if is_success else _reason(acted),
        gas_used=int(acted["gasUsed"], 16),
        deltas=changes(before, after),
        allowances=after.allowances,
        logs=log_entries(acted["logs"]),
    )


def _reason(acted: Mapping[str, Any]) -> str:
    """Return what a call reverted with; nodes differ in where they put it."""
    error = acted.get("error") or {}
    for data in (error.get("data"), acted["returnData"]):
        if data and data != "0x":
            return str(data)
    return str(error.get("message", "reverted without a reason"))
