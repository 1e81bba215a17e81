"""Sending an intent's stored bytes, as often as it takes: they are the same transaction each time."""

from __future__ import annotations

from agent import observe
from agent.domain.intent import TxState
from agent.execution.classifier import Meaning, meaning
from agent.ports import Broadcaster, IntentStatus, Ledger


def broadcast(broadcaster: Broadcaster, ledger: Ledger, status: IntentStatus) -> Meaning:
    """Send the last attempt of an intent that is in doubt or seen, and note when a node takes it.

    The last attempt pays most, so no pool that has an earlier one is worth asking to take that again.
    """
    attempt = status.attempts[-1]
    answer = broadcaster.send_raw(attempt.raw, route=status.intent.route)
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
