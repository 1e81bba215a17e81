"""Which nonce an account uses next: the one place where nonces come from."""

from __future__ import annotations

from agent.domain.intent import Intent
from agent.errors import LedgerError, NonceMismatchError
from agent.execution.send_state import is_under_way
from agent.ports import Chain, IntentStatus, Ledger


def next_nonce(chain: Chain, ledger: Ledger, intent: Intent) -> int:
    """Return the account's nonce on chain, if the ledger knows how it came to be that.

    Raises:
        LedgerError: another intent of the account has not used its nonce yet.
        NonceMismatchError: the chain is elsewhere than the ledger.
    """
    others = [s for s in ledger.intents() if _is_of(s, intent)]
    for other in others:
        if is_under_way(other.state):
            raise LedgerError(
                what=f"intent {other.intent.intent_id} is {other.state} with nonce {other.nonce}",
                mend="it has to end first: agent run goes on with it",
            )
    nonce = chain.fetch_nonce(intent.account)
    expected = max((s.nonce + 1 for s in others if s.nonce is not None), default=nonce)
    if nonce != expected:
        raise NonceMismatchError(account=intent.account, expected=expected, found=nonce)
    return nonce


def _is_of(status: IntentStatus, intent: Intent) -> bool:
    """Return whether a status is of the same account on the same chain."""
    other = status.intent
    return (other.account, other.chain_id) == (intent.account, intent.chain_id)
