"""Intents: the durable decisions to send one batch each, and the states their transactions go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from agent.domain.units import Address


class TxState(StrEnum):
    """Where an intent's transaction stands. Unknown is not failed: doubt is a state of its own."""

    INTENT = "intent"
    RESERVED = "reserved"
    SIGNED = "signed"
    IN_DOUBT = "in_doubt"
    SEEN = "seen"
    MINED = "mined"
    FINAL_OK = "final_ok"
    FINAL_REVERTED = "final_reverted"
    CANCELLED = "cancelled"
    EXTERNAL = "external"


TERMINAL = frozenset(
    {TxState.FINAL_OK, TxState.FINAL_REVERTED, TxState.CANCELLED, TxState.EXTERNAL}
)

NEXT_STATES: Mapping[TxState, frozenset[TxState]] = MappingProxyType(
    {
        TxState.INTENT: frozenset({TxState.RESERVED, TxState.CANCELLED}),
        TxState.RESERVED: frozenset({TxState.SIGNED, TxState.EXTERNAL}),
        TxState.SIGNED: frozenset({TxState.IN_DOUBT, TxState.EXTERNAL}),
        TxState.IN_DOUBT: frozenset({TxState.SEEN, TxState.MINED, TxState.EXTERNAL}),
        TxState.SEEN: frozenset({TxState.IN_DOUBT, TxState.MINED, TxState.EXTERNAL}),
        TxState.MINED: frozenset(
            {TxState.IN_DOUBT, TxState.FINAL_OK, TxState.FINAL_REVERTED, TxState.CANCELLED}
        ),
        **{state: frozenset() for state in TERMINAL},
    }
)
"""The arrows of the state machine.

An intent without a nonce can be dropped, for nothing of it exists; any later end needs evidence from
the chain. A block that is reorganised away takes `mined` back to `in_doubt`.
"""

SIGNABLE = frozenset({TxState.RESERVED, TxState.SIGNED, TxState.IN_DOUBT, TxState.SEEN})
"""The states in which something may be signed: a nonce is held, and nothing is decided yet."""


NO_PLAN = ""
"""The plan id of an intent that carries out none."""


class Route(StrEnum):
    """Which endpoints may see an intent's bytes."""

    PUBLIC = "public"
    PRIVATE = "private"


class AttemptKind(StrEnum):
    """What an attempt at a nonce is for."""

    SEND = "send"
    BUMP = "bump"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The decision to send batch `batch_index` of a plan; `intent_id` is unique for ever.

    A filler has no plan: it uses up a nonce by a transfer of nothing from the account to itself, which
    then is its contract, too.
    """

    intent_id: str
    cycle_id: str
    plan_id: str
    batch_index: int
    chain_id: int
    account: Address
    contract: Address
    sequence: int
    route: Route

    @property
    def is_filler(self) -> bool:
        return self.plan_id == NO_PLAN


def filler(*, chain_id: int, account: Address, nonce: int, cycle_id: str, route: Route) -> Intent:
    """Return the decision to use up a nonce that nothing else will use."""
    return Intent(
        intent_id=f"filler-{chain_id}-{account}-{nonce}",
        cycle_id=cycle_id,
        plan_id=NO_PLAN,
        batch_index=0,
        chain_id=chain_id,
        account=account,
        contract=account,
        sequence=0,
        route=route,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCap:
    """EIP-1559 fee fields, wei per gas."""

    max_fee_per_gas: int
    max_priority_fee_per_gas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFees:
    """What the next block asks for, wei per gas: its base fee, and the tip that recent blocks took."""

    base_fee_per_gas: int
    priority_fee_per_gas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedTransaction:
    """A type-2 transaction before it is signed."""

    chain_id: int
    nonce: int
    to: Address
    data: bytes
    value_wei: int
    gas_limit: int
    fee_cap: FeeCap


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """The bytes that may leave, and the hash they will be known by."""

    tx_hash: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One signed payload at an intent's nonce; all attempts at a nonce are one transaction."""

    intent_id: str
    nonce: int
    number: int
    kind: AttemptKind
    tx_hash: str
    raw: bytes
    fee_cap: FeeCap
    gas_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """An event log of a receipt; topics and data as 0x-hex."""

    address: Address
    topics: tuple[str, ...]
    data: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A mined transaction's receipt."""

    tx_hash: str
    sender: Address
    block_number: int
    block_hash: str
    is_success: bool
    gas_used: int
    effective_gas_price: int
    logs: tuple[LogEntry, ...]
