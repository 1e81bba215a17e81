"""What became of transactions once their blocks are final: the only evidence that ends an intent."""

from __future__ import annotations

from agent.domain.intent import Receipt, TxState
from agent.errors import NonceTakenError
from agent.execution.pushing import Pusher
from agent.execution.receipts import find_receipt, kind_of
from agent.execution.send_state import final_state
from agent.ports import IntentStatus

SENT = frozenset({TxState.IN_DOUBT, TxState.SEEN})
PENDING = SENT | {TxState.MINED}


def settle_pending(
    pusher: Pusher, *, below_nonce: int | None = None, is_pushing: bool = True
) -> tuple[IntentStatus, ...]:
    """Look once at every transaction that is out, move it as far as the chain allows, and return what is left.

    What a reorganisation took away is in doubt again, and pushed again: it goes out as it is, at a
    higher price, or cancelled, as is due; unless `is_pushing` is off, then nothing is signed or sent.
    With `below_nonce`, only what stands before that nonce.

    Raises:
        OutcomeMismatchError: a node shows a receipt that cannot be ours.
        RpcUnavailableError: nothing is known.
    """
    out = _pending(pusher, below_nonce)
    if not out:
        return ()
    finalized = pusher.chain.fetch_finalized().number
    for status in out:
        _settle(pusher, status, finalized=finalized, is_pushing=is_pushing)
    seen = {status.intent.intent_id for status in out}
    return tuple(s for s in _pending(pusher, below_nonce) if s.intent.intent_id in seen)


def _pending(pusher: Pusher, below_nonce: int | None) -> list[IntentStatus]:
    return [
        s
        for s in pusher.ledger.intents()
        if s.state in PENDING
        and (below_nonce is None or (s.nonce is not None and s.nonce < below_nonce))
    ]


def _settle(pusher: Pusher, status: IntentStatus, *, finalized: int, is_pushing: bool) -> None:
    ledger, intent_id = pusher.ledger, status.intent.intent_id
    receipt = find_receipt(pusher.chain, status)
    if receipt is None:
        _look_for_it(pusher, status, is_pushing=is_pushing)
        return
    if status.state is not TxState.MINED:
        ledger.advance(intent_id, state=TxState.MINED, receipt=receipt, note="found later")
    if receipt.block_number <= finalized:
        ledger.advance(intent_id, state=_end(status, receipt), receipt=receipt)


def _look_for_it(pusher: Pusher, status: IntentStatus, *, is_pushing: bool) -> None:
    if status.state is TxState.MINED:
        pusher.ledger.advance(status.intent.intent_id, state=TxState.IN_DOUBT)
    if not is_pushing:
        return
    try:
        pusher.push(status)
    except NonceTakenError:
        # It has ended, and the alarm is given; what it was for is planned anew when a cycle comes.
        return


def _end(status: IntentStatus, receipt: Receipt) -> TxState:
    return final_state(kind_of(status, receipt), is_success=receipt.is_success)
