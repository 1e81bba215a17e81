"""The block that a set of chain facts was read at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; `timestamp` in Unix seconds, `base_fee_per_gas` in wei."""

    chain_id: int
    number: int
    hash: str
    timestamp: int
    base_fee_per_gas: int
