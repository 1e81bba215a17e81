"""A node whose contracts answer view calls through Multicall3, from a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector

from agent.adapters.abi import MULTICALL3
from agent.domain.block import Block
from tests.adapters.nodes import TableNode

BLOCK = Block(chain_id=1, number=100, hash="0x" + "ab" * 32, timestamp=5, base_fee_per_gas=10**9)
Answers = Mapping[tuple[str, str], Any]


class Views:
    """Answers what `table` has by (contract, function): bytes, or what a function makes of the words given.

    Everything else reverts, and so does what is None.
    """

    def __init__(self, table: Answers) -> None:
        self.table = {
            (contract.lower(), function_signature_to_4byte_selector(signature)): answer
            for (contract, signature), answer in table.items()
        }
        self.calls = 0
        self.node = TableNode({"eth_call": self.answer, "eth_chainId": "0x1"})

    def answer(self, call: Mapping[str, str], at: object) -> str:
        assert {"blockHash": BLOCK.hash, "requireCanonical": True} == at
        assert call["to"] == MULTICALL3
        (asked,) = decode(["(address,bool,bytes)[]"], bytes.fromhex(call["input"][10:]))
        self.calls += 1
        told = [self._told(contract, data) for contract, _, data in asked]
        return "0x" + encode(["(bool,bytes)[]"], [told]).hex()

    def _told(self, contract: str, data: bytes) -> tuple[bool, bytes]:
        answer = self.table.get((contract, data[:4]))
        if callable(answer):
            answer = answer(*(int.from_bytes(data[at : at + 32]) for at in range(4, len(data), 32)))
        return (answer is not None, answer or b"")


def word(value: int) -> bytes:
    return value.to_bytes(32)
