"""What is true of a transaction, why, and what the agent will do next: for those who have to look."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.block import Block
from agent.domain.intent import AttemptKind, Receipt, TxState
from agent.execution.payload import deadline_of
from agent.execution.receipts import find_receipt
from agent.ports import Chain, IntentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the chain says of an account and one of its transactions, at a head."""

    head: Block
    finalized: int
    used: int
    sequence: int
    receipt: Receipt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A transaction: `fact` is what is so, `why` what shows it, `next_step` what the agent does about it."""

    intent_id: str
    cycle_id: str
    state: TxState
    nonce: int | None
    tx_hash: str | None
    attempts: int
    fact: str
    why: str
    next_step: str


Words = tuple[str, str, str]


def diagnose(status: IntentStatus, facts: Facts) -> Diagnosis:
    fact, why, next_step = _words(status, facts)
    return Diagnosis(
        intent_id=status.intent.intent_id,
        cycle_id=status.intent.cycle_id,
        state=status.state,
        nonce=status.nonce,
        tx_hash=status.attempts[-1].tx_hash if status.attempts else None,
        attempts=len(status.attempts),
        fact=fact,
        why=why,
        next_step=next_step,
    )


def _words(status: IntentStatus, facts: Facts) -> Words:
    if status.nonce is None:
        return (
            "nothing of it exists",
            "it has no nonce and was never signed",
            "the next cycle drops it, and plans anew",
        )
    if facts.receipt is not None:
        return _mined(status, facts, facts.receipt)
    if facts.used > status.nonce:
        return _taken(status, facts)
    if status.intent.is_filler and not status.attempts:
        return (
            "it will fill a gap, nothing is signed yet",
            f"nonce {status.nonce} is open before others, and no transaction of ours is meant for it",
            "the next run signs a transfer to oneself, under policy.max_fee_per_gas_gwei",
        )
    if not status.attempts:
        return (
            "its nonce is held, nothing is signed",
            f"the account is at nonce {facts.used}, the ledger has no bytes for {status.nonce}",
            "its cycle goes on with it, any other gives the nonce back: agent tx fill-gap does so now",
        )
    return _waiting(status, facts)


def _mined(status: IntentStatus, facts: Facts, receipt: Receipt) -> Words:
    depth = facts.head.number - receipt.block_number + 1
    kind = next(a.kind for a in status.attempts if a.tx_hash == receipt.tx_hash)
    what = "its cancel is" if kind is AttemptKind.CANCEL else "it is"
    outcome = "" if receipt.is_success else ", reverted"
    is_final = receipt.block_number <= facts.finalized
    return (
        f"{what} mined{outcome}, {'final' if is_final else f'{depth} blocks deep, not final yet'}",
        f"receipt of {receipt.tx_hash} in block {receipt.block_number}",
        "the agent records its end" if is_final else "the agent waits for finality",
    )


def _taken(status: IntentStatus, facts: Facts) -> Words:
    why = f"the account is at nonce {facts.used}, no attempt at {status.nonce} has a receipt"
    if facts.sequence >= status.intent.sequence and not status.intent.is_filler:
        return (
            "its batch was run, its receipt is missing",
            f"{why}, and the contract is at sequence {facts.sequence}",
            "add a node that keeps receipts to chain.rpc_urls; were bytes lost, agent tx reconcile ends it",
        )
    return (
        "another transaction used its nonce",
        why,
        f"once that is final (block {facts.finalized} is) the batch is given up and planned anew",
    )


def _waiting(status: IntentStatus, facts: Facts) -> Words:
    last, deadline = status.attempts[-1], deadline_of(status.attempts)
    missing = (status.nonce or 0) - facts.used
    if missing > 0:
        return (
            f"it waits for {missing} earlier nonces",
            f"the account is at nonce {facts.used}, it has {status.nonce}",
            "the agent sends again what holds them",
        )
    if last.kind is AttemptKind.CANCEL:
        return (
            "its cancel is out and not mined",
            f"attempt {last.number} offers {last.fee_cap.max_fee_per_gas} wei per gas",
            "the agent raises the cancel, and looks whether an earlier attempt landed",
        )
    if deadline is not None and facts.head.timestamp >= deadline:
        return (
            "it can only revert any more",
            f"its deadline, block time {deadline}, is past",
            "the agent cancels it at its nonce",
        )
    return _priced(status, facts)


def _priced(status: IntentStatus, facts: Facts) -> Words:
    cap = status.attempts[-1].fee_cap.max_fee_per_gas
    if cap < facts.head.base_fee_per_gas:
        return (
            "it pays too little to be mined now",
            f"it offers {cap} wei per gas, the base fee is {facts.head.base_fee_per_gas}",
            "the agent sends it at a higher price, up to policy.max_fee_per_gas_gwei",
        )
    held = "a pool has it" if status.state is TxState.SEEN else "no node has said that it has it"
    return (
        "it is out and not mined",
        f"{held}; no attempt has a receipt",
        "the agent sends the same bytes again, and at a higher price after chain.bump_blocks",
    )


def examined(chain: Chain, status: IntentStatus) -> Diagnosis:
    """Return the diagnosis of a transaction as the chain stands now."""
    facts = Facts(
        head=chain.fetch_head(),
        finalized=chain.fetch_finalized().number,
        used=chain.fetch_nonce(status.intent.account),
        sequence=chain.fetch_sequence(),
        receipt=find_receipt(chain, status),
    )
    return diagnose(status, facts)
