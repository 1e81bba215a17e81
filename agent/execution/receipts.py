"""Which receipts are believed: one that belongs to an attempt, from its sender, in a block of the chain."""

from __future__ import annotations

from agent.domain.intent import Receipt
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
            _check_belongs(chain, status, receipt, tx_hash=attempt.tx_hash)
            return receipt if is_on_chain(chain, receipt) else None
    return None


def is_on_chain(chain: Chain, receipt: Receipt) -> bool:
    """Return whether the receipt's block is the chain's at its number: a reorganisation takes it away."""
    return chain.fetch_block_hash(receipt.block_number) == receipt.block_hash


def _check_belongs(chain: Chain, status: IntentStatus, receipt: Receipt, *, tx_hash: str) -> None:
    account = status.intent.account
    for what, expected, found in (
        ("the hash in its receipt", tx_hash, receipt.tx_hash),
        ("the sender in its receipt", account, receipt.sender),
    ):
        if found != expected:
            raise OutcomeMismatchError(tx_hash=tx_hash, what=what, expected=expected, found=found)
    nonce = chain.fetch_nonce(account)
    if status.nonce is None or nonce <= status.nonce:
        raise OutcomeMismatchError(
            tx_hash=tx_hash,
            what="the account's nonce after it",
            expected=f"above {status.nonce}",
            found=str(nonce),
        )
