import json
import traceback

import pytest
from eth_account import Account

from agent.adapters.keystore import load_address, load_key
from agent.errors import KeyFileError

KEY = "0x" + "5a" * 32
ADDRESS = Account.from_key(KEY).address
PASSWORD = "correct horse battery"  # noqa: S105 - of a key that holds nothing


@pytest.fixture(scope="module")
def tree():
    return Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)


@pytest.fixture
def files(tmp_path, tree):
    keystore, password = tmp_path / "keystore.json", tmp_path / "password"
    keystore.write_text(json.dumps(tree))
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    return keystore, password


def test_the_key_comes_out_and_does_not_show(files):
    key = load_key(*files, environ={})

    assert bytes.fromhex(KEY[2:]) == key.get_secret_value()
    assert "5a5a" not in repr(key)
    assert "ZZZZ" not in repr(key)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_ending_after_the_password_does_not_matter(files, end):
    files[1].write_bytes(PASSWORD.encode() + end.encode())

    assert load_key(*files, environ={})


def test_a_keystore_made_with_scrypt_opens(files):
    files[0].write_text(json.dumps(Account.encrypt(KEY, PASSWORD, kdf="scrypt", iterations=2)))

    assert load_key(*files, environ={})


def test_a_wrong_password_is_named_with_its_mend_and_not_shown(files):
    files[1].write_text("wrong horse")

    with pytest.raises(KeyFileError, match="does not open it; put the password") as raised:
        load_key(*files, environ={})
    text = "".join(traceback.format_exception(raised.value))

    assert "horse" not in text
    assert raised.value.__context__ is None
    assert 3 == raised.value.exit_code


def test_a_password_that_others_can_read_is_refused(files):
    files[1].chmod(0o640)

    with pytest.raises(KeyFileError, match="others can read this password file; chmod 600"):
        load_key(*files, environ={})


def test_credentials_are_left_to_the_service_manager(files, tmp_path):
    files[1].chmod(0o440)

    assert load_key(*files, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_is_missing_is_named(files, which):
    files[which].unlink()

    with pytest.raises(KeyFileError, match=r"cannot be read \(No such file") as raised:
        load_key(*files, environ={})
    assert str(files[which]) == raised.value.path


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}', "5a" * 32])
def test_a_file_that_is_no_keystore_is_refused_without_being_shown(files, text):
    files[0].write_text(text)

    with pytest.raises(KeyFileError, match="it is not a keystore of version 3") as raised:
        load_key(*files, environ={})
    assert "5a5a" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("damage", [{"crypto": {}}, {"crypto": {"kdf": "other"}}, {"crypto": 5}])
def test_a_damaged_keystore_is_refused(files, tree, damage):
    files[0].write_text(json.dumps(tree | damage))

    with pytest.raises(KeyFileError, match="does not open it"):
        load_key(*files, environ={})


def test_bytes_that_are_no_text_are_refused(files):
    files[1].write_bytes(b"\xff\xfe")

    with pytest.raises(KeyFileError, match="it is not text"):
        load_key(*files, environ={})


def test_a_label_of_another_account_is_refused(files, tree):
    files[0].write_text(json.dumps(tree | {"address": "00" * 20}))

    with pytest.raises(KeyFileError, match=f"holds the key of {ADDRESS}"):
        load_key(*files, environ={})


def test_the_address_is_read_without_opening_anything(files, tree):
    assert load_address(files[0]) == ADDRESS
    files[0].write_text(json.dumps({k: v for k, v in tree.items() if k != "address"}))
    assert load_address(files[0]) is None
    assert load_key(*files, environ={})
