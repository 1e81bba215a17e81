"""The chain as witness: what a verified log says of it, held against a node."""

from __future__ import annotations

from typing import Protocol

from agent.domain.intent import Receipt
from agent.domain.units import Address
from agent.errors import LogVerificationError
from agent.log.trail import Landing
from agent.log.verify import Verdict, Verified


class Witness(Protocol):
    """The reads that confirm a log; port `Chain` has them. None means that the chain knows of none."""

    def fetch_receipt(self, tx_hash: str) -> Receipt | None: ...

    def fetch_block_hash(self, number: int) -> str | None: ...

    def fetch_nonce(self, account: Address) -> int: ...


def check_chain(verified: Verified, chain: Witness) -> Verdict:
    """Return the verdict, confirmed by the chain.

    The closing checkpoint's block must be on it, every transaction where the log says, with the plan
    id and intent hash in its event, and no nonce may have been used that the log does not know.

    Raises:
        LogVerificationError: naming the record that the chain contradicts.
    """
    _check_block(verified, chain)
    for landing in verified.landings:
        _check_landing(landing, chain.fetch_receipt(landing.tx_hash))
    _check_nonces(verified, chain)
    return verified.confirmed()


def _check_block(verified: Verified, chain: Witness) -> None:
    closing = verified.closing
    found = chain.fetch_block_hash(closing.block_number)
    if found != closing.block_hash:
        raise LogVerificationError(
            where=f"the closing checkpoint, of {closing.at}",
            reason=f"block {closing.block_number} is {closing.block_hash}, the chain has "
            f"{found or 'no such block'}: ask a node of chain {closing.chain_id}, or for a newer export",
        )


def _check_landing(landing: Landing, receipt: Receipt | None) -> None:
    def contradicted(what: str) -> LogVerificationError:
        return LogVerificationError(
            where=landing.where, reason=f"the chain contradicts it: {landing.tx_hash} {what}"
        )

    if receipt is None:
        raise contradicted("is not on it")
    for what, found, said in (
        ("is in block", receipt.block_hash, landing.block_hash),
        ("is in block number", receipt.block_number, landing.block_number),
        ("has success", receipt.is_success, landing.is_success),
        ("used gas", receipt.gas_used, landing.gas_used),
    ):
        if found != said:
            raise contradicted(f"{what} {found}, not {said}")
    if landing.topics is not None and not any(
        entry.address == landing.contract and entry.topics == landing.topics
        for entry in receipt.logs
    ):
        raise contradicted("has no event with this plan id and intent hash")


def _check_nonces(verified: Verified, chain: Witness) -> None:
    closing = verified.closing
    used = chain.fetch_nonce(closing.account)
    where = f"the closing checkpoint, of {closing.at}"
    if used < closing.next_nonce:
        raise LogVerificationError(
            where=where,
            reason=f"the nonce of {closing.account} was {closing.next_nonce}, the chain says {used}",
        )
    known = verified.signed_nonces | set(verified.verdict.external_nonces)
    for nonce in range(closing.next_nonce, used):
        if nonce not in known:
            raise LogVerificationError(
                where=where,
                reason=f"nonce {nonce} of {closing.account} was used on chain and the export does not "
                "know it: it is old, or was rolled back; ask for a newer one",
            )
