"""ABI values packed and unpacked word by word, for the calls of which one carries thousands.

The general codec looks at each value on its own, which for a hundred coins' pools takes longer than the
node does. The layout is that of https://docs.soliditylang.org/en/latest/abi-spec.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from eth_utils.address import to_checksum_address

from agent.domain.units import Address

WORD = 32


@lru_cache(maxsize=2**14)
def address_of(number: int) -> Address:
    """Return the address that a word holds; a checksum is a hash, and the same addresses come again."""
    return Address(to_checksum_address(f"0x{number:040x}"))


def packed(*values: int) -> bytes:
    """Return values of 0 to 2^256 - 1 as words."""
    return b"".join(value.to_bytes(WORD, "big") for value in values)


def packed_list(items: Sequence[bytes]) -> bytes:
    """Return an array of values of dynamic size: their number, where each begins, and they themselves."""
    begins, offsets = len(items) * WORD, []
    for item in items:
        offsets.append(begins)
        begins += len(item)
    return packed(len(items), *offsets) + b"".join(items)


def packed_bytes(data: bytes) -> bytes:
    """Return a `bytes` value: its length, and it itself, filled up to whole words."""
    return packed(len(data)) + data + bytes(-len(data) % WORD)


def word_at(data: bytes, at: int) -> int:
    """Return the word at a byte; raises ValueError where the data is too short."""
    word = data[at : at + WORD]
    if len(word) < WORD:
        raise ValueError("it ends too early")
    return int.from_bytes(word, "big")


def places_at(data: bytes, at: int) -> list[int]:
    """Return where the values of dynamic size begin of the array at a byte; raises ValueError as well."""
    first = at + WORD
    return [first + offset for offset in words_at(data, at)]


def words_at(data: bytes, at: int) -> tuple[int, ...]:
    """Return the numbers of the array at a byte; raises ValueError where the data is too short."""
    count, first = word_at(data, at), at + WORD
    end = first + count * WORD
    if end > len(data):
        raise ValueError("it ends too early")
    return tuple(
        int.from_bytes(data[begin : begin + WORD], "big") for begin in range(first, end, WORD)
    )


def bytes_at(data: bytes, at: int) -> bytes:
    """Return the `bytes` value at a byte; raises ValueError where the data is too short."""
    length, first = word_at(data, at), at + WORD
    if first + length > len(data):
        raise ValueError("it ends too early")
    return data[first : first + length]
