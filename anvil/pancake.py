"""PancakeSwap v3 pools on a development chain: npm's bytecode at mainnet's addresses, in recorded states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import encode

from anvil import bytecode
from anvil.abi import call_data, mapping_slot, word
from anvil.addresses import TWIN_ADMIN
from anvil.calls import transact
from anvil.curves import amounts, gross_by_tick
from anvil.exchanges import Exchange, exchange
from anvil.fund import fund
from anvil.node import Node

CORE = "@pancakeswap/v3-core/artifacts/contracts/{0}.sol/{0}.json"
GAS = hex(10**9)
SLOT0, LIQUIDITY, TICKS, BITMAP = 0, 5, 6, 7
"""Where a pool keeps them: its protocol fee does not fit into slot 0, so all else lies one further."""

PRICE_AND_TICK_BITS = 160 + 24
TICKS_PER_WORD = 256
SLACK = 1 << 64

RecordedPool = Mapping[str, Any]


def place_pool(node: Node, record: RecordedPool) -> str:
    """Put a pool at its mainnet address and write its recorded state; returns the address."""
    pancake = exchange("pancakeswap_v3")
    key = record["token0"], record["token1"], record["fee_pips"]
    address = pancake.pool_address(*key)
    node.rpc("anvil_setCode", address, _constructed(node, pancake, *key, record["tick_spacing"]))
    fund(node.rpc, "0x" + "0" * 40, TWIN_ADMIN, 10**20)
    price = int(record["sqrt_price_x96"])
    transact(node, TWIN_ADMIN, address, call_data("initialize(uint160)", price))
    _write(node, address, record)
    return address


def _constructed(node: Node, pancake: Exchange, *facts: Any) -> str:  # noqa: ANN401 - ABI values
    """Return a pool's runtime code: as created by a deployer that answers the facts asked of it."""
    words = encode(["address", "address", "address", "uint24", "int24"], [pancake.factory, *facts])
    answer = b"".join(
        b"\x7f" + words[at : at + 32] + b"\x60" + bytes([at]) + b"\x52"  # PUSH32 word, MSTORE at
        for at in range(0, len(words), 32)
    ) + bytes.fromhex("60a06000f3")  # RETURN them all
    creation = bytecode.creation_code(CORE, "PancakeV3Pool")
    call = {"from": pancake.deployer, "data": "0x" + creation.hex(), "gas": GAS}
    override = {pancake.deployer: {"code": "0x" + answer.hex()}}
    code: str = node.rpc("eth_call", call, "latest", override)
    return code


def _write(node: Node, address: str, record: RecordedPool) -> None:
    flags = int(node.rpc("eth_getStorageAt", address, hex(SLOT0), "latest"), 16)
    flags = flags >> PRICE_AND_TICK_BITS << PRICE_AND_TICK_BITS
    price, tick = int(record["sqrt_price_x96"]), record["tick"]
    curve = tuple((index, int(net)) for index, net in record["ticks"])
    gross = gross_by_tick(curve)
    words = {SLOT0: flags | tick % 2**24 << 160 | price, LIQUIDITY: int(record["liquidity"])}
    for index, net in curve:
        words[mapping_slot(index, TICKS)] = net % 2**128 << 128 | gross[index]
        place, bit = divmod(index // record["tick_spacing"], TICKS_PER_WORD)
        slot = mapping_slot(place, BITMAP)
        words[slot] = words.get(slot, 0) | 1 << bit
    node.batch(
        [("anvil_setStorageAt", [address, hex(slot), word(value)]) for slot, value in words.items()]
    )
    for token, held in zip(
        (record["token0"], record["token1"]), amounts(curve, price), strict=True
    ):
        fund(node.rpc, token, address, held + SLACK)


def place_factory(node: Node, pools: Mapping[str, RecordedPool]) -> None:
    """Put the factory at its mainnet address, knowing the pools that stand (by address)."""
    pancake = exchange("pancakeswap_v3")
    creation = bytecode.creation_code(CORE, "PancakeV3Factory")
    creation += encode(["address"], [pancake.deployer])
    code = node.rpc("eth_call", {"data": "0x" + creation.hex(), "gas": GAS}, "latest")
    node.rpc("anvil_setCode", pancake.factory, code)
    for address, record in pools.items():
        one, other = record["token0"], record["token1"]
        for pair in ((one, other), (other, one)):
            slot = mapping_slot(int(pair[0], 16), POOL_OF)
            slot = mapping_slot(int(pair[1], 16), slot)
            slot = mapping_slot(record["fee_pips"], slot)
            node.rpc("anvil_setStorageAt", pancake.factory, hex(slot), word(int(address, 16)))


POOL_OF = 2
"""Where the factory keeps its mapping from tokens and fee to pools."""
