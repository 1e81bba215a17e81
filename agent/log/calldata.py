"""What the calldata of a batch says about itself: its witness fields and its floors.

Read here by the ABI alone, apart from the code that writes it, so that neither vouches for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import CanonicalFormError

SELECTOR = bytes.fromhex("f578695f")
"""Of `execute(uint64,uint64,bytes32,bytes32,bytes,bytes)`."""

EXECUTED = "0x7631883c5aa229f3915cd15bb80cb34540efaa6656066fddfa5ec4a8ea0e44a7"
"""Topic of `BatchExecuted(bytes32,bytes32,uint64)`."""

WORD = 32
FLOOR_BYTES = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a batch says of itself on chain; hashes as 64 hex digits, floors as (token in lower case, min_delta)."""

    sequence: int
    deadline: int
    plan_id: str
    intent_hash: str
    floors: tuple[tuple[str, int], ...]


def claim(data: bytes) -> Claim:
    """Return what calldata claims.

    Raises:
        CanonicalFormError: it is not a call of `execute`.
    """
    if data[:4] != SELECTOR:
        raise CanonicalFormError(what="calldata does not call execute")
    sequence, deadline, plan_id, intent_hash, floors_at = (_word(data, n) for n in range(5))
    offset = int.from_bytes(floors_at, "big") // WORD
    size = int.from_bytes(_word(data, offset), "big")
    start = len(SELECTOR) + WORD * (offset + 1)
    packed = data[start : start + size]
    if len(packed) != size or size % FLOOR_BYTES:
        raise CanonicalFormError(what="calldata is cut within its floors")
    return Claim(
        sequence=int.from_bytes(sequence, "big"),
        deadline=int.from_bytes(deadline, "big"),
        plan_id=plan_id.hex(),
        intent_hash=intent_hash.hex(),
        floors=tuple(_floor(packed[at : at + FLOOR_BYTES]) for at in range(0, size, FLOOR_BYTES)),
    )


def _word(data: bytes, number: int) -> bytes:
    start = len(SELECTOR) + WORD * number
    word = data[start : start + WORD]
    if len(word) != WORD:
        raise CanonicalFormError(what="calldata is cut off")
    return word


def _floor(packed: bytes) -> tuple[str, int]:
    return "0x" + packed[:20].hex(), int.from_bytes(packed[20:], "big", signed=True)
