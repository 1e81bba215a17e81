"""The allowlist of the contract that holds the funds: its pages of pool records, as pools.

The format of a record is defined in the NatSpec of `contracts/src/interfaces/IBatchExecutor.sol`.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.address import to_checksum_address

from agent.domain.pool import PoolKind, PoolRef
from agent.domain.units import Address

RECORD_BYTES = 64
KIND_BY_BYTE = {2: PoolKind.V2, 3: PoolKind.V3}
SPACING_BY_FEE = {100: 1, 500: 10, 2500: 50, 3000: 60, 10_000: 200}
"""The tick spacings that the factories of Uniswap v3 (and PancakeSwap v3: 2500) give to these fees.

A record does not say a spacing. Whoever reads a pool's state asks the pool; with another fee it
stands as 0 until then.
"""


def pools_of(pages: Sequence[bytes]) -> tuple[PoolRef, ...]:
    """Return the pools of all pages, each where it stands first; kinds that are not known are left out."""
    found: dict[Address, PoolRef] = {}
    for page, packed in enumerate(pages):
        for record in range(len(packed) // RECORD_BYTES):
            pool = _pool(packed[record * RECORD_BYTES :][:RECORD_BYTES], page=page, record=record)
            if pool is not None:
                found.setdefault(pool.address, pool)
    return tuple(found.values())


def _pool(packed: bytes, *, page: int, record: int) -> PoolRef | None:
    kind = KIND_BY_BYTE.get(packed[60])
    if kind is None:
        return None
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


def _address(packed: bytes) -> Address:
    return Address(to_checksum_address(packed))
