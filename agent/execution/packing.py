"""The packed legs of a batch: the bytes of each kind, and back.

The format is defined in the NatSpec of `contracts/src/interfaces/IBatchExecutor.sol`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from agent.domain.units import Address
from agent.errors import CalldataError

ZERO_FOR_ONE = 0x80
SURPLUS = 0x40
KIND = 0x3F
POOL, ROUTER = 0, 1
POOL_BYTES, ROUTER_BYTES = 22, 41
"""A pool leg; a router leg before its calldata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeg:
    """A pool leg as it stands in calldata; `floor_in` and `floor_out` are indexes of floors."""

    page: int
    record: int
    is_zero_for_one: bool
    takes_surplus: bool
    floor_in: int
    floor_out: int
    amount_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRouterLeg:
    """A router leg as it stands in calldata; `floor_in` is an index of floors, 0 sends ETH."""

    router: Address
    floor_in: int
    amount_in: int
    data: bytes


PackedLeg = CallLeg | CallRouterLeg


def pack(leg: PackedLeg) -> bytes:
    """Return a leg's bytes; raises ValueError or OverflowError where a field does not fit."""
    return _pack_pool(leg) if isinstance(leg, CallLeg) else _pack_router(leg)


def _pack_pool(leg: CallLeg) -> bytes:
    op = (ZERO_FOR_ONE if leg.is_zero_for_one else 0) | (SURPLUS if leg.takes_surplus else 0)
    return (
        bytes((op,))
        + leg.page.to_bytes(2, "big")
        + bytes((leg.record, leg.floor_in, leg.floor_out))
        + leg.amount_in.to_bytes(16, "big")
    )


def _pack_router(leg: CallRouterLeg) -> bytes:
    router = bytes.fromhex(leg.router[2:])
    return (
        bytes((ROUTER,))
        + router
        + bytes((leg.floor_in,))
        + leg.amount_in.to_bytes(16, "big")
        + len(leg.data).to_bytes(3, "big")
        + leg.data
    )


def unpacked(packed: bytes) -> Iterator[PackedLeg]:
    """Yield the legs that bytes hold.

    Raises:
        CalldataError: a leg is cut off, or of a kind that no batch of ours has.
    """
    at = 0
    while at < len(packed):
        op = packed[at]
        if op == ROUTER:
            size = ROUTER_BYTES + int.from_bytes(packed[at + 38 : at + ROUTER_BYTES], "big")
        elif op & KIND == POOL:
            size = POOL_BYTES
        else:
            raise CalldataError(what=f"leg with op 0x{op:02x} is neither a pool's nor a router's")
        entry = packed[at : at + size]
        if len(entry) != size:
            raise CalldataError(what=f"{len(entry)} bytes of legs are no leg of {size}")
        yield _unpack_router(entry) if op == ROUTER else _unpack_pool(entry)
        at += size


def _unpack_pool(entry: bytes) -> CallLeg:
    op = entry[0]
    return CallLeg(
        page=int.from_bytes(entry[1:3], "big"),
        record=entry[3],
        is_zero_for_one=bool(op & ZERO_FOR_ONE),
        takes_surplus=bool(op & SURPLUS),
        floor_in=entry[4],
        floor_out=entry[5],
        amount_in=int.from_bytes(entry[6:], "big"),
    )


def _unpack_router(entry: bytes) -> CallRouterLeg:
    return CallRouterLeg(
        router=Address(to_checksum_address(entry[1:21])),
        floor_in=entry[21],
        amount_in=int.from_bytes(entry[22:38], "big"),
        data=entry[ROUTER_BYTES:],
    )
