"""Balancer v2 on a development chain: its Vault at the mainnet address, and weighted pools of two versions.

The creation code is that of the mainnet deployments, as npm's `@balancer-labs/v2-deployments` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode

from anvil import addresses as at
from anvil import bytecode
from anvil.abi import ZERO, call_data, raw
from anvil.calls import mined, read, transact
from anvil.fund import fund
from anvil.node import Node
from anvil.rpc import NodeError

VAULT = "0xBA12222222228d8Ba445958a75a0704d566BF2C8"
DEPLOYMENTS = "@balancer-labs/v2-deployments/dist/tasks/{0}.json"
VAULT_SLOTS = 4
"""The Vault's constructor writes into the first of these: its lock, and the authorizer."""

GAS = hex(2**24)
JOIN = "joinPool(bytes32,address,address,(address[],uint256[],bytes,bool))"
INIT_JOIN = 0
LARGEST = 2**256 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedPlace:
    """A weighted pool on the chain; `version` 1 takes all powers by logarithms, 2 multiplies whole ones."""

    address: str
    pool_id: str
    tokens: tuple[str, ...]
    version: int


def place_vault(node: Node) -> None:
    """Construct the Vault anywhere, and put its code and storage at its mainnet address."""
    arguments = encode(["address", "address", "uint256", "uint256"], [at.TWIN_ADMIN, at.WETH, 0, 0])
    made = _deploy(node, _creation("20210418-vault/bytecode/Vault") + arguments)
    node.rpc("anvil_setCode", VAULT, node.rpc("eth_getCode", made, "latest"))
    for slot in range(VAULT_SLOTS):
        value = node.rpc("eth_getStorageAt", made, hex(slot), "latest")
        node.rpc("anvil_setStorageAt", VAULT, hex(slot), value)


def factories(node: Node) -> dict[int, str]:
    """Deploy the factory of each version; returns their addresses by version."""
    provider = _deploy(
        node,
        _creation(
            "20220725-protocol-fee-percentages-provider/bytecode/ProtocolFeePercentagesProvider"
        )
        + encode(["address", "uint256", "uint256"], [VAULT, 10**18, 10**18]),
    )
    first = "20210418-weighted-pool/bytecode/WeightedPoolFactory"
    second = "20220908-weighted-pool-v2/bytecode/WeightedPoolFactory"
    return {
        1: _deploy(node, _creation(first) + encode(["address"], [VAULT])),
        2: _deploy(node, _creation(second) + encode(["address"] * 2, [VAULT, provider])),
    }


def weighted_pool(  # noqa: PLR0913 - a pool has that many facts
    node: Node,
    factory: str,
    *,
    version: int,
    balances: dict[str, int],
    weights: Sequence[int],
    fee: int,
) -> WeightedPlace:
    """Create a pool of tokens (ascending), fill it with `balances`; weights and fee are of 10^18."""
    tokens = tuple(balances)
    rates = ([ZERO] * len(tokens),) if version > 1 else ()
    inputs = "address[],uint256[],address[],uint256" if rates else "address[],uint256[],uint256"
    creation = call_data(
        f"create(string,string,{inputs},address)",
        *("Weighted", "W", list(tokens), list(weights), *rates, fee, at.TWIN_ADMIN),
    )
    receipt = transact(node, at.TWIN_ADMIN, factory, creation)
    address = "0x" + receipt["logs"][-1]["topics"][1][-40:]
    pool_id = "0x" + read(node, address, "getPoolId()", returns="bytes32").hex()
    for token, amount in balances.items():
        fund(node.rpc, token, at.TWIN_ADMIN, amount)
        transact(node, at.TWIN_ADMIN, token, call_data("approve(address,uint256)", VAULT, LARGEST))
    user_data = encode(["uint256", "uint256[]"], [INIT_JOIN, list(balances.values())])
    request = (list(tokens), list(balances.values()), user_data, False)
    join = call_data(JOIN, raw(pool_id), at.TWIN_ADMIN, at.TWIN_ADMIN, request)
    transact(node, at.TWIN_ADMIN, VAULT, join)
    return WeightedPlace(address=address, pool_id=pool_id, tokens=tokens, version=version)


def _creation(path: str) -> bytes:
    return bytecode.recorded_creation(DEPLOYMENTS.format(path))


def _deploy(node: Node, init_code: bytes) -> str:
    fund(node.rpc, ZERO, at.TWIN_ADMIN, 10**20)
    node.rpc("anvil_impersonateAccount", at.TWIN_ADMIN)
    try:
        sent = {"from": at.TWIN_ADMIN, "data": "0x" + init_code.hex(), "gas": GAS}
        receipt = mined(node, node.rpc("eth_sendTransaction", sent))
    finally:
        node.rpc("anvil_stopImpersonatingAccount", at.TWIN_ADMIN)
    if receipt["status"] != "0x1":
        raise NodeError(f"creation code of {len(init_code)} bytes reverted")
    return str(receipt["contractAddress"])
