"""What an endpoint sees of the chain: maybe an older head, maybe another branch above some block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anvil.strict.siblings import Header
from anvil.strict.upstream import Upstream

SAFE_SHARE = 2
"""A block is safe at half the depth at which it is final: one epoch of two."""


class UnseenError(Exception):
    """The endpoint has no such block."""

    def __init__(self, block: object) -> None:
        self.block = str(block)
        super().__init__(self.block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The chain up to block `real`, with `siblings`, empty blocks that only this endpoint has, on top."""

    upstream: Upstream
    real: int
    siblings: Sequence[Header]
    finality: int

    @property
    def height(self) -> int:
        return self.real + len(self.siblings)

    def number(self, where: Any) -> int:  # noqa: ANN401 - a tag, a number or an EIP-1898 object
        """Return the number of the block that is meant; raises UnseenError when it is not seen."""
        match where:
            case None | "latest" | "pending" | "safe" | "finalized":
                return max(self.height - self._depth(where), 0)
            case {"blockHash": block_hash}:
                return self._number_of_hash(block_hash)
            case {"blockNumber": number}:
                return self.number(number)
            case "earliest":
                return 0
            case str() if where.startswith("0x") and int(where, 16) <= self.height:
                return int(where, 16)
        raise UnseenError(where)

    def _depth(self, tag: str | None) -> int:
        return {"safe": self.finality // SAFE_SHARE, "finalized": self.finality}.get(tag or "", 0)

    def state(self, where: Any) -> str:  # noqa: ANN401 - as above
        """Return the number of the real block that has the state of the block that is meant."""
        return hex(min(self.number(where), self.real))

    def shows(self, block_number: str | None) -> bool:
        """Return whether what is in a real block can be seen."""
        return block_number is not None and int(block_number, 16) <= self.real

    def sibling(self, number: int) -> Header | None:
        return self.siblings[number - self.real - 1] if number > self.real else None

    def block(self, number: int, *, is_full: bool) -> Mapping[str, Any] | None:
        """Return the block at a number as JSON-RPC has it."""
        sibling = self.sibling(number)
        if sibling is not None:
            return sibling
        found: Mapping[str, Any] | None = self.upstream.ask(
            "eth_getBlockByNumber", hex(number), is_full
        )
        return found

    def _number_of_hash(self, block_hash: str) -> int:
        for sibling in self.siblings:
            if sibling["hash"] == block_hash:
                return int(sibling["number"], 16)
        block = self.upstream.ask("eth_getBlockByHash", block_hash, False)  # noqa: FBT003 - JSON-RPC
        if block is None or not self.shows(block["number"]):
            raise UnseenError(block_hash)
        return int(block["number"], 16)
