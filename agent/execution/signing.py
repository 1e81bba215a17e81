"""Signing an intent's transaction, once, and writing it down before anything can leave."""

from __future__ import annotations

from agent import observe
from agent.domain.intent import Attempt, AttemptKind, FeeCap, UnsignedTransaction
from agent.errors import LedgerError
from agent.execution.prepared import PreparedBatch
from agent.ports import IntentStatus, Ledger, Signer


def sign_and_record(
    signer: Signer,
    ledger: Ledger,
    status: IntentStatus,
    prepared: PreparedBatch,
    *,
    fee_cap: FeeCap,
) -> None:
    """Sign the batch at its reserved nonce, and record the bytes.

    Raises:
        LedgerError: the intent has no nonce, or bytes already.
    """
    intent, nonce = status.intent, status.nonce
    if nonce is None or status.attempts:
        raise LedgerError(
            what=f"intent {intent.intent_id} is {status.state} with nonce {nonce} and "
            f"{len(status.attempts)} attempts",
            mend="restore the ledger from its backup",
        )
    signed = signer.sign(
        UnsignedTransaction(
            chain_id=intent.chain_id,
            nonce=nonce,
            to=intent.contract,
            data=prepared.calldata,
            value_wei=0,
            gas_limit=prepared.batch.gas_limit,
            fee_cap=fee_cap,
        )
    )
    attempt = Attempt(
        intent_id=intent.intent_id,
        nonce=nonce,
        number=1,
        kind=AttemptKind.SEND,
        tx_hash=signed.tx_hash,
        raw=signed.raw,
        fee_cap=fee_cap,
        gas_limit=prepared.batch.gas_limit,
    )
    ledger.record_signed(attempt)
    observe.batch_signed(
        intent_id=intent.intent_id, nonce=nonce, attempt=attempt.number, tx_hash=attempt.tx_hash
    )


def check_signer(signer: Signer, prepared: PreparedBatch) -> None:
    """Raise LedgerError unless the key is that of the intent's account."""
    if signer.address != prepared.intent.account:
        raise LedgerError(
            what=f"intent {prepared.intent.intent_id} is of account {prepared.intent.account}, the "
            f"key is of {signer.address}",
            mend="use that account's keystore, or plan again",
        )
