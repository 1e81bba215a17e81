"""Signing a transaction at an intent's nonce, and writing it down before anything can leave."""

from __future__ import annotations

from agent import observe
from agent.domain.intent import Attempt, AttemptKind, FeeCap, UnsignedTransaction
from agent.errors import LedgerError
from agent.execution.payload import Payload, payload_of
from agent.execution.prepared import PreparedBatch
from agent.ports import IntentStatus, Ledger, Signer

CANCEL_GAS = 21_000
"""Of a transfer of nothing to oneself."""

DELEGATED_CANCEL_GAS = 100_000
"""Of the same where the account is delegated (EIP-7702): its delegate's code runs on it."""


def sign_and_record(
    signer: Signer,
    ledger: Ledger,
    status: IntentStatus,
    prepared: PreparedBatch,
    *,
    fee_cap: FeeCap,
) -> None:
    """Sign the batch at its reserved nonce for the first time, and record the bytes.

    Raises:
        LedgerError: the intent has no nonce, or bytes already.
    """
    if status.attempts:
        raise _contradiction(status)
    payload = Payload(
        to=status.intent.contract, data=prepared.calldata, gas_limit=prepared.batch.gas_limit
    )
    _record(signer, ledger, status, payload, kind=AttemptKind.SEND, fee_cap=fee_cap)


def sign_replacement(  # noqa: PLR0913 - two parties, and what is signed
    signer: Signer,
    ledger: Ledger,
    status: IntentStatus,
    *,
    kind: AttemptKind,
    fee_cap: FeeCap,
    is_delegated: bool,
) -> None:
    """Sign another attempt at the intent's nonce, and record it: the same again, or nothing to oneself.

    Once a cancel is signed the batch is not bumped any more; bumping then raises the cancel.
    """
    if kind is AttemptKind.CANCEL:
        gas_limit = DELEGATED_CANCEL_GAS if is_delegated else CANCEL_GAS
        payload = Payload(to=status.intent.account, data=b"", gas_limit=gas_limit)
    elif status.attempts:
        payload = payload_of(status.attempts[-1])
    else:
        raise _contradiction(status)
    _record(signer, ledger, status, payload, kind=kind, fee_cap=fee_cap)


def _record(  # noqa: PLR0913 - two parties, and what is signed
    signer: Signer,
    ledger: Ledger,
    status: IntentStatus,
    payload: Payload,
    *,
    kind: AttemptKind,
    fee_cap: FeeCap,
) -> None:
    intent, nonce = status.intent, status.nonce
    if nonce is None:
        raise _contradiction(status)
    check_signer(signer, status)
    signed = signer.sign(
        UnsignedTransaction(
            chain_id=intent.chain_id,
            nonce=nonce,
            to=payload.to,
            data=payload.data,
            value_wei=0,
            gas_limit=payload.gas_limit,
            fee_cap=fee_cap,
        )
    )
    attempt = Attempt(
        intent_id=intent.intent_id,
        nonce=nonce,
        number=len(status.attempts) + 1,
        kind=kind,
        tx_hash=signed.tx_hash,
        raw=signed.raw,
        fee_cap=fee_cap,
        gas_limit=payload.gas_limit,
    )
    ledger.record_signed(attempt)
    observe.batch_signed(
        intent_id=intent.intent_id,
        nonce=nonce,
        attempt=attempt.number,
        kind=str(kind),
        tx_hash=attempt.tx_hash,
    )


def check_signer(signer: Signer, status: IntentStatus) -> None:
    """Raise LedgerError unless the key is that of the intent's account."""
    if signer.address != status.intent.account:
        raise LedgerError(
            what=f"intent {status.intent.intent_id} is of account {status.intent.account}, the "
            f"key is of {signer.address}",
            mend="use that account's keystore, or plan again",
        )


def _contradiction(status: IntentStatus) -> LedgerError:
    return LedgerError(
        what=f"intent {status.intent.intent_id} is {status.state} with nonce {status.nonce} and "
        f"{len(status.attempts)} attempts",
        mend="restore the ledger from its backup",
    )
