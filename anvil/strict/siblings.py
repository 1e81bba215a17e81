"""Empty blocks beside the chain's: what an endpoint shows while it follows another branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

Header = Mapping[str, Any]
"""A block as JSON-RPC has it."""

EMPTY_ROOT = "0x" + keccak(rlp.encode(b"")).hex()
NO_BLOOM = "0x" + "00" * 256

BYTES_BEFORE = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot"),
    *("transactionsRoot", "receiptsRoot", "logsBloom"),
)
NUMBERS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
BYTES_AFTER = ("extraData", "mixHash", "nonce")
LATER: tuple[tuple[str, bool], ...] = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
"""Fields that forks added to the header, in their order, and whether each is a number."""


def siblings(base: Header, likes: Sequence[Header], *, miner: str) -> list[Header]:
    """Return empty blocks on top of `base`, like the chain's own but made by another builder.

    Their state is that of `base`, and each has the hash of its header.
    """
    made: list[Header] = []
    parent = base
    for like in likes:
        parent = _sibling(parent, like, miner=miner)
        made.append(parent)
    return made


def _sibling(parent: Header, like: Header, *, miner: str) -> Header:
    block = {
        **like,
        "parentHash": parent["hash"],
        "stateRoot": parent["stateRoot"],
        "miner": miner,
        "transactions": [],
        "transactionsRoot": EMPTY_ROOT,
        "receiptsRoot": EMPTY_ROOT,
        "logsBloom": NO_BLOOM,
        "gasUsed": "0x0",
    }
    return {**block, "hash": header_hash(block)}


def header_hash(block: Header) -> str:
    """Return the hash of a block's header (Ethereum Yellow Paper 4.4, with the fields of later forks)."""
    fields = [_bytes(block[name]) for name in BYTES_BEFORE]
    fields += [_number(block[name]) for name in NUMBERS]
    fields += [_bytes(block[name]) for name in BYTES_AFTER]
    for name, is_number in LATER:
        if block.get(name) is not None:
            fields.append(_number(block[name]) if is_number else _bytes(block[name]))
    return "0x" + keccak(rlp.encode(fields)).hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
