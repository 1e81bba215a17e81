"""A vault on the forked twin: deployed from the committed artifact, with an allowlist and funds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from agent.domain.units import Address
from anvil.abi import ZERO, call_data, raw
from anvil.addresses import V4_POOL_MANAGER, WETH
from anvil.calls import mined, read, transact
from anvil.fund import fund
from anvil.node import Node

OWNER = Address("0x0000000000000000000000000000000000000123")
KIND_BYTE = {"v2": 2, "v3": 3}


def deploy_vault(node: Node, agent: str) -> Address:
    """Deploy a vault of OWNER whose batches `agent` may run; both can pay their gas."""
    for account in (OWNER, agent):
        fund(node.rpc, ZERO, account, 100 * 10**18)
    artifact = json.loads((files("agent") / "data" / "contracts" / "Vault.json").read_text())
    arguments = encode(["address"] * 4, [OWNER, agent, WETH, V4_POOL_MANAGER]).hex()
    node.rpc("anvil_impersonateAccount", OWNER)
    try:
        sent = {"from": OWNER, "data": artifact["bytecode"] + arguments, "gas": hex(2**24)}
        receipt = mined(node, node.rpc("eth_sendTransaction", sent))
    finally:
        node.rpc("anvil_stopImpersonatingAccount", OWNER)
    return Address(to_checksum_address(receipt["contractAddress"]))


def record(pool: Mapping[str, Any]) -> bytes:
    """Return a pool of the manifest as the allowlist has it."""
    return (
        raw(pool["address"])
        + raw(pool["token0"])
        + raw(pool["token1"])
        + bytes((KIND_BYTE[pool["kind"]],))
        + int(pool["fee_pips"]).to_bytes(3, "big")
    )


def add_page(node: Node, vault: str, pools: Sequence[Mapping[str, Any]]) -> int:
    """Allow pools, and return the number of their page."""
    packed = b"".join(map(record, pools))
    transact(node, OWNER, vault, call_data("addPage(bytes)", packed))
    return int(read(node, vault, "pageCount()", returns="uint256")) - 1
