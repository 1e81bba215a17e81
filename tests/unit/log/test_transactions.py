"""Signed bytes and calldata, decoded apart from the code that makes them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode as abi_encode
from eth_account import Account
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import CanonicalFormError
from agent.execution.calls import encode
from agent.log.calldata import EXECUTED, SELECTOR, claim
from agent.log.transactions import decoded
from tests.batches import BATCH, DEADLINE, INTENT_HASH, PLAN_ID
from tests.logbook import ACCOUNT, SIGNER, VAULT

ARTIFACT = Path(__file__).parents[3] / "agent" / "data" / "contracts" / "Vault.json"
TRANSACTION = {
    "type": 2, "chainId": 1, "nonce": 11, "to": VAULT, "value": 3, "data": b"\x01\x02",
    "gas": 400_000, "maxFeePerGas": 30, "maxPriorityFeePerGas": 2,
}  # fmt: skip


def test_signed_bytes_say_what_was_signed() -> None:
    signed = SIGNER.sign_transaction(TRANSACTION)

    says = decoded(bytes(signed.raw_transaction))
    assert (says.signer, says.tx_hash) == (ACCOUNT, "0x" + bytes(signed.hash).hex())
    assert (says.chain_id, says.nonce, says.to, says.data) == (1, 11, VAULT, b"\x01\x02")
    assert (says.value_wei, says.gas_limit) == (3, 400_000)
    assert (says.max_fee_per_gas, says.max_priority_fee_per_gas) == (30, 2)


@given(
    key=st.integers(1, 2**128),
    nonce=st.integers(0, 2**64 - 1),
    fee=st.integers(0, 2**100),
    data=st.binary(max_size=100),
)
def test_any_transaction_is_decoded(key: int, nonce: int, fee: int, data: bytes) -> None:
    account = Account.from_key(key.to_bytes(32, "big"))
    fields = {"nonce": nonce, "maxFeePerGas": fee, "maxPriorityFeePerGas": fee, "data": data}
    signed = account.sign_transaction(TRANSACTION | fields)

    says = decoded(bytes(signed.raw_transaction))
    assert (says.signer, says.nonce, says.data) == (account.address, nonce, data)
    assert says.max_fee_per_gas == says.max_priority_fee_per_gas == fee


RAW = bytes(SIGNER.sign_transaction(TRANSACTION).raw_transaction)


@pytest.mark.parametrize(
    "raw", [b"", RAW[1:], b"\x01" + RAW[1:], RAW[:-1], RAW + b"\x00", b"\x02\xc0", b"\x02\x80"]
)
def test_what_is_no_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(CanonicalFormError):
        decoded(raw)


@given(st.integers(0, len(RAW) * 8 - 1))
def test_a_flipped_bit_is_another_transaction(bit: int) -> None:
    flipped = bytearray(RAW)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        says = decoded(bytes(flipped))
    except CanonicalFormError:
        return

    assert says.tx_hash != decoded(RAW).tx_hash


def test_a_contract_creation_is_refused() -> None:
    creation = {k: v for k, v in TRANSACTION.items() if k != "to"} | {"to": b""}
    raw = bytes(SIGNER.sign_transaction(creation).raw_transaction)

    with pytest.raises(CanonicalFormError, match="create a contract"):
        decoded(raw)


def test_a_claim_is_what_the_encoder_wrote() -> None:
    data = encode(BATCH, deadline=DEADLINE, plan_id=PLAN_ID, intent_hash=INTENT_HASH)

    says = claim(data)
    assert (says.sequence, says.deadline) == (BATCH.sequence, DEADLINE)
    assert (says.plan_id, says.intent_hash) == (PLAN_ID, INTENT_HASH)
    assert says.floors == tuple((f.token.lower(), f.min_delta) for f in BATCH.floors)


def test_a_batch_may_have_one_floor() -> None:
    batch = replace(BATCH, floors=BATCH.floors[:1], legs=())
    words = (1, 2, b"\x11" * 32, b"\x22" * 32, b"\x00" * 36, b"")
    types = ("uint64", "uint64", "bytes32", "bytes32", "bytes", "bytes")

    says = claim(SELECTOR + abi_encode(types, words))
    assert says.floors == tuple((f.token.lower(), f.min_delta) for f in batch.floors)


CALL = encode(BATCH, deadline=DEADLINE, plan_id=PLAN_ID, intent_hash=INTENT_HASH)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "does not call execute"),
        (b"\xff" * 300, "does not call execute"),
        (CALL[:100], "cut off"),
        (CALL[:300], "within its floors"),
        (CALL[:132] + b"\xff" * 32 + CALL[164:], "cut off"),
        (CALL[:196] + (37).to_bytes(32, "big") + CALL[228:], "within its floors"),
    ],
)
def test_what_is_no_batch_claims_nothing(data: bytes, complaint: str) -> None:
    with pytest.raises(CanonicalFormError, match=complaint):
        claim(data)


def test_selector_and_topic_are_the_contracts() -> None:
    abi = json.loads(ARTIFACT.read_text())["abi"]
    signatures = {
        entry["name"]: f"{entry['name']}({','.join(i['type'] for i in entry['inputs'])})".encode()
        for entry in abi
        if entry.get("name") in {"execute", "BatchExecuted"}
    }

    assert keccak(signatures["execute"])[:4] == SELECTOR
    assert "0x" + keccak(signatures["BatchExecuted"]).hex() == EXECUTED
