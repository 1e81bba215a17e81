"""The trading key at rest: a version 3 keystore file, opened with a password from a file.

Under systemd both are credentials, which arrive as files in $CREDENTIALS_DIRECTORY. The password never
comes from the command line or the environment, and neither it nor the key is ever part of a message.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_keys.datatypes import PrivateKey
from eth_utils.address import is_hex_address, to_checksum_address
from pydantic import SecretBytes

from agent.errors import KeyFileError

CREDENTIALS = "CREDENTIALS_DIRECTORY"
MAX_FILE_BYTES = 65_536


def load_key(
    keystore: Path, password_file: Path, *, environ: Mapping[str, str] = os.environ
) -> SecretBytes:
    """Return the private key in a keystore file.

    Raises:
        KeyFileError: a file is missing, malformed or open to others, or the password is wrong.
    """
    tree = _keystore(keystore)
    key = _opened(tree, _password(password_file, environ))
    if key is None:
        raise KeyFileError(
            path=str(keystore),
            reason=f"the password in {password_file} does not open it",
            mend="put the password that the keystore was made with into that file",
        )
    found, stated = (
        PrivateKey(key.get_secret_value()).public_key.to_checksum_address(),
        _label(tree),
    )
    if stated not in {None, found}:
        raise KeyFileError(
            path=str(keystore),
            reason=f"it is labelled {stated} and holds the key of {found}",
            mend="restore it from its backup",
        )
    return key


def load_address(keystore: Path) -> str | None:
    """Return the checksummed address that a keystore is labelled with, if any; nothing is opened.

    Raises:
        KeyFileError: the file is missing or malformed.
    """
    return _label(_keystore(keystore))


def _opened(tree: dict[str, Any], password: str) -> SecretBytes | None:
    # What the library raises may hold what it was given, so it goes no further than this.
    with suppress(ValueError, TypeError, LookupError, NotImplementedError):
        return SecretBytes(bytes(Account.decrypt(tree, password)))
    return None


def _label(tree: dict[str, Any]) -> str | None:
    stated = str(tree.get("address", "")).removeprefix("0x")
    return str(to_checksum_address("0x" + stated)) if is_hex_address("0x" + stated) else None


def _keystore(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(_text(path, "keystore"))
    except json.JSONDecodeError:
        tree = None
    if not isinstance(tree, dict) or tree.get("version") != 3:  # noqa: PLR2004 - the format's number
        raise KeyFileError(
            path=str(path),
            reason="it is not a keystore of version 3",
            mend="make one with `cast wallet import`, or with geth or clef",
        )
    return tree


def _password(path: Path, environ: Mapping[str, str]) -> str:
    is_credential = path.is_relative_to(environ.get(CREDENTIALS) or "\0")
    if not is_credential:
        _check_private(path)
    return _text(path, "password file").rstrip("\r\n")


def _check_private(path: Path) -> None:
    """Refuse a password that others can read; the service manager sees to its credentials itself."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # reading it will say why
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            path=str(path), reason="others can read this password file", mend=f"chmod 600 {path}"
        )


def _text(path: Path, what: str) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise KeyFileError(
            path=str(path),
            reason=f"the {what} cannot be read ({reason})",
            mend="see key.* settings",
        ) from error
