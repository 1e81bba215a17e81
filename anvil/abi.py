"""The few ABI and address computations that building the twin takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

ZERO = "0x" + "0" * 40


def call_data(signature: str, *arguments: Any) -> str:  # noqa: ANN401 - any ABI value
    """Encode a call to `name(type,...)`; struct types are written as tuples."""
    types = argument_types(signature)
    return "0x" + (keccak(text=signature)[:4] + encode(types, arguments)).hex()


def argument_types(signature: str) -> list[str]:
    """Split the types of a signature at its top level."""
    inside = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for i, character in enumerate(inside):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            types.append(inside[start:i])
            start = i + 1
    return [*types, inside[start:]] if inside else []


def decoded(types: Sequence[str], data: str) -> tuple[Any, ...]:
    return tuple(decode(types, bytes.fromhex(data.removeprefix("0x"))))


def created_address(deployer: str, nonce: int) -> str:
    """Return where a contract lands that `deployer` creates at `nonce`."""
    return _address(keccak(rlp.encode([raw(deployer), nonce])))


def create2_address(deployer: str, salt: bytes, init_code_hash: bytes) -> str:
    """Return where CREATE2 puts a contract (EIP-1014)."""
    return _address(keccak(b"\xff" + raw(deployer) + salt + init_code_hash))


def raw(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))


def word(value: int) -> str:
    """Return a 32-byte hex word; negative values in two's complement."""
    return f"0x{value % 2**256:064x}"


def mapping_slot(key: int, slot: int) -> int:
    """Return the storage slot of a Solidity mapping's value."""
    return int.from_bytes(
        keccak(encode(["int256" if key < 0 else "uint256", "uint256"], [key, slot]))
    )


def _address(digest: bytes) -> str:
    return to_checksum_address(digest[12:])
