"""The judge: it knows the chain, the ledger and the log, and nothing of what was done to the agent."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from pydantic import SecretStr

from agent.adapters.chain import RpcChain
from agent.adapters.clock import SystemClock
from agent.adapters.ledger import Access, SqlLedger, open_ledger
from agent.adapters.rpc import Rpc
from agent.domain.bodies import PlanMade
from agent.domain.intent import TERMINAL, TxState
from agent.domain.record import RecordKind
from agent.domain.units import Address
from agent.errors import AgentError, LogVerificationError
from agent.log import keys as log_keys
from agent.log.verify import verify
from agent.log.witness import check_chain
from agent.ports import IntentStatus
from anvil.node import Node
from anvil.strict.transaction import Transaction
from anvil.torture.stage import KEY_NAME

MOST_WAITING_BLOCKS = 40
"""How long a transaction may wait for its block once nothing is wrong any more."""

INCOMPLETE = "the log is not complete: nonce"
EXECUTED = "0x" + keccak(text="BatchExecuted(bytes32,bytes32,uint64)").hex()


class Wrong(StrEnum):
    """What can be wrong. The last two cost no money: an agent that stopped although it need not have."""

    DOUBLE = "double"
    UNRECORDED = "unrecorded"
    LOST = "lost"
    CONTRADICTED = "contradicted"
    FEES = "fees"
    LOG = "log"
    LEDGER = "ledger"
    STUCK = "stuck"
    HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong, in words."""

    kind: Wrong
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is to judge: a chain from block `since` on, and a deployment's files.

    From block `calm_from` on nodes were as they should be. `foreign` are the hashes of transactions that
    somebody else signed with the agent's key.
    """

    node: Node
    vault: str
    account: str
    since: int
    calm_from: int
    directory: Path
    max_fee_wei: int
    foreign: frozenset[str] = frozenset()

    @property
    def ledger(self) -> Path:
        return self.directory / "agent.sqlite"


@dataclass(slots=True)
class Arrivals:
    """Watches bytes reach the network: each must stand in the ledger already, durably."""

    ledger: Path
    unrecorded: list[str] = field(default_factory=list)
    first_block: dict[int, int] = field(default_factory=dict)

    def note(self, transaction: Transaction, height: int) -> None:
        self.first_block.setdefault(transaction.nonce, height)
        if transaction.hash not in self._recorded():
            self.unrecorded.append(transaction.hash)

    def _recorded(self) -> set[str]:
        if not self.ledger.exists():
            return set()
        with sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT tx_hash FROM attempts").fetchall()
        connection.close()
        return {row[0] for row in rows}


def judged(scene: Scene, arrivals: Arrivals, *, is_done: bool) -> list[Finding]:
    """Return what is wrong; nothing is, where everything happened at most once and is accounted for.

    `is_done`: the cycle says that it went well, so every batch of its plan must have had its effect.
    """
    landed = _landed(scene)
    wrong = [
        Finding(kind=Wrong.UNRECORDED, what=f"{tx} left before its record stood")
        for tx in arrivals.unrecorded
    ]
    try:
        with open_ledger(
            scene.ledger,
            clock=SystemClock(),
            access=Access.APPEND,
            checkpoint_key=log_keys.load_key(scene.directory / KEY_NAME),
        ) as ledger:
            intents = ledger.intents()
            ours = [tx for tx in landed if tx.tx_hash not in scene.foreign]
            wrong += _of_effects(intents, ours)
            wrong += _of_nonces(intents, ours)
            for status in intents:
                wrong += _of_intent(status, ours)
            wrong += _of_fees(scene, intents)
            wrong += _of_delays(scene, arrivals, ours)
            wrong += _unfinished(ledger, intents) if is_done else []
            wrong += _of_log(scene, ledger, is_done=is_done)
    except AgentError as error:
        wrong.append(Finding(kind=Wrong.LEDGER, what=str(error)))
    return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A transaction of the account on the chain, and the intents whose batches it executed."""

    tx_hash: str
    block: int
    nonce: int
    is_success: bool
    executed: tuple[str, ...]


def _landed(scene: Scene) -> list[Landed]:
    head = int(scene.node.head()["number"], 16)
    numbers = range(scene.since, head + 1)
    blocks = scene.node.batch([("eth_getBlockByNumber", (hex(n), True)) for n in numbers])
    ours = [
        tx for block in blocks for tx in block["transactions"]
        if tx["from"].lower() == scene.account.lower()
    ]  # fmt: skip
    if not ours:
        return []
    receipts = scene.node.batch([("eth_getTransactionReceipt", (tx["hash"],)) for tx in ours])
    return [
        Landed(
            tx_hash=tx["hash"],
            block=int(tx["blockNumber"], 16),
            nonce=int(tx["nonce"], 16),
            is_success=receipt["status"] == "0x1",
            executed=tuple(_executed(scene, receipt)),
        )
        for tx, receipt in zip(ours, receipts, strict=True)
    ]


def _executed(scene: Scene, receipt: Mapping[str, Any]) -> Sequence[str]:
    """Return the intent hashes of the vault's `BatchExecuted(planId, intentHash, sequence)` events."""
    return [
        entry["topics"][2].removeprefix("0x")
        for entry in receipt["logs"]
        if entry["address"].lower() == scene.vault.lower() and entry["topics"][0] == EXECUTED
    ]


