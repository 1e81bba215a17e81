"""Signed signals: an envelope around a signal's text, and the keys that may sign one.

`{"schema": "agent.signed/1", "key": KEY, "signature": HEX, "body": TEXT}`; the signature is over
`agent.signed/1`, a line feed and the text, in UTF-8: Ed25519 (RFC 8032) with a key `ed25519:` and 64 hex
digits, or a personal message (EIP-191, version 0x45) with a key `eip191:` and an address.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from eth_account import Account
from eth_account.messages import encode_defunct
from pydantic import Field

from agent.adapters.wire import Body, BodyError, Text, parse_body

SCHEMA = "agent.signed/1"
MARK = b'"' + SCHEMA.encode() + b'"'
ED25519, EIP191 = "ed25519:", "eip191:"
MAX_SIGNATURE = 140


class _Envelope(Body):
    schema_: Annotated[Literal["agent.signed/1"], Field(alias="schema")]
    key: Text
    signature: Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]+$", max_length=MAX_SIGNATURE)]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The bytes of a signal, and the key that vouches for them; "" where none does."""

    body: bytes
    signed_by: str


def opened(raw: bytes, *, keys: Collection[str]) -> Opened:
    """Return the signal in `raw`; with `keys` it must be signed by one of them.

    Raises:
        BodyError: not signed, by a key that is not listed, or the signature does not fit.
    """
    if MARK not in raw[:200] and not keys:
        return Opened(body=raw, signed_by="")
    if MARK not in raw:
        mend = "sign it: signals.keys lists who may"
        raise BodyError(field="signature", value="(missing)", mend=mend)
    envelope = parse_body(_Envelope, raw)
    if envelope.key not in keys:
        mend = "sign with a key of signals.keys, or list this one there"
        raise BodyError(field="key", value=envelope.key, mend=mend)
    body = envelope.body.encode("utf-8", "surrogatepass")
    if not _is_signed(envelope.key, signed_text(body), envelope.signature):
        mend = "sign `agent.signed/1`, a line feed and exactly this body"
        raise BodyError(field="signature", value=envelope.signature, mend=mend)
    return Opened(body=body, signed_by=envelope.key)


def signed_text(body: bytes) -> bytes:
    """Return what a signature is over."""
    return SCHEMA.encode() + b"\n" + body


def _is_signed(key: str, text: bytes, signature: str) -> bool:
    try:
        given = bytes.fromhex(signature.removeprefix("0x"))
        if key.startswith(ED25519):
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.removeprefix(ED25519)))
            public.verify(given, text)
            return True
        found = Account.recover_message(encode_defunct(text), signature=given)
    except (InvalidSignature, ValueError, TypeError):
        return False
    except Exception as error:
        # eth-keys has errors of its own for points that are on no curve, without a common base.
        if type(error).__module__.startswith("eth_"):
            return False
        raise
    return str(found) == key.removeprefix(EIP191)
