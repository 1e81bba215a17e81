"""The kinds of record in the signed-trade log, and one record as it stands in the chain of hashes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RecordKind(StrEnum):
    """Everything that is written down, in the order in which a cycle meets it."""

    SIGNAL_ACCEPTED = "signal_accepted"
    SIGNAL_REFUSED = "signal_refused"
    INPUTS = "inputs"
    PROPOSAL = "proposal"
    APPROVAL = "approval"
    PLAN = "plan"
    HALT = "halt"
    INTENT = "intent"
    REHEARSAL = "rehearsal"
    SIGNED = "signed"
    OUTCOME = "outcome"
    REPORT = "report"
    SIGN_OFF = "sign_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `hash` is the SHA-256 of the canonical form of all the other fields.

    `at` is an ISO 8601 UTC time; `prev` the hash of the record before, 64 zeros for the first.
    """

    seq: int
    prev: str
    at: str
    cycle_id: str
    kind: RecordKind
    body: Any
    hash: str
