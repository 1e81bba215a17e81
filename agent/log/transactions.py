"""Signed transactions as bytes: what an EIP-1559 payload says, and who signed it.

Decoded here from RLP and secp256k1 alone, apart from the code that signs, so that neither vouches
for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.units import Address
from agent.errors import CanonicalFormError

EIP_1559 = 2
FIELDS = 12
SIGNED_FIELDS = 9
ACCESS_LIST = 8
ADDRESS_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedTransaction:
    """What signed bytes say; `tx_hash` and `data` as they are known on chain."""

    tx_hash: str
    signer: Address
    chain_id: int
    nonce: int
    to: Address
    value_wei: int
    gas_limit: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    data: bytes


def decoded(raw: bytes) -> DecodedTransaction:
    """Return what the signed bytes of a type-2 transaction say.

    Raises:
        CanonicalFormError: they are not one, or no signer can be recovered.
    """
    import rlp  # type: ignore[import-untyped] # noqa: PLC0415 - slow to import, as the next two
    from eth_hash.auto import keccak  # noqa: PLC0415
    from eth_utils.address import to_checksum_address  # noqa: PLC0415

    if raw[:1] != bytes([EIP_1559]):
        raise CanonicalFormError(what="signed bytes are not a type-2 transaction")
    try:
        fields = rlp.decode(raw[1:])
    except rlp.exceptions.RLPException as error:
        raise CanonicalFormError(what=f"signed bytes are malformed ({error})") from error
    if not _is_typed(fields):
        raise CanonicalFormError(what="signed bytes have other fields than a type-2 transaction")
    chain_id, nonce, tip, fee, gas, to, value, data, _ = fields[:SIGNED_FIELDS]
    parity, r, s = map(_number, fields[SIGNED_FIELDS:])
    digest = keccak(raw[:1] + rlp.encode(fields[:SIGNED_FIELDS]))
    if len(to) != ADDRESS_BYTES:
        raise CanonicalFormError(what="signed bytes create a contract")
    return DecodedTransaction(
        tx_hash="0x" + keccak(raw).hex(),
        signer=_recovered(digest, (parity, r, s)),
        chain_id=_number(chain_id),
        nonce=_number(nonce),
        to=Address(to_checksum_address(to)),
        value_wei=_number(value),
        gas_limit=_number(gas),
        max_fee_per_gas=_number(fee),
        max_priority_fee_per_gas=_number(tip),
        data=bytes(data),
    )


def _is_typed(fields: object) -> bool:
    """Return whether these are 12 byte strings but for the access list, numbers without leading zeros."""
    if (
        not isinstance(fields, list)
        or len(fields) != FIELDS
        or not isinstance(fields[ACCESS_LIST], list)
    ):
        return False
    others = [*fields[:ACCESS_LIST], *fields[SIGNED_FIELDS:]]
    numbers = [*fields[:5], fields[6], *fields[SIGNED_FIELDS:]]
    return all(isinstance(one, bytes) for one in others) and not any(
        one.startswith(b"\x00") for one in numbers
    )


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _recovered(digest: bytes, vrs: tuple[int, int, int]) -> Address:
    from eth_keys.datatypes import Signature  # noqa: PLC0415 - slow to import, as the next two
    from eth_keys.exceptions import BadSignature  # noqa: PLC0415
    from eth_utils.exceptions import ValidationError  # noqa: PLC0415

    try:
        public = Signature(vrs=vrs).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError) as error:
        raise CanonicalFormError(what=f"no signer can be recovered ({error})") from error
    return Address(public.to_checksum_address())
