"""A record of the signed-trade log, and the checkpoint that signs for all records up to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.domain.units import Address

BETWEEN_CYCLES = "between-cycles"
"""The cycle id of what is recorded while no cycle is concerned."""

NO_HASH = "0" * 64
"""What stands for the hash before the first record and before the first checkpoint."""


class RecordKind(StrEnum):
    """Everything that is written down, in the order in which a cycle meets it."""

    SIGNAL_ACCEPTED = "signal_accepted"
    SIGNAL_REFUSED = "signal_refused"
    REGIME_READ = "regime_read"
    REGIME_COMMANDED = "regime_commanded"
    OBSERVED = "observed"
    RANKING_VETTED = "ranking_vetted"
    RANKING_CLEARED = "ranking_cleared"
    INPUTS = "inputs"
    PROPOSAL = "proposal"
    APPROVAL = "approval"
    REJECTION = "rejection"
    COMMAND = "command"
    PLAN = "plan"
    HALT = "halt"
    INTENT = "intent"
    REHEARSAL = "rehearsal"
    REROUTED = "rerouted"
    ADOPTED = "adopted"
    MOVED = "moved"
    SIGNED = "signed"
    OUTCOME = "outcome"
    REPORT = "report"
    SIGN_OFF = "sign_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `hash` is the SHA-256 of the canonical form of all the other fields.

    `seq` counts from 1. `at` is an ISO 8601 UTC time; `prev` the hash of the record before, 64 zeros
    for the first. `body` is the JSON tree of one of the classes in `agent.domain.bodies`.
    """

    seq: int
    prev: str
    at: str
    cycle_id: str
    kind: RecordKind
    body: Any
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed statement about a log: its first `size` records end in the hash `head`.

    At block `block_number` of chain `chain_id` the account's nonce was `next_nonce`, and the log
    accounts for every nonce from `first_nonce` up to it. `previous` is the hash of the checkpoint
    before (64 zeros for the first), `signature` hex of Ed25519 over all the other fields.
    """

    origin: str
    size: int
    head: str
    at: str
    chain_id: int
    block_number: int
    block_hash: str
    account: Address
    first_nonce: int
    next_nonce: int
    previous: str
    key_id: str
    signature: str
