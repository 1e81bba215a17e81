"""Which receipts are believed: one that belongs to an attempt, from its sender, in a block of the chain.

A receipt for another hash or sender is refused loudly: no lag explains it. One whose block or nonce the
chain does not confirm counts for nothing: a reorganisation or a node that lags explains it, so does a lie.
"""

from __future__ import annotations

from agent.domain.intent import AttemptKind, Receipt
from agent.errors import OutcomeMismatchError
from agent.ports import Chain, IntentStatus


def find_receipt(chain: Chain, status: IntentStatus) -> Receipt | None:
    """Return the receipt of whichever attempt was mined, None while none is.

    Raises:
        OutcomeMismatchError: a node shows a receipt that cannot be ours.
        RpcUnavailableError: it is not known whether there is one.
    """
    for attempt in reversed(status.attempts):
        receipt = chain.fetch_receipt(attempt.tx_hash)
        if receipt is not None:
            _check_belongs(status, receipt, tx_hash=attempt.tx_hash)
            if is_on_chain(chain, receipt) and _is_nonce_used(chain, status):
                return receipt
    return None


def kind_of(status: IntentStatus, receipt: Receipt) -> AttemptKind:
    """Return what the attempt was for whose receipt this is."""
    return next(a.kind for a in status.attempts if a.tx_hash == receipt.tx_hash)


def is_on_chain(chain: Chain, receipt: Receipt) -> bool:
    """Return whether the receipt's block is the chain's at its number: a reorganisation takes it away."""
    return chain.fetch_block_hash(receipt.block_number) == receipt.block_hash


def _is_nonce_used(chain: Chain, status: IntentStatus) -> bool:
    """Return whether the nonce agrees with the receipt; a node that lags behind another says no for a while."""
    return status.nonce is not None and chain.fetch_nonce(status.intent.account) > status.nonce


def _check_belongs(status: IntentStatus, receipt: Receipt, *, tx_hash: str) -> None:
    account = status.intent.account
    for what, expected, found in (
        ("the hash in its receipt", tx_hash, receipt.tx_hash),
        ("the sender in its receipt", account, receipt.sender),
    ):
        if found != expected:
            raise OutcomeMismatchError(tx_hash=tx_hash, what=what, expected=expected, found=found)
