"""Checkpoints: how one is made, what is signed, and how it is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain.canonical import canonical_bytes, content_id, to_json
from agent.domain.record import NO_HASH, Checkpoint
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.log.keys import CheckpointKey, PublicKey
from agent.log.records import Head, utc_text

CONTEXT = b"agent.log.checkpoint/1\n"
"""Goes before what is signed, so that no signature of this key can be taken for another kind."""

SIGNATURE = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a checkpoint says of the chain; its fields are those of `Checkpoint`."""

    chain_id: int
    block_number: int
    block_hash: str
    account: Address
    first_nonce: int
    next_nonce: int


def seen_by(checkpoint: Checkpoint) -> Seen:
    return Seen(
        chain_id=checkpoint.chain_id,
        block_number=checkpoint.block_number,
        block_hash=checkpoint.block_hash,
        account=checkpoint.account,
        first_nonce=checkpoint.first_nonce,
        next_nonce=checkpoint.next_nonce,
    )


def checkpoint_of(
    head: Head, seen: Seen, *, origin: str, at: datetime, last: Checkpoint | None
) -> Checkpoint:
    """Return what is to be signed for a log that ends at `head`."""
    return Checkpoint(
        origin=origin,
        size=head.size,
        head=head.hash,
        at=utc_text(at),
        chain_id=seen.chain_id,
        block_number=seen.block_number,
        block_hash=seen.block_hash,
        account=seen.account,
        first_nonce=seen.first_nonce,
        next_nonce=seen.next_nonce,
        previous=NO_HASH if last is None else checkpoint_hash(last),
        key_id="",
        signature="",
    )


def signed_bytes(checkpoint: Checkpoint) -> bytes:
    """Return what the signature covers: the context, then every field but the signature."""
    tree = to_json(checkpoint)
    assert isinstance(tree, dict)  # noqa: S101 - a dataclass becomes an object
    return CONTEXT + canonical_bytes({k: v for k, v in tree.items() if k != "signature"})


def checkpoint_hash(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of the canonical form of all fields, the signature included."""
    return content_id(checkpoint)


def signed(checkpoint: Checkpoint, key: CheckpointKey) -> Checkpoint:
    """Return `checkpoint` with the key's id and signature in place of whatever stood there."""
    named = replace(checkpoint, key_id=key.public.key_id)
    return replace(named, signature=key.sign(signed_bytes(named)).hex())


def check_signature(checkpoint: Checkpoint, key: PublicKey, *, where: str) -> None:
    """Raise LogVerificationError unless `key` signed the checkpoint."""
    if checkpoint.key_id != key.key_id:
        raise LogVerificationError(
            where=where, reason=f"key {checkpoint.key_id} signed it, you trust {key.key_id}"
        )
    if not SIGNATURE.fullmatch(checkpoint.signature) or not key.is_signature(
        bytes.fromhex(checkpoint.signature), signed_bytes(checkpoint)
    ):
        raise LogVerificationError(where=where, reason="its signature is not valid")
