"""What an operator may have done to a transaction at once: the machine's own acts, on its own conditions."""

from __future__ import annotations

from enum import StrEnum

from agent.domain.intent import TERMINAL, TxState
from agent.errors import TransactionRefusedError
from agent.execution.broadcasting import broadcast
from agent.execution.fees import gwei
from agent.execution.pushing import Push, Pusher
from agent.execution.receipts import find_receipt
from agent.ports import IntentStatus


class Deed(StrEnum):
    """What is to be done."""

    BUMP = "bump"
    CANCEL = "cancel"
    FILL_GAP = "fill-gap"
    REBROADCAST = "rebroadcast"


OUT = frozenset({TxState.SIGNED, TxState.IN_DOUBT, TxState.SEEN})
ALLOWED = {
    Deed.BUMP: OUT,
    Deed.REBROADCAST: OUT,
    Deed.CANCEL: OUT | {TxState.INTENT, TxState.RESERVED},
    Deed.FILL_GAP: frozenset({TxState.RESERVED}),
}
"""The states in which each makes sense."""


def act(pusher: Pusher, status: IntentStatus, deed: Deed) -> None:
    """Do it: record first, then send to every endpoint of the intent's route.

    Raises:
        TransactionRefusedError: not in this state, it is mined already, or the fee ceiling forbids it.
    """
    intent_id = status.intent.intent_id
    _check(pusher, status, deed)
    if status.state is TxState.INTENT:
        pusher.ledger.advance(intent_id, state=TxState.CANCELLED, note="cancelled by the operator")
        return
    push = {Deed.BUMP: Push.BUMP, Deed.CANCEL: Push.CANCEL, Deed.FILL_GAP: Push.CANCEL}.get(deed)
    if push is not None and not pusher.replace(status, push):
        ceiling = gwei(pusher.limits.ceiling)
        raise TransactionRefusedError(
            intent_id=intent_id,
            deed=str(deed),
            reason=f"the next price is above the ceiling of {ceiling}: wait, or raise "
            "policy.max_fee_per_gas_gwei",
        )
    status = pusher.again(status)
    if status.state is TxState.SIGNED:
        pusher.ledger.advance(intent_id, state=TxState.IN_DOUBT)
    broadcast(pusher.broadcaster, pusher.ledger, status)


def _check(pusher: Pusher, status: IntentStatus, deed: Deed) -> None:
    reason = ""
    if status.state in TERMINAL:
        reason = f"it has ended as {status.state}"
    elif status.state not in ALLOWED[deed]:
        reason = f"it is {status.state}; see agent tx doctor"
    elif status.attempts and find_receipt(pusher.chain, status) is not None:
        reason = "it is mined; the agent follows it to finality"
    if reason:
        raise TransactionRefusedError(
            intent_id=status.intent.intent_id, deed=str(deed), reason=reason
        )
