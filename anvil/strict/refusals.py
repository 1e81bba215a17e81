"""Which transactions a node takes into its pool: mainnet's rules as geth's pool applies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

from anvil.strict.pool import Pool
from anvil.strict.transaction import Transaction

ETHER = 10**18
WHOLE_PER_MILLE = 1_000


class Kind(StrEnum):
    """Why a transaction is not taken."""

    UNDECODABLE = auto()
    TYPE_NOT_SUPPORTED = auto()
    UNPROTECTED = auto()
    ABOVE_FEE_CAP = auto()
    ALREADY_KNOWN = auto()
    OVERSIZED = auto()
    ABOVE_GAS_CAP = auto()
    ABOVE_BLOCK_GAS = auto()
    TIP_ABOVE_FEE = auto()
    WRONG_CHAIN = auto()
    BELOW_INTRINSIC_GAS = auto()
    BELOW_FLOOR_GAS = auto()
    TIP_TOO_LOW = auto()
    BELOW_BASE_FEE = auto()
    NONCE_TOO_LOW = auto()
    NONCE_TOO_HIGH = auto()
    UNDERFUNDED = auto()
    OVERDRAWN = auto()
    DELEGATED_GAP = auto()
    DELEGATED_IN_FLIGHT = auto()
    AUTHORITY_RESERVED = auto()
    REPLACEMENT_UNDERPRICED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal and the facts that the node's words give."""

    kind: Kind
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a node insists on; wei and gas units.

    A replacement must raise both fee fields by `bump_per_mille`, rounded up. `max_nonce_distance` is
    how far ahead of the account's nonce one may be, None for any. `lax` names rules that this node
    does not have.
    """

    chain_id: int = 1
    bump_per_mille: int = 100
    gas_cap: int = 2**24
    max_bytes: int = 128 * 1024
    fee_cap: int = ETHER
    min_tip: int = 1
    max_nonce_distance: int | None = None
    is_base_fee_needed: bool = False
    lax: frozenset[Kind] = frozenset()

    def needed(self, fee: int) -> int:
        """Return the least that replaces `fee`."""
        return max(-(-fee * (WHOLE_PER_MILLE + self.bump_per_mille) // WHOLE_PER_MILLE), fee + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at the node's head."""

    nonce: int
    balance: int
    is_delegated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A transaction that wants into a pool, and all that decides whether it may."""

    transaction: Transaction
    account: Account
    pool: Pool
    rules: Rules
    base_fee: int
    block_gas: int


def refusal(asked: Asked) -> Refusal | None:
    """Return why the transaction is not taken, None when it is: the first rule that it breaks."""
    for rule in RULES:
        found = rule(asked)
        if found is not None and found.kind not in asked.rules.lax:
            return found
    return None


def _known(asked: Asked) -> Refusal | None:
    return Refusal(kind=Kind.ALREADY_KNOWN) if asked.transaction.hash in asked.pool else None


def _form(asked: Asked) -> Refusal | None:
    """Judge what needs no state, in geth's order."""
    tx, rules = asked.transaction, asked.rules
    if tx.chain_id is None:
        return Refusal(kind=Kind.UNPROTECTED)
    if tx.gas * tx.fee > rules.fee_cap:
        facts = {"fee": tx.gas * tx.fee, "cap": rules.fee_cap}
        return Refusal(kind=Kind.ABOVE_FEE_CAP, facts=facts)
    if len(tx.raw) > rules.max_bytes:
        facts = {"size": len(tx.raw), "limit": rules.max_bytes}
        return Refusal(kind=Kind.OVERSIZED, facts=facts)
    if tx.chain_id != rules.chain_id:
        facts = {"found": tx.chain_id, "expected": rules.chain_id}
        return Refusal(kind=Kind.WRONG_CHAIN, facts=facts)
    return None


def _gas(asked: Asked) -> Refusal | None:
    tx = asked.transaction
    for kind, is_broken, bound in (
        (Kind.ABOVE_GAS_CAP, tx.gas > asked.rules.gas_cap, asked.rules.gas_cap),
        (Kind.ABOVE_BLOCK_GAS, tx.gas > asked.block_gas, asked.block_gas),
        (Kind.BELOW_INTRINSIC_GAS, tx.gas < tx.intrinsic_gas, tx.intrinsic_gas),
        (Kind.BELOW_FLOOR_GAS, tx.gas < tx.floor_gas, tx.floor_gas),
    ):
        if is_broken:
            return Refusal(kind=kind, facts={"gas": tx.gas, "bound": bound})
    return None


def _fees(asked: Asked) -> Refusal | None:
    tx = asked.transaction
    if tx.tip > tx.fee:
        return Refusal(kind=Kind.TIP_ABOVE_FEE)
    if tx.tip < asked.rules.min_tip:
        facts = {"tip": tx.tip, "bound": asked.rules.min_tip}
        return Refusal(kind=Kind.TIP_TOO_LOW, facts=facts)
    if asked.rules.is_base_fee_needed and tx.fee < asked.base_fee:
        facts = {"fee": tx.fee, "bound": asked.base_fee}
        return Refusal(kind=Kind.BELOW_BASE_FEE, facts=facts)
    return None


def _nonce(asked: Asked) -> Refusal | None:
    tx, next_nonce = asked.transaction, asked.account.nonce
    facts = {"nonce": tx.nonce, "next": next_nonce}
    if tx.nonce < next_nonce:
        return Refusal(kind=Kind.NONCE_TOO_LOW, facts=facts)
    distance = asked.rules.max_nonce_distance
    if distance is not None and tx.nonce > asked.pool.next_nonce(tx.sender, next_nonce) + distance:
        return Refusal(kind=Kind.NONCE_TOO_HIGH, facts=facts)
    return None


def _funds(asked: Asked) -> Refusal | None:
    tx, balance = asked.transaction, asked.account.balance
    facts = {"balance": balance, "cost": tx.cost, "short": tx.cost - balance}
    if tx.cost > balance:
        return Refusal(kind=Kind.UNDERFUNDED, facts=facts)
    queued = sum(other.cost for other in asked.pool.of(tx.sender) if other.slot != tx.slot)
    if queued + tx.cost > balance:
        facts |= {"queued": queued, "short": queued + tx.cost - balance}
        return Refusal(kind=Kind.OVERDRAWN, facts=facts)
    return None


def _delegation(asked: Asked) -> Refusal | None:
    """Allow one transaction in flight to an account that is, or is about to be, delegated."""
    tx, pool = asked.transaction, asked.pool
    if asked.account.is_delegated or pool.has_authority(tx.sender):
        pooled = pool.of(tx.sender)
        if pooled and all(other.slot != tx.slot for other in pooled):
            return Refusal(kind=Kind.DELEGATED_IN_FLIGHT)
        if not pooled and tx.nonce != asked.account.nonce:
            return Refusal(kind=Kind.DELEGATED_GAP)
    for authority in tx.authorities:
        if len([other for other in pool.of(authority) if other.slot != tx.slot]) > 0:
            return Refusal(kind=Kind.AUTHORITY_RESERVED)
    return None


def _replacement(asked: Asked) -> Refusal | None:
    tx = asked.transaction
    standing = asked.pool.at(tx.slot)
    if standing is None:
        return None
    needs = asked.rules.needed
    if tx.fee >= needs(standing.fee) and tx.tip >= needs(standing.tip):
        return None
    return Refusal(kind=Kind.REPLACEMENT_UNDERPRICED)


RULES: tuple[Callable[[Asked], Refusal | None], ...] = (
    *(_known, _form, _gas, _fees, _nonce, _funds, _delegation, _replacement),
)
