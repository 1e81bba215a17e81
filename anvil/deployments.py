"""Puts the published contracts at their mainnet addresses.

Most arrive as they did on mainnet: from the real deployer at its real nonce, or through the real
CREATE2 deployer, so that the address itself proves the code. The others, whose salt or deployer is
not published, are constructed anywhere and their code is put at the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_abi.abi import encode

from anvil import addresses as at
from anvil import bytecode
from anvil.abi import call_data, raw, word
from anvil.node import Node
from anvil.rpc import NodeError

GAS = hex(10**9)
TICK_SPACING_OF_100 = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A contract that `deployer` creates at `nonce`, or CREATE2 with salt zero where None."""

    address: str
    init_code: bytes
    deployer: str
    nonce: int | None = None


def deploy_contracts(node: Node) -> None:
    """Deploy everything; raises `NodeError` when a contract lands anywhere but at its address."""
    for contract in _created():
        _create(node, contract)
    send(node, at.V3_DEPLOYER, at.V3_FACTORY, call_data("enableFeeAmount(uint24,int24)", 100, 1))
    send(node, at.V3_DEPLOYER, at.V3_FACTORY, call_data("setOwner(address)", at.GOVERNANCE))
    node.rpc("anvil_setCode", at.PERMIT2, "0x" + bytecode.permit2_runtime().hex())
    node.rpc("anvil_setCode", at.UNIVERSAL_ROUTER, "0x" + _constructed(node, _universal_router()))
    _place_pool_manager(node)


def send(node: Node, sender: str, to: str | None, data: str) -> str:
    """Send a transaction from any account and mine it; returns its hash, raises if it reverts."""
    transaction = {"from": sender, "data": data, "gas": GAS, "gasPrice": "0x0"}
    tx_hash: str = node.rpc("eth_sendTransaction", transaction | ({"to": to} if to else {}))
    node.rpc("evm_mine")
    receipt = node.rpc("eth_getTransactionReceipt", tx_hash)
    if receipt["status"] != "0x1":
        raise NodeError(f"transaction to {to} reverted: {data[:74]}")
    return tx_hash


def _create(node: Node, contract: Created) -> None:
    if contract.nonce is None:
        send(node, contract.deployer, at.CREATE2_DEPLOYER, word(0) + contract.init_code.hex())
    else:
        node.rpc("anvil_setNonce", contract.deployer, hex(contract.nonce))
        send(node, contract.deployer, None, "0x" + contract.init_code.hex())
    if node.rpc("eth_getCode", contract.address, "latest") == "0x":
        raise NodeError(f"nothing landed on {contract.address}: wrong package version?")


def _created() -> Iterator[Created]:
    weth_arguments = ["address", "address"], [at.V3_FACTORY, at.WETH]
    yield _by_nonce(at.WETH, at.WETH_DEPLOYER, 446, _init(bytecode.WETH, "WETH9"))
    yield _by_nonce(at.MULTICALL3, at.MULTICALL3_DEPLOYER, 0, bytecode.multicall3_creation())
    yield _by_nonce(
        at.V2_FACTORY,
        at.V2_DEPLOYER,
        0,
        _init(bytecode.V2_CORE, "UniswapV2Factory", ["address"], [at.V2_FEE_SETTER]),
    )
    yield _by_nonce(
        at.V2_ROUTER,
        at.V2_DEPLOYER,
        3,
        _init(
            bytecode.V2_PERIPHERY, "UniswapV2Router02", ["address"] * 2, [at.V2_FACTORY, at.WETH]
        ),
    )
    yield _v3(at.V3_FACTORY, 0, _init(bytecode.V3_CORE, "UniswapV3Factory"))
    yield _v3(at.V3_QUOTER, 3, _init(bytecode.V3_LENS, "Quoter", *weth_arguments))
    yield _v3(at.V3_SWAP_ROUTER, 4, _init(bytecode.V3_PERIPHERY, "SwapRouter", *weth_arguments))
    yield _v3(
        at.V3_POSITION_MANAGER,
        8,
        _init(
            bytecode.V3_PERIPHERY,
            "NonfungiblePositionManager",
            ["address"] * 3,
            [at.V3_FACTORY, at.WETH, at.V3_POSITION_DESCRIPTOR],
        ),
    )
    yield _v3(at.QUOTER_V2, 13, _init(bytecode.V3_LENS, "QuoterV2", *weth_arguments))
    yield _v3(
        at.SWAP_ROUTER_02,
        14,
        _init(
            bytecode.SWAP_ROUTER,
            "SwapRouter02",
            ["address"] * 4,
            [at.V2_FACTORY, at.V3_FACTORY, at.V3_POSITION_MANAGER, at.WETH],
        ),
    )
    for address, name in ((at.STATE_VIEW, "StateView"), (at.V4_QUOTER, "V4Quoter")):
        init_code = _init(bytecode.V4_PERIPHERY, name, ["address"], [at.V4_POOL_MANAGER])
        yield Created(address=address, deployer=at.V3_DEPLOYER, init_code=init_code)


def _by_nonce(address: str, deployer: str, nonce: int, init_code: bytes) -> Created:
    return Created(address=address, deployer=deployer, nonce=nonce, init_code=init_code)


def _v3(address: str, nonce: int, init_code: bytes) -> Created:
    return _by_nonce(address, at.V3_DEPLOYER, nonce, init_code)


def _init(
    template: str, name: str, types: list[str] | None = None, values: list[str] | None = None
) -> bytes:
    return bytecode.creation_code(template, name) + encode(types or [], values or [])


def _universal_router() -> bytes:
    types = "(address,address,address,address,bytes32,bytes32,address,address,address)"
    parameters = (
        at.PERMIT2,
        at.WETH,
        at.V2_FACTORY,
        at.V3_FACTORY,
        bytes.fromhex(at.V2_PAIR_CODE_HASH),
        bytes.fromhex(at.V3_POOL_CODE_HASH),
        at.V4_POOL_MANAGER,
        at.V3_POSITION_MANAGER,
        at.V4_POSITION_MANAGER,
    )
    return bytecode.creation_code(bytecode.UNIVERSAL_ROUTER, "UniversalRouter") + encode(
        [types], [parameters]
    )


def _constructed(node: Node, init_code: bytes) -> str:
    """Return the runtime code that the creation code leaves behind, as hex without prefix."""
    code: str = node.rpc("eth_call", {"data": "0x" + init_code.hex(), "gas": GAS}, "latest")
    return code.removeprefix("0x")


def _place_pool_manager(node: Node) -> None:
    """v4's pool manager keeps its own address as its one immutable, and its owner in slot 0."""
    init_code = _init(bytecode.V4_CORE, "PoolManager", ["address"], [at.GOVERNANCE])
    code = bytearray.fromhex(_constructed(node, init_code))
    for start in bytecode.immutable_offsets(bytecode.V4_CORE, "PoolManager"):
        code[start : start + 32] = raw(at.V4_POOL_MANAGER).rjust(32, b"\0")
    node.rpc("anvil_setCode", at.V4_POOL_MANAGER, "0x" + code.hex())
    owner = int.from_bytes(raw(at.GOVERNANCE))
    node.rpc("anvil_setStorageAt", at.V4_POOL_MANAGER, "0x0", word(owner))
