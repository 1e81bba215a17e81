"""An intent's way through the states of its transaction, each step with its record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from agent.adapters.ledger.history import append, record_of
from agent.adapters.ledger.rows import attempt_values, intent_values
from agent.adapters.ledger.tables import ACCOUNTS, ATTEMPTS, INTENTS, RESERVATIONS
from agent.domain.bodies import IntentOpened, Moved, Outcome, Signed
from agent.domain.canonical import to_json
from agent.domain.intent import (
    NEXT_STATES,
    SIGNABLE,
    TERMINAL,
    Attempt,
    AttemptKind,
    Intent,
    TxState,
)
from agent.domain.record import RecordKind
from agent.errors import CanonicalFormError, LedgerError
from agent.log.records import RawRecord
from agent.log.transactions import decoded

BY_OTHER_MEANS = frozenset({TxState.INTENT, TxState.RESERVED, TxState.SIGNED})
ON_CHAIN = frozenset({TxState.MINED, TxState.FINAL_OK, TxState.FINAL_REVERTED})
DOCTOR = "see `agent log show`; halt and compare the ledger with the chain"


def open_intent(connection: Connection, intent: Intent, *, at: datetime) -> RawRecord:
    """Record the decision to send a batch, once."""
    body = IntentOpened(intent=intent)
    is_new = _find(connection, intent.intent_id) is None
    record = append(connection, body, cycle_id=intent.cycle_id, key=intent.intent_id, at=at)
    if is_new:
        values = intent_values(intent, record_seq=record.seq, state=TxState.INTENT)
        connection.execute(INTENTS.insert().values(values))
    return record


def reserve_nonce(connection: Connection, intent_id: str, *, nonce: int, at: datetime) -> None:
    """Bind an intent to a nonce of its account, once."""
    row = _existing(connection, intent_id)
    reserved = reserved_nonce(connection, intent_id)
    if reserved == nonce:
        return
    if reserved is not None:
        raise LedgerError(
            what=f"intent {intent_id} holds nonce {reserved}, not {nonce}", mend=DOCTOR
        )
    query = select(RESERVATIONS.c.intent_id).where(
        RESERVATIONS.c.chain_id == row.chain_id,
        RESERVATIONS.c.account == row.account,
        RESERVATIONS.c.nonce == nonce,
    )
    holder = connection.scalar(query)
    if holder is not None:
        raise LedgerError(what=f"nonce {nonce} belongs to intent {holder}", mend=DOCTOR)
    know_account(connection, row.chain_id, row.account, nonce=nonce)
    connection.execute(
        RESERVATIONS.insert().values(
            intent_id=intent_id, chain_id=row.chain_id, account=row.account, nonce=nonce
        )
    )
    _move(connection, row, Moved(intent_id=intent_id, state=TxState.RESERVED, nonce=nonce), at=at)


def know_account(connection: Connection, chain_id: int, account: str, *, nonce: int) -> int:
    """Return the first nonce that the log knows of an account: `nonce`, if it is new."""
    query = select(ACCOUNTS.c.first_nonce).where(
        ACCOUNTS.c.chain_id == chain_id, ACCOUNTS.c.account == account
    )
    first = connection.scalar(query)
    if first is not None:
        return int(first)
    connection.execute(
        ACCOUNTS.insert().values(chain_id=chain_id, account=account, first_nonce=nonce)
    )
    return nonce


def record_signed(connection: Connection, attempt: Attempt, *, at: datetime) -> RawRecord:
    """Record signed bytes, once; they must be what their reservation allows."""
    row = _existing(connection, attempt.intent_id)
    key = f"{attempt.intent_id}/{attempt.number}"
    body = Signed(attempt=attempt)
    if record_of(connection, RecordKind.SIGNED, key) is not None:
        return append(connection, body, cycle_id=row.cycle_id, key=key, at=at)
    _check_attempt(connection, row, attempt)
    connection.execute(ATTEMPTS.insert().values(attempt_values(attempt)))
    if row.state == TxState.RESERVED:
        _set_state(connection, row, TxState.SIGNED)
    return append(connection, body, cycle_id=row.cycle_id, key=key, at=at)


def _check_attempt(connection: Connection, row: Row[Any], attempt: Attempt) -> None:
    name = f"attempt {attempt.number} of intent {attempt.intent_id}"
    query = select(func.count()).where(ATTEMPTS.c.intent_id == attempt.intent_id)
    following = (connection.scalar(query) or 0) + 1
    try:
        says = decoded(attempt.raw)
    except CanonicalFormError as error:
        raise LedgerError(what=f"{name}: {error.what}", mend=DOCTOR) from error
    nonce = reserved_nonce(connection, attempt.intent_id)
    query = select(ATTEMPTS.c.intent_id).where(ATTEMPTS.c.tx_hash == attempt.tx_hash)
    for what, found, allowed in (
        ("state allows signing", row.state in SIGNABLE, True),
        ("number", attempt.number, following),
        ("nonce", attempt.nonce, nonce),
        ("nonce of the signed bytes", says.nonce, nonce),
        ("chain of the signed bytes", says.chain_id, row.chain_id),
        ("signer of the signed bytes", says.signer, row.account),
        ("hash of the signed bytes", says.tx_hash, attempt.tx_hash),
        ("earlier use of its hash", connection.scalar(query), None),
    ):
        if found != allowed:
            raise LedgerError(what=f"{name}: {what} is {found}, must be {allowed}", mend=DOCTOR)


def advance(connection: Connection, outcome: Outcome, *, at: datetime) -> None:
    """Move an intent along an arrow; its own state again, on the same evidence, changes nothing."""
    row = _existing(connection, outcome.intent_id)
    state, target = TxState(row.state), outcome.state
    if target == state:
        _check_same(connection, row, outcome)
        return
    if target in BY_OTHER_MEANS or target not in NEXT_STATES[state]:
        raise LedgerError(
            what=f"intent {outcome.intent_id} is {state}, it cannot become {target}", mend=DOCTOR
        )
    if target in ON_CHAIN or (state, target) == (TxState.MINED, TxState.CANCELLED):
        _check_evidence(connection, outcome)
    elif outcome.receipt is not None:
        raise LedgerError(
            what=f"intent {outcome.intent_id} becomes {target} without a receipt",
            mend="a receipt shows what was mined; say the rest in a note",
        )
    if target in TERMINAL or target is TxState.MINED:
        _move(connection, row, outcome, at=at)
        return
    nonce = reserved_nonce(connection, outcome.intent_id)
    _move(connection, row, Moved(intent_id=outcome.intent_id, state=target, nonce=nonce), at=at)


def _check_same(connection: Connection, row: Row[Any], outcome: Outcome) -> None:
    record = record_of(connection, RecordKind.OUTCOME, f"{row.intent_id}/{row.moves}")
    if record is None:
        return
    if record.parsed().body["receipt"] != to_json(outcome.receipt):
        raise LedgerError(
            what=f"intent {row.intent_id} is {row.state} by another receipt (record {record.seq})",
            mend="after a reorganisation it goes back to in_doubt first",
        )


def _check_evidence(connection: Connection, outcome: Outcome) -> None:
    receipt, name = outcome.receipt, f"intent {outcome.intent_id}"
    if receipt is None:
        raise LedgerError(what=f"{name} cannot become {outcome.state} unseen", mend=DOCTOR)
    query = select(ATTEMPTS.c.kind).where(
        ATTEMPTS.c.intent_id == outcome.intent_id, ATTEMPTS.c.tx_hash == receipt.tx_hash
    )
    kind = connection.scalar(query)
    if kind is None:
        raise LedgerError(what=f"{name} has no attempt {receipt.tx_hash}", mend=DOCTOR)
    if outcome.state not in _ends(AttemptKind(kind), is_success=receipt.is_success):
        raise LedgerError(
            what=f"{name} cannot become {outcome.state} by a {kind} with status {receipt.is_success:d}",
            mend=DOCTOR,
        )


def _ends(kind: AttemptKind, *, is_success: bool) -> frozenset[TxState]:
    if kind is AttemptKind.CANCEL:
        return frozenset({TxState.MINED, TxState.CANCELLED})
    end = TxState.FINAL_OK if is_success else TxState.FINAL_REVERTED
    return frozenset({TxState.MINED, end})


def _move(connection: Connection, row: Row[Any], body: Moved | Outcome, *, at: datetime) -> None:
    _set_state(connection, row, body.state)
    key = f"{row.intent_id}/{row.moves + 1}"
    append(connection, body, cycle_id=row.cycle_id, key=key, at=at)


def _set_state(connection: Connection, row: Row[Any], state: TxState) -> None:
    update = INTENTS.update().where(INTENTS.c.intent_id == row.intent_id)
    connection.execute(update.values(state=state.value, moves=row.moves + 1))


def reserved_nonce(connection: Connection, intent_id: str) -> int | None:
    query = select(RESERVATIONS.c.nonce).where(RESERVATIONS.c.intent_id == intent_id)
    return connection.scalar(query)


def _find(connection: Connection, intent_id: str) -> Row[Any] | None:
    return connection.execute(select(INTENTS).where(INTENTS.c.intent_id == intent_id)).first()


def _existing(connection: Connection, intent_id: str) -> Row[Any]:
    row = _find(connection, intent_id)
    if row is None:
        raise LedgerError(what=f"there is no intent {intent_id}", mend="open it first")
    return row