def _of_effects(intents: Sequence[IntentStatus], landed: Sequence[Landed]) -> Iterator[Finding]:
    known = {status.intent_record_hash for status in intents}
    sent = {attempt.tx_hash for status in intents for attempt in status.attempts}
    for intent, count in Counter(intent for tx in landed for intent in tx.executed).items():
        if count > 1:
            yield Finding(kind=Wrong.DOUBLE, what=f"intent {intent} had {count} effects")
        if intent not in known:
            yield Finding(kind=Wrong.UNRECORDED, what=f"an effect without an intent: {intent}")
    for tx in landed:
        if tx.tx_hash not in sent:
            yield Finding(kind=Wrong.UNRECORDED, what=f"{tx.tx_hash} is on chain only")


def _of_nonces(intents: Sequence[IntentStatus], landed: Sequence[Landed]) -> Iterator[Finding]:
    held = Counter(status.nonce for status in intents if status.nonce is not None)
    for nonce, count in held.items():
        if count > 1:
            yield Finding(kind=Wrong.DOUBLE, what=f"nonce {nonce} is held by {count} intents")
    for nonce in sorted({tx.nonce for tx in landed} - set(held)):
        yield Finding(kind=Wrong.UNRECORDED, what=f"nonce {nonce} is used and was never reserved")


def _of_intent(status: IntentStatus, landed: Sequence[Landed]) -> Iterator[Finding]:
    """Hold what the ledger says of an intent against what the chain has of it."""
    hashes = {attempt.tx_hash for attempt in status.attempts}
    on_chain = [tx for tx in landed if tx.tx_hash in hashes]
    effects = sum(tx.executed.count(status.intent_record_hash) for tx in landed)
    is_so = {
        TxState.FINAL_OK: effects == (0 if status.intent.is_filler else 1),
        TxState.FINAL_REVERTED: bool(on_chain) and not effects,
        TxState.CANCELLED: not effects,
        TxState.EXTERNAL: not on_chain,
        TxState.INTENT: not effects,
        TxState.RESERVED: not effects,
        TxState.MINED: bool(on_chain),
    }
    if not is_so.get(status.state, True):
        what = f"{_short(status)} is {status.state}, the chain has {effects} effects of it"
        yield Finding(kind=Wrong.CONTRADICTED, what=what)


def _of_fees(scene: Scene, intents: Sequence[IntentStatus]) -> Iterator[Finding]:
    for attempt in (attempt for status in intents for attempt in status.attempts):
        offered = attempt.fee_cap.max_fee_per_gas
        if offered > scene.max_fee_wei:
            what = (
                f"{attempt.tx_hash} may pay {offered} wei per gas, the limit is {scene.max_fee_wei}"
            )
            yield Finding(kind=Wrong.FEES, what=what)


def _of_delays(scene: Scene, arrivals: Arrivals, landed: Sequence[Landed]) -> Iterator[Finding]:
    """Find what took too long from its first sending, or from when all was well, to its block."""
    for tx in landed:
        waited = tx.block - max(arrivals.first_block.get(tx.nonce, tx.block), scene.calm_from)
        if waited > MOST_WAITING_BLOCKS:
            yield Finding(kind=Wrong.STUCK, what=f"{tx.tx_hash} was mined {waited} blocks later")


def _unfinished(ledger: SqlLedger, intents: Sequence[IntentStatus]) -> Iterator[Finding]:
    """Find what a cycle left open or undone although it went well."""
    for status in intents:
        if status.state not in TERMINAL:
            yield Finding(kind=Wrong.STUCK, what=f"{_short(status)} is still {status.state}")
    made = [record.body for record in ledger.records(kinds=(RecordKind.PLAN,))]
    last = made[-1] if made else None
    if isinstance(last, PlanMade):
        done = {
            status.intent.batch_index
            for status in intents
            if (status.intent.plan_id, status.state) == (last.plan_id, TxState.FINAL_OK)
        }
        for index in sorted({batch.index for batch in last.plan.batches} - done):
            yield Finding(kind=Wrong.LOST, what=f"batch {index} of the last plan had no effect")


def _short(status: IntentStatus) -> str:
    return f"intent …{status.intent.intent_id[-10:]}"


def _of_log(scene: Scene, ledger: SqlLedger, *, is_done: bool) -> list[Finding]:
    """Close the log, export it, and verify it with its public key and the chain.

    Where somebody else used a nonce and the agent stopped to ask, the log must say that it is not complete.
    """
    account = Address(scene.account)
    with Rpc(SecretStr(scene.node.url)) as rpc:
        chain = RpcChain(rpc, chain_id=1, contract=Address(scene.vault))
        ledger.seal(
            block=chain.fetch_head(), account=account, next_nonce=chain.fetch_nonce(account)
        )
        public = log_keys.load_public_key(scene.directory / KEY_NAME.replace(".pem", ".pub"))
        try:
            check_chain(verify(ledger.export(), public), chain)
        except LogVerificationError as error:
            is_told = not is_done and scene.foreign and INCOMPLETE in str(error)
            return [] if is_told else [Finding(kind=Wrong.LOG, what=str(error))]
    return []
