"""Creates the twin's pools through the real factories, at the addresses they have on mainnet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from anvil import addresses as at
from anvil.abi import ZERO, call_data, create2_address, mapping_slot, raw
from anvil.deployments import send
from anvil.market import PoolKey, PoolState
from anvil.node import Node
from anvil.storage import V4_POOLS_SLOT, Word, v2_words, v3_words, v4_words

CALLS_PER_TRANSACTION = 40
AGGREGATE = "aggregate3((address,bool,bytes)[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of the twin where it stands; `pool_id` is set for v4, whose address is the manager."""

    state: PoolState
    address: str
    pool_id: str | None = None


def located(state: PoolState) -> Pool:
    """Return where the pool stands, computed as the protocols compute it."""
    key = state.key
    if key.kind == "v4":
        return Pool(state=state, address=at.V4_POOL_MANAGER, pool_id="0x" + _pool_id(key).hex())
    if key.kind == "v3":
        salt = keccak(
            encode(["address", "address", "uint24"], [key.token0, key.token1, key.fee_pips])
        )
        code_hash = bytes.fromhex(at.V3_POOL_CODE_HASH)
        return Pool(state=state, address=create2_address(at.V3_FACTORY, salt, code_hash))
    salt = keccak(raw(key.token0) + raw(key.token1))
    code_hash = bytes.fromhex(at.V2_PAIR_CODE_HASH)
    return Pool(state=state, address=create2_address(at.V2_FACTORY, salt, code_hash))


def create_pools(node: Node, pools: Sequence[Pool]) -> None:
    """Create and initialise every pool; raises `NodeError` when a factory refuses one."""
    calls = [call for pool in pools for call in _creation(pool)]
    for start in range(0, len(calls), CALLS_PER_TRANSACTION):
        chunk = [
            (to, False, bytes.fromhex(data[2:]))
            for to, data in calls[start:][:CALLS_PER_TRANSACTION]
        ]
        send(node, at.TWIN_ADMIN, at.MULTICALL3, call_data(AGGREGATE, chunk))


def _creation(pool: Pool) -> Iterator[tuple[str, str]]:
    key, price = pool.state.key, pool.state.sqrt_price
    if key.kind == "v2":
        yield at.V2_FACTORY, call_data("createPair(address,address)", key.token0, key.token1)
    elif key.kind == "v3":
        create = "createPool(address,address,uint24)"
        yield at.V3_FACTORY, call_data(create, key.token0, key.token1, key.fee_pips)
        yield pool.address, call_data("initialize(uint160)", price)
    else:
        initialize = "initialize((address,address,uint24,int24,address),uint160)"
        yield at.V4_POOL_MANAGER, call_data(initialize, _v4_key(key), price)


def pool_words(node: Node, pools: Sequence[Pool], at_s: int) -> Iterator[Word]:
    """Return the storage that gives every created pool its liquidity.

    The contracts' own initialisation has set price and tick; a tick that differs from ours would
    mean a curve at the wrong place, so it raises.
    """
    places = [_slot0_place(pool) for pool in pools]
    values = node.batch([("eth_getStorageAt", (a, hex(slot), "latest")) for a, slot in places])
    for pool, value in zip(pools, values, strict=True):
        yield from _words(pool, int(value, 16), at_s)


def _words(pool: Pool, slot0: int, at_s: int) -> Iterator[Word]:
    if pool.state.key.kind == "v2":
        yield from v2_words(pool.address, pool.state, at_s)
        return
    tick = (slot0 >> 160 & 0xFFFFFF ^ 0x800000) - 0x800000
    if (slot0 % 2**160, tick) != (pool.state.sqrt_price, pool.state.tick):
        raise ValueError(f"pool {pool.pool_id or pool.address} started at tick {tick}")
    if pool.pool_id:
        yield from v4_words(pool.state, int(pool.pool_id, 16), slot0)
    else:
        yield from v3_words(pool.address, pool.state, slot0)


def _slot0_place(pool: Pool) -> tuple[str, int]:
    slot = mapping_slot(int(pool.pool_id, 16), V4_POOLS_SLOT) if pool.pool_id else 0
    return pool.address, slot


def _pool_id(key: PoolKey) -> bytes:
    return keccak(encode(["address", "address", "uint24", "int24", "address"], _v4_key(key)))


def _v4_key(key: PoolKey) -> tuple[str, str, int, int, str]:
    return key.token0, key.token1, key.fee_pips, key.tick_spacing, ZERO
