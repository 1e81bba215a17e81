"""Rehearsal on an Anvil fork: the exact calls are mined there, looked at, and taken back.

The sender is impersonated: no key signs anything for a rehearsal. See
https://getfoundry.sh/anvil/reference for the methods that only Anvil has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from agent.adapters.abi import (
    MULTICALL3,
    REFUSAL_CODES,
    Snapshot,
    aggregated,
    block_of,
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

FORK_MEND = "give the address of an Anvil that forks a chain: anvil --fork-url URL"


class ForkSimulator:
    """Simulates on the Anvil fork behind `rpc`, and leaves it at the block where it was."""

    name = "anvil fork"

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def ping(self) -> None:
        """Raise NodeUnfitError unless the node is an Anvil that forks another chain."""
        (answer,) = self._rpc.answers([("anvil_nodeInfo", [])])
        if answer.error is not None:
            raise self._unfit("anvil_nodeInfo: it is not Anvil")
        with sensible(self._rpc, "anvil_nodeInfo"):
            fork_url = answer.result["forkConfig"]["forkUrl"]
        if not fork_url:
            raise self._unfit("a fork: it is an Anvil chain of its own")

    def _unfit(self, lacks: str, mend: str = FORK_MEND) -> NodeUnfitError:
        return NodeUnfitError(endpoint=self._rpc.endpoint, lacks=lacks, mend=mend)

    def simulate(
        self, *, calls: Sequence[SimulatedCall], watch: Watch, block: Block
    ) -> tuple[SimulatedOutcome, ...]:
        self._check_head(block)
        found: list[SimulatedOutcome] = []
        with self._undone():
            before = self._look(watch)
            for call in calls:
                outcome, before = self._run(call, watch, before)
                found.append(outcome)
                if not outcome.is_success:
                    break
        return tuple(found)

    def _check_head(self, block: Block) -> None:
        tree = self._do("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON-RPC
        with sensible(self._rpc, "eth_getBlockByNumber"):
            head = block_of(tree, chain_id=block.chain_id)
        if head.hash != block.hash:
            raise self._unfit(
                f"block {block.number} ({block.hash}) at its head, which is {head.number}",
                "plan again at the fork's head",
            )

    @contextmanager
    def _undone(self) -> Iterator[None]:
        base_fee = self._next_base_fee()
        mark = self._do("evm_snapshot")
        try:
            yield
        finally:
            if self._do("evm_revert", mark) is not True:
                raise self._unfit("evm_revert of a rehearsal", "start the fork anew")
            # Reverting leaves the base fee that was due after the blocks that are gone.
            self._do("anvil_setNextBlockBaseFeePerGas", base_fee)

    def _next_base_fee(self) -> str:
        tree = self._do("eth_getBlockByNumber", "pending", False)  # noqa: FBT003 - JSON-RPC
        with sensible(self._rpc, "eth_getBlockByNumber"):
            return str(tree["baseFeePerGas"])

    def _run(
        self, call: SimulatedCall, watch: Watch, before: Snapshot
    ) -> tuple[SimulatedOutcome, Snapshot]:
        self._do("anvil_impersonateAccount", call.sender)
        try:
            sent = self._rpc.once("eth_sendTransaction", [transaction(call)])
        finally:
            self._do("anvil_stopImpersonatingAccount", call.sender)
        if sent.error is not None:
            return self._refused(sent), before
        tree = self._receipt(sent.result)
        after = self._look(watch)
        is_success = int(tree["status"], 16) == 1
        outcome = SimulatedOutcome(
            is_success=is_success,
            revert_reason="" if is_success else self._reason(sent.result),
            gas_used=int(tree["gasUsed"], 16),
            deltas=changes(before, after),
            allowances=after.allowances,
            logs=log_entries(tree["logs"]),
        )
        return outcome, after

    def _refused(self, sent: Answer) -> SimulatedOutcome:
        if sent.code not in REFUSAL_CODES or sent.error is None:
            raise self._rpc.unusable(f"eth_sendTransaction failed ({sent.error})")
        return refused(sent.error)

    def _receipt(self, tx_hash: str) -> dict[str, Any]:
        tree = self._do("eth_getTransactionReceipt", tx_hash)
        if tree is None:  # the fork does not mine by itself
            self._do("evm_mine")
            tree = self._do("eth_getTransactionReceipt", tx_hash)
        if not isinstance(tree, dict):
            raise self._rpc.unusable(f"it did not mine {tx_hash}")
        return tree

    def _look(self, watch: Watch) -> Snapshot:
        reads = watch_reads(watch)
        call = {"to": MULTICALL3, "input": "0x" + aggregated(reads).hex()}
        answer = self._do("eth_call", call, "latest")
        with sensible(self._rpc, "eth_call"):
            return snapshot(watch, returned(answer, count=len(reads)))

    def _reason(self, tx_hash: str) -> str:
        tracer = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
        trace = self._do("debug_traceTransaction", tx_hash, tracer)
        with sensible(self._rpc, "debug_traceTransaction"):
            output = trace.get("output", "0x")
            return str(output if output != "0x" else trace["error"])

    def _do(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self._rpc.once(method, list(params))
        if answer.error is not None:
            raise self._rpc.unusable(f"{method} failed ({answer.error})")
        return answer.result
