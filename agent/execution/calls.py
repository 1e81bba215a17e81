"""The bytes of a batch: `execute` calldata from a batch and its witness fields, and back.

The packed format is defined in the NatSpec of `contracts/src/interfaces/IBatchExecutor.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.address import to_checksum_address

from agent.domain.order import Batch, BatchLeg, RouterLeg
from agent.domain.units import ZERO_ADDRESS, Address
from agent.errors import CalldataError
from agent.execution.packing import CallLeg, CallRouterLeg, PackedLeg, pack, unpacked

SELECTOR = bytes.fromhex("f578695f")
"""Of `execute(uint64,uint64,bytes32,bytes32,bytes,bytes)`."""

ARGUMENTS = ("uint64", "uint64", "bytes32", "bytes32", "bytes", "bytes")
FLOOR_BYTES = 36
HASH_BYTES = 32
MAX_FLOORS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFloor:
    """A floor as it stands in calldata; base units, the zero address stands for ETH."""

    token: Address
    min_delta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteCall:
    """What the calldata of a batch says: hashes as 64 hex digits, `deadline` in Unix seconds."""

    sequence: int
    deadline: int
    plan_id: str
    intent_hash: str
    floors: tuple[CallFloor, ...]
    legs: tuple[PackedLeg, ...]


def encode(batch: Batch, *, deadline: int, plan_id: str, intent_hash: str) -> bytes:
    """Return the calldata that runs a batch; `plan_id` and `intent_hash` are 64 hex digits.

    Raises:
        CalldataError: the batch does not fit the format.
    """
    return encode_call(call_of(batch, deadline=deadline, plan_id=plan_id, intent_hash=intent_hash))


def call_of(batch: Batch, *, deadline: int, plan_id: str, intent_hash: str) -> ExecuteCall:
    """Return what the calldata of a batch must say, no more; errors as for `encode`."""
    index_by_token = {floor.token: i for i, floor in enumerate(batch.floors)}
    if len(index_by_token) != len(batch.floors):
        raise CalldataError(what=f"batch {batch.index} has two floors for one token")
    return ExecuteCall(
        sequence=batch.sequence,
        deadline=deadline,
        plan_id=plan_id,
        intent_hash=intent_hash,
        floors=tuple(CallFloor(token=f.token, min_delta=f.min_delta) for f in batch.floors),
        legs=tuple(_call_leg(leg, index_by_token) for leg in batch.legs),
    )


def _call_leg(leg: BatchLeg, index_by_token: dict[Address, int]) -> PackedLeg:
    for token in (leg.token_in, leg.token_out):
        if token.address not in index_by_token:
            raise CalldataError(
                what=f"a leg of order {leg.order_id} moves {token.symbol} unfloored"
            )
    if isinstance(leg, RouterLeg):
        return CallRouterLeg(
            router=leg.router,
            floor_in=index_by_token[leg.token_in.address],
            amount_in=leg.amount_in,
            data=leg.calldata,
        )
    return CallLeg(
        page=leg.page,
        record=leg.record,
        is_zero_for_one=leg.zero_for_one,
        takes_surplus=False,
        floor_in=index_by_token[leg.token_in.address],
        floor_out=index_by_token[leg.token_out.address],
        amount_in=leg.amount_in,
    )


def encode_call(call: ExecuteCall) -> bytes:
    """Return the calldata that says `call`; errors as for `encode`."""
    if not 1 <= len(call.floors) <= MAX_FLOORS or call.floors[0].token != ZERO_ADDRESS:
        raise CalldataError(what=f"{len(call.floors)} floors, wanted 1 to 256 with ETH first")
    if not call.legs or any(leg.amount_in == 0 for leg in call.legs):
        raise CalldataError(what="a batch without legs, or a leg that sells nothing")
    try:
        words = (
            call.sequence,
            call.deadline,
            _hash(call.plan_id),
            _hash(call.intent_hash),
            b"".join(map(_pack_floor, call.floors)),
            b"".join(map(pack, call.legs)),
        )
        return SELECTOR + abi_encode(ARGUMENTS, words)
    except (ValueError, OverflowError, EncodingError) as error:
        raise CalldataError(what=f"sequence {call.sequence} has a field out of range") from error


def _hash(text: str) -> bytes:
    raw = bytes.fromhex(text)
    if raw.hex() != text or len(raw) != HASH_BYTES:
        raise ValueError(text)
    return raw


def _pack_floor(floor: CallFloor) -> bytes:
    return bytes.fromhex(floor.token[2:]) + floor.min_delta.to_bytes(16, "big", signed=True)


def decode(data: bytes) -> ExecuteCall:
    """Return what calldata says; the exact inverse of `encode_call`.

    Raises:
        CalldataError: `data` is not the one way to write some batch.
    """
    if data[:4] != SELECTOR:
        raise CalldataError(what=f"selector 0x{data[:4].hex()} is not that of execute")
    try:
        sequence, deadline, plan_id, intent_hash, floors, legs = abi_decode(ARGUMENTS, data[4:])
    except (DecodingError, OverflowError) as error:
        raise CalldataError(what=f"arguments of execute are malformed ({error})") from error
    call = ExecuteCall(
        sequence=sequence,
        deadline=deadline,
        plan_id=plan_id.hex(),
        intent_hash=intent_hash.hex(),
        floors=tuple(map(_unpack_floor, _floor_entries(floors))),
        legs=tuple(unpacked(legs)),
    )
    if encode_call(call) != data:
        raise CalldataError(what="bytes beside those that the batch needs")
    return call


def _floor_entries(packed: bytes) -> list[bytes]:
    if len(packed) % FLOOR_BYTES:
        raise CalldataError(what=f"{len(packed)} bytes of floors are not entries of {FLOOR_BYTES}")
    return [packed[at : at + FLOOR_BYTES] for at in range(0, len(packed), FLOOR_BYTES)]


def _unpack_floor(entry: bytes) -> CallFloor:
    return CallFloor(
        token=Address(to_checksum_address(entry[:20])),
        min_delta=int.from_bytes(entry[20:], "big", signed=True),
    )
