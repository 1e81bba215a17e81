"""Sending an intent's stored bytes, as often as it takes: they are the same transaction each time."""

from __future__ import annotations

from agent import observe
from agent.domain.intent import Route, TxState
from agent.domain.record import RecordKind
from agent.execution.classifier import Meaning, meaning
from agent.ports import Broadcaster, IntentStatus, Ledger, SendAnswer


def broadcast(broadcaster: Broadcaster, ledger: Ledger, status: IntentStatus) -> Meaning:
    """Send the last attempt of an intent that is in doubt or seen, and note when a node takes it.

    The last attempt pays most, so no pool that has an earlier one is worth asking to take that again.
    """
    attempt = status.attempts[-1]
    answers = [broadcaster.send_raw(attempt.raw, route=one) for one in routes_of(ledger, status)]
    answer = SendAnswer(
        is_accepted=any(one.is_accepted for one in answers),
        text="\n".join(one.text for one in answers if one.text),
    )
    found = meaning(answer)
    observe.batch_sent(
        intent_id=status.intent.intent_id,
        tx_hash=attempt.tx_hash,
        is_accepted=answer.is_accepted,
        answer=answer.text,
    )
    if found is Meaning.ACCEPTED:
        ledger.advance(status.intent.intent_id, state=TxState.SEEN)
    return found


def routes_of(ledger: Ledger, status: IntentStatus) -> tuple[Route, ...]:
    """Return the ways that an intent's bytes may go: its own, and the public one once that is on record."""
    intent = status.intent
    if intent.route is Route.PUBLIC:
        return (Route.PUBLIC,)
    records = ledger.records(cycle_id=intent.cycle_id, kinds=(RecordKind.REROUTED,))
    is_public = any(record.body["intent_id"] == intent.intent_id for record in records)
    return (intent.route, Route.PUBLIC) if is_public else (intent.route,)
