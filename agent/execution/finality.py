"""What became of transactions once their blocks are final: the only evidence that ends an intent."""

from __future__ import annotations

from agent.domain.intent import TxState
from agent.execution.broadcasting import broadcast
from agent.execution.receipts import find_receipt
from agent.execution.send_state import final_state
from agent.ports import Broadcaster, Chain, IntentStatus, Ledger

SENT = frozenset({TxState.IN_DOUBT, TxState.SEEN})


def settle_pending(
    chain: Chain, ledger: Ledger, broadcaster: Broadcaster
) -> tuple[IntentStatus, ...]:
    """Look once at every transaction that is out, move it as far as the chain allows, and return what is left.

    What a reorganisation took away is in doubt again, and its bytes are sent again.

    Raises:
        OutcomeMismatchError: a node shows a receipt that cannot be ours.
        RpcUnavailableError: nothing is known.
    """
    out = [s for s in ledger.intents() if s.state in SENT or s.state is TxState.MINED]
    if not out:
        return ()
    finalized = chain.fetch_finalized().number
    for status in out:
        _settle(chain, ledger, broadcaster, status, finalized=finalized)
    pending = {status.intent.intent_id for status in out}
    return tuple(
        s
        for s in ledger.intents()
        if s.intent.intent_id in pending and (s.state in SENT or s.state is TxState.MINED)
    )


def _settle(
    chain: Chain, ledger: Ledger, broadcaster: Broadcaster, status: IntentStatus, *, finalized: int
) -> None:
    intent_id, receipt = status.intent.intent_id, find_receipt(chain, status)
    if receipt is None:
        if status.state is TxState.MINED:
            ledger.advance(intent_id, state=TxState.IN_DOUBT)
        broadcast(broadcaster, ledger, status)
        return
    if status.state is not TxState.MINED:
        ledger.advance(intent_id, state=TxState.MINED, receipt=receipt, note="found later")
    if receipt.block_number <= finalized:
        ledger.advance(intent_id, state=final_state(is_success=receipt.is_success), receipt=receipt)
