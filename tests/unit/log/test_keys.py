"""The checkpoint key: only its owner reads it, openssl could, and nothing else passes for it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.errors import CheckpointKeyError
from agent.log.keys import create_key, load_key, load_public_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.pem"


def test_a_new_key_is_read_by_its_owner_alone(path: Path) -> None:
    create_key(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_suffix(".pub").stat().st_mode & 0o044 == 0o044


def test_both_halves_are_read_back(path: Path) -> None:
    key = create_key(path)
    signature = load_key(path).sign(b"message")

    assert load_public_key(path.with_suffix(".pub")).key_id == key.public.key_id
    assert key.public.is_signature(signature, b"message")
    assert not key.public.is_signature(signature, b"another message")


def test_keys_have_their_own_ids(tmp_path: Path) -> None:
    one, other = (create_key(tmp_path / name).public for name in ("a.pem", "b.pem"))

    assert one.key_id != other.key_id
    assert len(one.key_id) == 16


@pytest.mark.parametrize("name", ["checkpoint.pem", "checkpoint.pub"])
def test_a_key_is_never_overwritten(path: Path, name: str) -> None:
    path.with_name(name).write_text("precious")

    with pytest.raises(CheckpointKeyError, match=f"{name}: it exists already"):
        create_key(path)
    assert path.with_name(name).read_text() == "precious"
    assert len(list(path.parent.iterdir())) == 1


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointKeyError, match="No such file or directory: make its directory"):
        create_key(tmp_path / "nowhere" / "checkpoint.pem")


def test_a_missing_key_is_named(path: Path) -> None:
    with pytest.raises(CheckpointKeyError, match=r"No such file .*create it with `agent init`"):
        load_key(path)
    with pytest.raises(CheckpointKeyError, match=r"No such file .*give the \.pub file"):
        load_public_key(path)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o666])
def test_a_key_that_others_reach_is_refused(path: Path, mode: int) -> None:
    create_key(path)
    path.chmod(mode)

    with pytest.raises(CheckpointKeyError, match="others can read it: run chmod 600"):
        load_key(path)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600])
def test_a_credential_of_systemd_is_accepted(path: Path, mode: int) -> None:
    create_key(path)
    path.chmod(mode)

    load_key(path)


def another_private_key() -> bytes:
    return ec.generate_private_key(ec.SECP256K1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize("content", [b"", b"junk", another_private_key()])
def test_what_is_no_ed25519_key_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(CheckpointKeyError, match="not an Ed25519 private key"):
        load_key(path)
    with pytest.raises(CheckpointKeyError, match="not an Ed25519 public key"):
        load_public_key(path)


def test_the_private_half_is_not_the_public_one(path: Path) -> None:
    create_key(path)

    with pytest.raises(CheckpointKeyError, match="not an Ed25519 public key"):
        load_public_key(path)
    path.with_suffix(".pub").chmod(0o600)
    with pytest.raises(CheckpointKeyError, match="not an Ed25519 private key"):
        load_key(path.with_suffix(".pub"))


def test_the_public_half_is_an_ordinary_pem_file(path: Path) -> None:
    key = create_key(path)

    assert key.public.pem().startswith("-----BEGIN PUBLIC KEY-----\n")
    assert path.with_suffix(".pub").read_text() == key.public.pem()
