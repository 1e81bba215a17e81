"""The event logs of batches as a chain would write them: what pools, tokens and the contract say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.domain.intent import LogEntry
from agent.domain.order import Leg
from agent.domain.pool import PoolKind
from agent.domain.units import Address
from agent.execution.events import APPROVAL, BATCH_EXECUTED, SWAP_V2, SWAPS_V3, TRANSFER
from agent.execution.prepared import PreparedBatch

SWAP_V3 = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
SWAP_PANCAKE_V3 = "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"
assert {SWAP_V3, SWAP_PANCAKE_V3} == SWAPS_V3


def entry(address: Address, topics: Sequence[str], *words: int) -> LogEntry:
    data = "0x" + "".join(f"{word % 2**256:064x}" for word in words)
    return LogEntry(address=address, topics=tuple(topics), data=data, index=0)


def padded(address: Address) -> str:
    return "0x" + "0" * 24 + address[2:].lower()


def transfer(token: Address, sender: Address, receiver: Address, amount: int) -> LogEntry:
    return entry(token, (TRANSFER, padded(sender), padded(receiver)), amount)


def approval(token: Address, owner: Address, spender: Address, amount: int) -> LogEntry:
    return entry(token, (APPROVAL, padded(owner), padded(spender)), amount)


def swap(leg: Leg, contract: Address, *, amount_out: int, topic: str = SWAP_V3) -> LogEntry:
    amount_in, who = leg.amount_in, padded(contract)
    if leg.kind is PoolKind.V2:
        ins = (amount_in, 0) if leg.zero_for_one else (0, amount_in)
        outs = (0, amount_out) if leg.zero_for_one else (amount_out, 0)
        return entry(leg.pool, (SWAP_V2, who, who), *ins, *outs)
    changes = (amount_in, -amount_out) if leg.zero_for_one else (-amount_out, amount_in)
    rest = (2**96, 10**18, 0) if topic == SWAP_V3 else (2**96, 10**18, 0, 0, 0)
    return entry(leg.pool, (topic, who, who), *changes, *rest)


def executed(prepared: PreparedBatch) -> LogEntry:
    intent = prepared.intent
    topics = (BATCH_EXECUTED, "0x" + intent.plan_id, "0x" + prepared.intent_hash)
    return entry(intent.contract, topics, prepared.batch.sequence)


def batch_logs(
    prepared: PreparedBatch, *, amounts_out: Mapping[int, int] | None = None
) -> tuple[LogEntry, ...]:
    """Return what a batch leaves behind; `amounts_out` by leg index where not as planned."""
    contract, realised = prepared.intent.contract, amounts_out or {}
    logs: list[LogEntry] = []
    for index, leg in enumerate(prepared.batch.legs):
        amount_out = realised.get(index, leg.amount_out)
        logs += [
            transfer(leg.token_out.address, leg.pool, contract, amount_out),
            transfer(leg.token_in.address, contract, leg.pool, leg.amount_in),
        ]
        if isinstance(leg, Leg):
            logs.append(swap(leg, contract, amount_out=amount_out))
    return (*logs, executed(prepared))
