"""Routers: which contracts of others may be called, and what was found of them at a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain.units import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A contract of somebody else that takes tokens and pays others for them.

    It is called only while its code is the pinned one: `code_hash` as `RouterFacts` has it, None while
    nobody has pinned it. `tail_bytes` is how much its callers are known to append to calldata.
    """

    venue: str
    name: str
    address: Address
    tail_bytes: int
    code_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterBook:
    """The routers of one chain by address; `settler_registry` says which Settlers 0x runs now."""

    chain_id: int
    as_of: str
    routers: Mapping[Address, Router]
    settler_registry: Address | None
    settler_feature: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterFacts:
    """What stands at the routers' addresses at one block.

    A code hash is the keccak-256 of a contract's code in 0x-hex; of a proxy (EIP-1967) that of its code's
    hash, the implementation's address, and the implementation's code's hash together. `settlers` are those
    that the registry names, `forbidden` the routers that the contract holding the funds does not allow.
    """

    code_hash_by_router: Mapping[Address, str]
    settlers: frozenset[Address]
    forbidden: frozenset[Address] = frozenset()
