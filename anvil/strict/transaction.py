"""Signed transactions as a node sees them: what the bytes say, who signed them, what they need at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import rlp  # type: ignore[import-untyped]
from coincurve import PublicKey
from eth_utils.crypto import keccak

_DYNAMIC = ("chain_id", "nonce", "tip", "fee", "gas", "to", "value", "data", "access")
_SIGNATURE = ("parity", "r", "s")

LAYOUTS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        0: ("nonce", "fee", "gas", "to", "value", "data", *_SIGNATURE),
        1: ("chain_id", "nonce", "fee", "gas", "to", "value", "data", "access", *_SIGNATURE),
        2: (*_DYNAMIC, *_SIGNATURE),
        4: (*_DYNAMIC, "authorizations", *_SIGNATURE),
    }
)
"""The fields of a payload by transaction type: EIP-155, EIP-2930, EIP-1559, EIP-7702."""

LEGACY = 0
BLOB = 3
FIRST_LIST_BYTE = 0xC0
AUTHORIZATION_MAGIC = b"\x05"

TRANSACTION_GAS = 21_000
CREATION_GAS = 32_000
INITCODE_WORD_GAS = 2
ZERO_BYTE_GAS = 4
DATA_BYTE_GAS = 16
FLOOR_TOKEN_GAS = 10
ACCESS_ADDRESS_GAS = 2_400
ACCESS_KEY_GAS = 1_900
AUTHORIZATION_GAS = 25_000
WORD = 32


class UndecodableError(Exception):
    """Bytes are no signed transaction; `kind` is their type where they name one."""

    def __init__(self, what: str, *, kind: int | None = None) -> None:
        self.kind = kind
        super().__init__(what)


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """A signed transaction; addresses in lower case, amounts in wei, `tip` and `fee` per gas.

    `chain_id` is None where the signature binds to no chain. `authorities` are the accounts that
    signed its EIP-7702 authorizations.
    """

    raw: bytes
    hash: str
    kind: int
    chain_id: int | None
    sender: str
    nonce: int
    to: str | None
    value: int
    gas: int
    fee: int
    tip: int
    data: bytes
    access_addresses: int
    access_keys: int
    authorities: tuple[str, ...]

    @property
    def slot(self) -> tuple[str, int]:
        """What it occupies in a pool: its sender's nonce."""
        return self.sender, self.nonce

    @property
    def cost(self) -> int:
        """The most that it can take from its sender."""
        return self.gas * self.fee + self.value

    @cached_property
    def intrinsic_gas(self) -> int:
        """The gas that it costs before anything runs (EIP-2028, 2930, 3860, 7702)."""
        zeros = self.data.count(0)
        creation = 0
        if self.to is None:
            words = -(-len(self.data) // WORD)
            creation = CREATION_GAS + INITCODE_WORD_GAS * words
        return (
            TRANSACTION_GAS
            + creation
            + ZERO_BYTE_GAS * zeros
            + DATA_BYTE_GAS * (len(self.data) - zeros)
            + ACCESS_ADDRESS_GAS * self.access_addresses
            + ACCESS_KEY_GAS * self.access_keys
            + AUTHORIZATION_GAS * len(self.authorities)
        )

    @cached_property
    def floor_gas(self) -> int:
        """The gas that its data costs at least (EIP-7623)."""
        zeros = self.data.count(0)
        return TRANSACTION_GAS + FLOOR_TOKEN_GAS * (zeros + 4 * (len(self.data) - zeros))

    def tip_at(self, base_fee: int) -> int:
        """Return what a block's builder gets per gas; negative when it cannot be in the block."""
        return min(self.tip, self.fee - base_fee)


def decoded(raw: bytes) -> Transaction:
    """Return the transaction in `raw`; raises UndecodableError."""
    if not raw:
        raise UndecodableError("empty")
    kind = LEGACY if raw[0] >= FIRST_LIST_BYTE else raw[0]
    if kind not in LAYOUTS:
        raise UndecodableError("transaction type not supported", kind=kind)
    try:
        payload = rlp.decode(raw if kind == LEGACY else raw[1:])
        fields = dict(zip(LAYOUTS[kind], payload, strict=True))
        return _transaction(raw, kind, payload, fields)
    except (rlp.exceptions.RLPException, ValueError, TypeError, KeyError) as error:
        raise UndecodableError(str(error), kind=kind) from error


def _transaction(
    raw: bytes, kind: int, payload: Sequence[Any], fields: Mapping[str, Any]
) -> Transaction:
    chain_id, parity = _chain_and_parity(kind, fields)
    unsigned = list(payload[:-3])
    if kind == LEGACY and chain_id is not None:
        unsigned += [chain_id, 0, 0]
    prefix = b"" if kind == LEGACY else bytes([kind])
    access = fields.get("access", ())
    return Transaction(
        raw=raw,
        hash="0x" + keccak(raw).hex(),
        kind=kind,
        chain_id=chain_id,
        sender=_signer(prefix + rlp.encode(unsigned), parity, fields["r"], fields["s"]),
        nonce=number(fields["nonce"]),
        to="0x" + fields["to"].hex() if fields["to"] else None,
        value=number(fields["value"]),
        gas=number(fields["gas"]),
        fee=number(fields["fee"]),
        tip=number(fields.get("tip", fields["fee"])),
        data=fields["data"],
        access_addresses=len(access),
        access_keys=sum(len(keys) for _, keys in access),
        authorities=tuple(map(_authority, fields.get("authorizations", ()))),
    )


def _chain_and_parity(kind: int, fields: Mapping[str, Any]) -> tuple[int | None, int]:
    parity = number(fields["parity"])
    if kind != LEGACY:
        return number(fields["chain_id"]), parity
    return ((parity - 35) // 2, (parity - 35) % 2) if parity >= 35 else (None, parity - 27)  # noqa: PLR2004 - EIP-155


def _authority(authorization: Sequence[Any]) -> str:
    """Return who signed an authorization (EIP-7702)."""
    *signed, parity, r, s = authorization
    return _signer(AUTHORIZATION_MAGIC + rlp.encode(signed), number(parity), r, s)


def _signer(message: bytes, parity: int, r: bytes, s: bytes) -> str:
    signature = r.rjust(WORD, b"\0") + s.rjust(WORD, b"\0") + bytes([parity])
    # coincurve raises a plain Exception for a signature that nobody can have made
    try:
        public = PublicKey.from_signature_and_message(signature, keccak(message), hasher=None)
    except Exception as error:
        raise UndecodableError("invalid sender") from error
    return "0x" + keccak(public.format(compressed=False)[1:])[12:].hex()


def number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
