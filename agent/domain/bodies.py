"""What the records of the log say: one class for each kind of record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from agent.domain.block import Block
from agent.domain.breakers import Observed
from agent.domain.fill import CycleReport, Fill
from agent.domain.intent import Attempt, Intent, Receipt, Route, TxState
from agent.domain.plan import Plan, Proposal
from agent.domain.record import RecordKind
from agent.domain.regime import RegimeCommanded, RegimeRead
from agent.domain.units import Address
from agent.domain.vetting import RankingCleared, RankingVetted


class SignalName(StrEnum):
    """Which of the two signals."""

    RANKING = "ranking"
    REGIME = "regime"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAccepted:
    """A signal that will be acted on; `sha256` names the bytes that carried it, kept as content.

    `sequence` is the source's own count, `signed_by` the key that vouched for it, "" for none.
    """

    signal: SignalName
    source: str
    issued_at: datetime
    sha256: str
    sequence: int | None = None
    signed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRefused:
    """A signal that was not acted on, and why; `sha256` is None where no bytes arrived."""

    signal: SignalName
    source: str
    sha256: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsFixed:
    """What a proposal or plan is computed from; the canonical form of `PlanInputs` is kept as content."""

    inputs_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalMade:
    """What a coming cycle means to do; `proposal_id` is the proposal's content id."""

    proposal_id: str
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """Who let a proposal go ahead, in their own words or the policy's."""

    proposal_id: str
    by: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRejected:
    """Who stopped a proposal, and why; it is not carried out."""

    proposal_id: str
    by: str
    reason: str


class Command(StrEnum):
    """What an operator may tell the whole agent: rest, or go on."""

    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCommanded:
    """Who told the agent what, and why; the last command stands."""

    command: Command
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """What a cycle will do; `plan_id` is the plan's content id."""

    plan_id: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """Why a cycle ended early: the error's class name, and its one line for the operator."""

    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentOpened:
    """The decision to send a batch. The hash of this record is the batch's witness on chain."""

    intent: Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class NoncesAdopted:
    """Nonces that the ledger did not give out and accounts for from here on: used by somebody else.

    They are those from `first_nonce` up to `next_nonce`, without it; none where a log begins on an
    account that has a past. Batches of `contract` up to `sequence` count as known. `by` is "agent",
    or who decided it.
    """

    chain_id: int
    account: Address
    contract: Address
    first_nonce: int
    next_nonce: int
    sequence: int
    block: Block
    by: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """What was private goes to the public endpoints, too, from `block` on; `policy` is the setting that says so."""

    intent_id: str
    route: Route
    policy: str
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What the exact calldata did before it was signed; `deltas` in base units by token address."""

    intent_id: str
    simulator: str
    block: Block
    calldata_sha256: str
    gas_used: int
    deltas: Mapping[Address, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A step of an intent's transaction that ends nothing; `nonce` is the one reserved for it."""

    intent_id: str
    state: TxState
    nonce: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Bytes that were signed, written down before they may leave."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an intent's transaction, with the receipt that shows it and the fills it brought."""

    intent_id: str
    state: TxState
    receipt: Receipt | None
    fills: tuple[Fill, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Planned against realised for a whole cycle."""

    report: CycleReport


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff:
    """Who reviewed a cycle; `head` is the hash of the last record that they saw of it."""

    by: str
    head: str
    note: str


Body = (
    SignalAccepted
    | SignalRefused
    | RegimeRead
    | RegimeCommanded
    | Observed
    | RankingVetted
    | RankingCleared
    | InputsFixed
    | ProposalMade
    | ApprovalGiven
    | ProposalRejected
    | OperatorCommanded
    | PlanMade
    | Halted
    | IntentOpened
    | NoncesAdopted
    | Rerouted
    | Rehearsed
    | Moved
    | Signed
    | Outcome
    | Reported
    | SignedOff
)

BODY_BY_KIND: Mapping[RecordKind, type[Body]] = MappingProxyType(
    {
        RecordKind.SIGNAL_ACCEPTED: SignalAccepted,
        RecordKind.SIGNAL_REFUSED: SignalRefused,
        RecordKind.REGIME_READ: RegimeRead,
        RecordKind.REGIME_COMMANDED: RegimeCommanded,
        RecordKind.OBSERVED: Observed,
        RecordKind.RANKING_VETTED: RankingVetted,
        RecordKind.RANKING_CLEARED: RankingCleared,
        RecordKind.INPUTS: InputsFixed,
        RecordKind.PROPOSAL: ProposalMade,
        RecordKind.APPROVAL: ApprovalGiven,
        RecordKind.REJECTION: ProposalRejected,
        RecordKind.COMMAND: OperatorCommanded,
        RecordKind.PLAN: PlanMade,
        RecordKind.HALT: Halted,
        RecordKind.INTENT: IntentOpened,
        RecordKind.ADOPTED: NoncesAdopted,
        RecordKind.REROUTED: Rerouted,
        RecordKind.REHEARSAL: Rehearsed,
        RecordKind.MOVED: Moved,
        RecordKind.SIGNED: Signed,
        RecordKind.OUTCOME: Outcome,
        RecordKind.REPORT: Reported,
        RecordKind.SIGN_OFF: SignedOff,
    }
)
KIND_BY_BODY: Mapping[type[Body], RecordKind] = MappingProxyType(
    {body: kind for kind, body in BODY_BY_KIND.items()}
)


CONTENT_FIELD: Mapping[RecordKind, str] = MappingProxyType(
    {
        RecordKind.SIGNAL_ACCEPTED: "sha256",
        RecordKind.SIGNAL_REFUSED: "sha256",
        RecordKind.RANKING_VETTED: "memory_sha256",
        RecordKind.INPUTS: "inputs_sha256",
    }
)
"""Where a body names content that the record cannot be understood without, by its SHA-256."""
