"""What a node must be able to do, asked in one request before anything depends on it."""

from __future__ import annotations

from typing import Any

from agent.adapters.abi import MULTICALL3, read, sensible
from agent.adapters.rpc import Answer, Call, Rpc
from agent.domain.units import Address
from agent.errors import NodeUnfitError, WrongChainError

PROBER = "0x00000000000000000000000000000000000c0de1"
PAUPER = Address("0x00000000000000000000000000000000000c0de2")
FEES = {"maxFeePerGas": hex(10**15), "maxPriorityFeePerGas": "0x0"}
GAS = hex(100_000)
SIMULATOR_MEND = "use a node that offers eth_simulateV1, as geth, reth and Nethermind do"


def check_fitness(rpc: Rpc, *, chain_id: int) -> None:
    """Return if the node serves the chain and can do what the agent needs.

    Raises:
        WrongChainError, NodeUnfitError, RpcUnavailableError.
    """
    served, finalized, multicall, seen, overspent = rpc.answers(_probes())
    if served.error is not None:
        raise rpc.unusable(f"eth_chainId failed ({served.error})")
    with sensible(rpc, "eth_chainId"):
        found = int(served.result, 16)
    if found != chain_id:
        raise WrongChainError(endpoint=rpc.endpoint, expected=chain_id, found=found)
    if not finalized.result:
        raise _unfit(rpc, "the `finalized` block", "use a node that follows the beacon chain")
    if multicall.result in {None, "0x"}:
        raise _unfit(rpc, f"Multicall3 at {MULTICALL3}", "use a chain where it is deployed")
    _check_simulation(rpc, seen, overspent)


def _check_simulation(rpc: Rpc, seen: Answer, overspent: Answer) -> None:
    if seen.error is not None:
        raise _unfit(rpc, f"eth_simulateV1 ({seen.error})", SIMULATOR_MEND)
    with sensible(rpc, "eth_simulateV1"):
        balance = int(seen.result[0]["calls"][1]["returnData"], 16)
    if balance != 1:
        raise _unfit(rpc, "balance reads inside a simulated block", SIMULATOR_MEND)
    if overspent.error is None:
        raise _unfit(rpc, "validation in eth_simulateV1", SIMULATOR_MEND)


def _unfit(rpc: Rpc, lacks: str, mend: str) -> NodeUnfitError:
    return NodeUnfitError(endpoint=rpc.endpoint, lacks=lacks, mend=mend)


def _probes() -> list[Call]:
    """Return the questions: of the simulations one sends a wei and looks, one has nothing to send."""
    look = read(MULTICALL3, "getEthBalance(address)", PAUPER)
    gift = {"from": PROBER, "to": PAUPER, "value": "0x1", "gas": GAS, **FEES}
    seen = {"from": PROBER, "to": look.target, "input": "0x" + look.data.hex(), "gas": GAS, **FEES}
    overspent = {"from": PAUPER, "to": PROBER, "value": "0x1", "gas": GAS, **FEES}
    funded = {PROBER: {"balance": hex(10**24)}, PAUPER: {"balance": "0x0"}}
    return [
        ("eth_chainId", []),
        ("eth_getBlockByNumber", ["finalized", False]),
        ("eth_getCode", [MULTICALL3, "latest"]),
        ("eth_simulateV1", [_block([gift, seen], funded), "latest"]),
        ("eth_simulateV1", [_block([overspent], funded), "latest"]),
    ]


def _block(calls: list[dict[str, str]], overrides: dict[str, Any]) -> dict[str, Any]:
    return {
        "blockStateCalls": [{"stateOverrides": overrides, "calls": calls}],
        "validation": True,
    }
