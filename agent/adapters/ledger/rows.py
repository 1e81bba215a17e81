"""Rows of the ledger's tables to domain values, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from agent.adapters.ledger.tables import ATTEMPTS, INTENTS, RECORDS, RESERVATIONS
from agent.domain.intent import Attempt, AttemptKind, FeeCap, Intent, Route, TxState
from agent.domain.units import Address
from agent.ports import IntentStatus


def intent_values(intent: Intent, *, record_seq: int, state: TxState) -> dict[str, Any]:
    return {
        "intent_id": intent.intent_id,
        "record_seq": record_seq,
        "cycle_id": intent.cycle_id,
        "plan_id": intent.plan_id,
        "batch_index": intent.batch_index,
        "chain_id": intent.chain_id,
        "account": intent.account,
        "contract": intent.contract,
        "sequence": intent.sequence,
        "route": intent.route.value,
        "state": state.value,
        "moves": 0,
    }


def _intent(row: Row[Any]) -> Intent:
    return Intent(
        intent_id=row.intent_id,
        cycle_id=row.cycle_id,
        plan_id=row.plan_id,
        batch_index=row.batch_index,
        chain_id=row.chain_id,
        account=Address(row.account),
        contract=Address(row.contract),
        sequence=row.sequence,
        route=Route(row.route),
    )


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    return {
        "intent_id": attempt.intent_id,
        "number": attempt.number,
        "kind": attempt.kind.value,
        "tx_hash": attempt.tx_hash,
        "raw": attempt.raw,
        "max_fee_per_gas": str(attempt.fee_cap.max_fee_per_gas),
        "max_priority_fee_per_gas": str(attempt.fee_cap.max_priority_fee_per_gas),
        "gas_limit": attempt.gas_limit,
    }


def _attempt(row: Row[Any], *, nonce: int) -> Attempt:
    return Attempt(
        intent_id=row.intent_id,
        nonce=nonce,
        number=row.number,
        kind=AttemptKind(row.kind),
        tx_hash=row.tx_hash,
        raw=row.raw,
        fee_cap=FeeCap(
            max_fee_per_gas=int(row.max_fee_per_gas),
            max_priority_fee_per_gas=int(row.max_priority_fee_per_gas),
        ),
        gas_limit=row.gas_limit,
    )


def statuses(connection: Connection, *, cycle_id: str | None) -> tuple[IntentStatus, ...]:
    """Return the intents of one cycle or all, in the order in which they were opened."""
    query = (
        select(INTENTS, RESERVATIONS.c.nonce, RECORDS.c.hash.label("record_hash"))
        .join(RECORDS, RECORDS.c.seq == INTENTS.c.record_seq)
        .outerjoin(RESERVATIONS, RESERVATIONS.c.intent_id == INTENTS.c.intent_id)
        .order_by(INTENTS.c.record_seq)
    )
    if cycle_id is not None:
        query = query.where(INTENTS.c.cycle_id == cycle_id)
    return tuple(
        IntentStatus(
            intent=_intent(row),
            state=TxState(row.state),
            nonce=row.nonce,
            attempts=_attempts(connection, row),
            intent_record_hash=row.record_hash,
        )
        for row in connection.execute(query).all()
    )


def _attempts(connection: Connection, intent: Row[Any]) -> tuple[Attempt, ...]:
    query = select(ATTEMPTS).where(ATTEMPTS.c.intent_id == intent.intent_id)
    rows = connection.execute(query.order_by(ATTEMPTS.c.number))
    return tuple(_attempt(row, nonce=intent.nonce) for row in rows)
