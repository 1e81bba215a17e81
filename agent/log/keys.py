"""The Ed25519 key that signs checkpoints: its file, its id, and the public half for auditors.

Both halves are PEM files (PKCS #8 and SubjectPublicKeyInfo), so that openssl reads them too.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import CheckpointKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

FOR_OTHERS = 0o027
"""Others may do nothing, the group may read: so systemd hands out credentials."""

KEY_ID_DIGITS = 16


class PublicKey:
    """What an auditor holds; it checks signatures."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        """Wrap a key of the cryptography package."""
        self._key = key

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the 32 key bytes."""
        return hashlib.sha256(self._key.public_bytes_raw()).hexdigest()[:KEY_ID_DIGITS]

    def is_signature(self, signature: bytes, message: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to import

        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()


class CheckpointKey:
    """What the agent holds; it signs checkpoints and nothing else."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Wrap a key of the cryptography package."""
        self._key = key

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def create_key(path: Path) -> CheckpointKey:
    """Create a key file that only its owner can read, and its public half beside it as `.pub`.

    Raises:
        CheckpointKeyError: the file exists already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    public_path = path.with_suffix(".pub")
    for taken in (path, public_path):
        if taken.exists():
            raise _taken(taken)
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = CheckpointKey(private)
    _write_new(path, pem, mode=0o600)
    _write_new(public_path, key.public.pem().encode(), mode=0o644)
    return key


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise CheckpointKeyError(
            path=str(path), reason=str(error.strerror), mend="make its directory writable"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _taken(path: Path) -> CheckpointKeyError:
    return CheckpointKeyError(
        path=str(path), reason="it exists already", mend="keep it, or name another file"
    )


def load_key(path: Path) -> CheckpointKey:
    """Return the key in `path`.

    Raises:
        CheckpointKeyError: there is none, it is not Ed25519, or others than its owner can read it.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    pem = _read(path, mend="create it with `agent init`")
    if path.stat().st_mode & FOR_OTHERS:
        raise CheckpointKeyError(
            path=str(path), reason="others can read it", mend=f"run chmod 600 {path}"
        )
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise _not_a_key(path) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise _not_a_key(path)
    return CheckpointKey(key)


def load_public_key(path: Path) -> PublicKey:
    """Return the public key in `path`.

    Raises:
        CheckpointKeyError: there is none, or it is not Ed25519.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    pem = _read(path, mend="give the .pub file of the agent's checkpoint key")
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise _not_a_key(path, half="public") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise _not_a_key(path, half="public")
    return PublicKey(key)


def _read(path: Path, *, mend: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointKeyError(path=str(path), reason=str(error.strerror), mend=mend) from error


def _not_a_key(path: Path, *, half: str = "private") -> CheckpointKeyError:
    return CheckpointKeyError(
        path=str(path),
        reason=f"it is not an Ed25519 {half} key in PEM form",
        mend="give the file that `agent init` wrote",
    )
