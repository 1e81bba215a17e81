"""What a cycle tells whoever watches it, as the values that it made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from agent.domain.bodies import NoncesAdopted, Rehearsed
from agent.domain.fill import BatchOutcome, CycleReport
from agent.domain.plan import Plan, PlanInputs, Proposal
from agent.domain.record import Checkpoint
from agent.domain.regime import Stance
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.units import Address


class Ending(StrEnum):
    """How a step or cycle ended: gone well, outgrown by the market, given up until the next, or halted."""

    DONE = "done"
    OUTGROWN = "outgrown"
    SKIPPED = "skipped"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """What became of a step; `reason` is the operator's one line, `batches` how many there are to send."""

    ending: Ending
    error: str = ""
    reason: str = ""
    exit_code: int = 0
    batches: int = 0


DONE = StepEnd(ending=Ending.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A cycle that an earlier process left under way goes on; another waits for its end."""

    cycle_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsAccepted:
    """Both signals were read and will be acted on."""

    ranking: Ranking
    regime: RegimeSignal
    stance: Stance


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal was made from these inputs."""

    proposal_id: str
    proposal: Proposal
    inputs: PlanInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan was made from these inputs, and lies within its bounds and limits."""

    plan_id: str
    plan: Plan
    inputs: PlanInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class NonceTaken:
    """Somebody else used a nonce that a batch was signed for: the batch is dropped, whatever it held."""

    account: Address
    nonce: int
    intent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeHeld:
    """The network asks more than the fee ceiling, both wei per gas: nothing is signed until it asks less."""

    asked: int
    ceiling: int


Happening = (
    Resumed
    | SignalsAccepted
    | Proposed
    | Planned
    | Rehearsed
    | NoncesAdopted
    | NonceTaken
    | FeeHeld
    | BatchOutcome
    | CycleReport
    | Checkpoint
    | StepEnd
)
Listener = Callable[[Happening], None]
