"""The allowlist of the contract that holds the funds: its pages of pool records, as pools.

The format of a record is defined in the NatSpec of `contracts/src/interfaces/IBatchExecutor.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from agent.adapters.words import address_of
from agent.domain.pool import PoolKind, PoolRef
from agent.domain.units import ZERO_ADDRESS, Address

RECORD_BYTES = 64
KIND_BY_BYTE = {2: PoolKind.V2, 3: PoolKind.V3, 4: PoolKind.V4}
SPACING_BY_FEE = {100: 1, 500: 10, 2500: 50, 3000: 60, 10_000: 200}
"""The tick spacings that the factories of Uniswap v3 (and PancakeSwap v3: 2500) give to these fees.

A record does not say a spacing. Whoever reads a pool's state asks the pool; with another fee it
stands as 0 until then.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the contract that holds the funds takes for wrapped ether and for v4's PoolManager."""

    weth: Address
    pool_manager: Address


def pools_of(pages: Sequence[bytes], around: Surroundings) -> tuple[PoolRef, ...]:
    """Return the pools of all pages, each where it stands first; kinds that are not known are left out."""
    found: dict[Address, PoolRef] = {}
    for page, packed in enumerate(pages):
        for record in range(len(packed) // RECORD_BYTES):
            entry = packed[record * RECORD_BYTES :][:RECORD_BYTES]
            pool = _pool(entry, around, page=page, record=record)
            if pool is not None:
                found.setdefault(pool.address, pool)
    return tuple(found.values())


def _pool(packed: bytes, around: Surroundings, *, page: int, record: int) -> PoolRef | None:
    kind = KIND_BY_BYTE.get(packed[60])
    if kind is None:
        return None
    if kind is PoolKind.V4:
        return _kept_pool(packed, around, page=page, record=record)
    fee_pips = int.from_bytes(packed[61:], "big")
    return PoolRef(
        address=_address(packed[:20]),
        kind=kind,
        token0=_address(packed[20:40]),
        token1=_address(packed[40:60]),
        fee_pips=fee_pips,
        tick_spacing=SPACING_BY_FEE.get(fee_pips, 0) if kind is PoolKind.V3 else 0,
        page=page,
        record=record,
    )


def _kept_pool(packed: bytes, around: Surroundings, *, page: int, record: int) -> PoolRef | None:
    """Return a v4 pool, its ETH as WETH; None for one that trades ETH for WETH, one token to us."""
    spacing, token0, token1, fee = packed[17:20], packed[20:40], packed[40:60], packed[61:]
    key = b"".join(word.rjust(32, b"\0") for word in (token0, token1, fee, spacing, b""))
    currencies = _address(token0), _address(token1)
    tokens = tuple(around.weth if one == ZERO_ADDRESS else one for one in currencies)
    if tokens[0] == tokens[1]:
        return None
    return PoolRef(
        address=Address("0x" + keccak(key).hex()),
        kind=PoolKind.V4,
        token0=tokens[0],
        token1=tokens[1],
        fee_pips=int.from_bytes(fee, "big"),
        tick_spacing=int.from_bytes(spacing, "big"),
        page=page,
        record=record,
        manager=around.pool_manager,
    )


def _address(packed: bytes) -> Address:
    return address_of(int.from_bytes(packed, "big"))
