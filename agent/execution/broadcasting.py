"""Sending an intent's stored bytes, as often as it takes: they are the same transaction each time."""

from __future__ import annotations

from agent import observe
from agent.domain.intent import TxState
from agent.execution.send_state import state_after
from agent.ports import Broadcaster, IntentStatus, Ledger


def broadcast(broadcaster: Broadcaster, ledger: Ledger, status: IntentStatus) -> None:
    """Send the last attempt of an intent that is in doubt or seen, and note when a node takes it."""
    attempt = status.attempts[-1]
    answer = broadcaster.send_raw(attempt.raw)
    observe.batch_sent(
        intent_id=status.intent.intent_id,
        tx_hash=attempt.tx_hash,
        is_accepted=answer.is_accepted,
        answer=answer.text,
    )
    if state_after(answer) is TxState.SEEN:
        ledger.advance(status.intent.intent_id, state=TxState.SEEN)
