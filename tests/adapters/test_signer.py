import pickle

import pytest
from eth_account import Account
from eth_keys.backends.coincurve import CoinCurveECCBackend
from pydantic import SecretBytes

from agent.adapters.signer import LocalSigner, ThrowawaySigner
from agent.domain.intent import FeeCap, UnsignedTransaction
from agent.errors import KeyFileError
from agent.log.transactions import decoded
from tests.logbook import VAULT

KEY = bytes.fromhex("5a" * 32)
TRANSACTION = UnsignedTransaction(
    chain_id=1,
    nonce=7,
    to=VAULT,
    data=b"\x01\x02",
    value_wei=0,
    gas_limit=400_000,
    fee_cap=FeeCap(max_fee_per_gas=30 * 10**9, max_priority_fee_per_gas=10**9),
)


@pytest.fixture
def signer():
    return LocalSigner(SecretBytes(KEY))


def test_signed_bytes_say_what_was_to_be_signed(signer):
    signed = signer.sign(TRANSACTION)
    said = decoded(signed.raw)

    assert Account.from_key(KEY).address == signer.address == said.signer
    assert signed.tx_hash == said.tx_hash
    assert (1, 7, TRANSACTION.to, 0, 400_000, b"\x01\x02") == (
        said.chain_id,
        said.nonce,
        said.to,
        said.value_wei,
        said.gas_limit,
        said.data,
    )
    assert (30 * 10**9, 10**9) == (said.max_fee_per_gas, said.max_priority_fee_per_gas)


def test_signing_again_gives_the_same_bytes(signer):
    assert signer.sign(TRANSACTION) == signer.sign(TRANSACTION)


def test_libsecp256k1_signs(signer):
    backend = signer._account._publicapi._keys.backend  # noqa: SLF001 - the library keeps it there

    assert isinstance(backend, CoinCurveECCBackend)


def test_the_key_does_not_show(signer):
    assert f"LocalSigner({signer.address})" == repr(signer) == str(signer)
    assert not hasattr(signer, "__dict__")


def test_a_signer_is_not_copied_into_a_file_or_another_process(signer):
    with pytest.raises(TypeError, match="a signer stays in its process"):
        pickle.dumps(signer)


def test_a_throwaway_key_follows_from_its_seed():
    one, same, other = (ThrowawaySigner(seed, is_fork=True) for seed in ("a", "a", "b"))

    assert one.address == same.address != other.address


def test_a_throwaway_key_is_refused_off_forks():
    with pytest.raises(KeyFileError, match="signs on forks only"):
        ThrowawaySigner("a", is_fork=False)
