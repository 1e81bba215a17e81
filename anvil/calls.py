"""Reads contracts and sends transactions on a development chain, from any account."""

from __future__ import annotations

import time
from typing import Any

from anvil.abi import call_data, decoded
from anvil.node import Node
from anvil.rpc import NodeError

MINED_WITHIN_S = 30.0

GAS = hex(2**24)
"""The most that one transaction may take (EIP-7825)."""


def read(node: Node, to: str, signature: str, *arguments: Any, returns: str) -> Any:  # noqa: ANN401
    """Call a view function at the latest block; `returns` lists the types, one value or a tuple."""
    data = node.rpc("eth_call", {"to": to, "data": call_data(signature, *arguments)}, "latest")
    types = returns.split(",")
    values = decoded(types, data)
    return values[0] if len(types) == 1 else values


def transact(node: Node, sender: str, to: str, data: str, *, value_wei: int = 0) -> dict[str, Any]:
    """Send a transaction as `sender`, whoever has its key, and return its receipt.

    Raises `NodeError` with the reason when it would revert. `sender` pays its gas.
    """
    transaction = {"from": sender, "to": to, "data": data, "value": hex(value_wei), "gas": GAS}
    node.rpc("eth_call", transaction, "latest")  # refuses with the reason, where sending would not
    node.rpc("anvil_impersonateAccount", sender)
    try:
        return mined(node, node.rpc("eth_sendTransaction", transaction))
    finally:
        node.rpc("anvil_stopImpersonatingAccount", sender)


def mined(node: Node, tx_hash: str) -> dict[str, Any]:
    """Wait for a transaction's receipt: a node that mines at once still does so a moment later."""
    deadline = time.monotonic() + MINED_WITHIN_S
    while time.monotonic() < deadline:
        receipt: dict[str, Any] | None = node.rpc("eth_getTransactionReceipt", tx_hash)
        if receipt:
            return receipt
        time.sleep(0.002)
    raise NodeError(f"{tx_hash} was not mined within {MINED_WITHIN_S} s")
