"""What can go wrong, grouped by what the agent does about it.

Every message is one line: the field or thing, its value, and the mend.

* AgentError
  - InputError            refuse before anything runs
    . SettingsError, InvalidSettingsError, SignalError (SignalRefusedError, StaleSignalError, FutureSignalError, ExpiredSignalError,
      ReplayedSignalError, QuorumError, SignalsDisagreeError, RankingStoppedError)
    . InfeasibleTargetError, KeyFileError, CheckpointKeyError, CanonicalFormError,
      UnknownCycleError, UnknownTransactionError, TransactionRefusedError, ReviewOutdatedError, DataFileError,
      ApprovalRefusedError
  - RetryableError        same call, same cycle
    . RpcUnavailableError, NodesDisagreeError, SourceUnavailableError, FeedUnusableError,
      AggregatorUnusableError, InDoubtError, MessengerUnavailableError
  - SkipCycleError        drop this plan, start again next cycle
    . StanceUndecidedError, PlanOutOfBoundsError, ProposalNotApprovedError,
      ProposalRejectedError, AgentPausedError, PlanExpiredError, NonceTakenError, RouteUnfitError
  - HaltError             stop trading and page a human
    . DepeggedError, LimitsBreachedError, RehearsalMismatchError, WrongChainError, NodeUnfitError, VaultUnfitError,
      LedgerError (LedgerUnusableError),
      NonceMismatchError, SequenceMismatchError, CalldataError, TokenUnreadableError, UnexpectedRevertError,
      OutcomeMismatchError, ReviewNeededError, PlanningProcessError, UnexpectedError
  - LogVerificationError  the log does not prove what it claims

`StopRequestedError` stands outside the tree: being asked to stop is not a failure.
"""

from __future__ import annotations

from agent.errors.halting import (
    CalldataError,
    DepeggedError,
    LedgerError,
    LedgerUnusableError,
    LimitsBreachedError,
    NodeUnfitError,
    NonceMismatchError,
    OutcomeMismatchError,
    PlanningProcessError,
    RehearsalMismatchError,
    ReviewNeededError,
    SequenceMismatchError,
    TokenUnreadableError,
    UnexpectedError,
    UnexpectedRevertError,
    VaultUnfitError,
    WrongChainError,
)
from agent.errors.inputs import (
    ApprovalRefusedError,
    CanonicalFormError,
    CheckpointKeyError,
    DataFileError,
    InfeasibleTargetError,
    InvalidSettingsError,
    KeyFileError,
    ReviewOutdatedError,
    SettingsError,
    TransactionRefusedError,
    UnknownCycleError,
    UnknownTransactionError,
)
from agent.errors.passing import (
    AggregatorUnusableError,
    FeedUnusableError,
    InDoubtError,
    MessengerUnavailableError,
    NodesDisagreeError,
    RpcUnavailableError,
    SourceUnavailableError,
)
from agent.errors.root import (
    AgentError,
    HaltError,
    InputError,
    LogVerificationError,
    RetryableError,
    SkipCycleError,
    StopRequestedError,
)
from agent.errors.signals import (
    ExpiredSignalError,
    FutureSignalError,
    QuorumError,
    RankingStoppedError,
    ReplayedSignalError,
    SignalError,
    SignalRefusedError,
    SignalsDisagreeError,
    StaleSignalError,
)
from agent.errors.skipping import (
    AgentPausedError,
    NonceTakenError,
    PlanExpiredError,
    PlanOutOfBoundsError,
    ProposalNotApprovedError,
    ProposalRejectedError,
    RouteUnfitError,
    StanceUndecidedError,
)

__all__ = [
    "AgentError",
    "AgentPausedError",
    "AggregatorUnusableError",
    "ApprovalRefusedError",
    "CalldataError",
    "CanonicalFormError",
    "CheckpointKeyError",
    "DataFileError",
    "DepeggedError",
    "ExpiredSignalError",
    "FeedUnusableError",
    "FutureSignalError",
    "HaltError",
    "InDoubtError",
    "InfeasibleTargetError",
    "InputError",
    "InvalidSettingsError",
    "KeyFileError",
    "LedgerError",
    "LedgerUnusableError",
    "LimitsBreachedError",
    "LogVerificationError",
    "MessengerUnavailableError",
    "NodeUnfitError",
    "NodesDisagreeError",
    "NonceMismatchError",
    "NonceTakenError",
    "OutcomeMismatchError",
    "PlanExpiredError",
    "PlanOutOfBoundsError",
    "PlanningProcessError",
    "ProposalNotApprovedError",
    "ProposalRejectedError",
    "QuorumError",
    "RankingStoppedError",
    "RehearsalMismatchError",
    "ReplayedSignalError",
    "RetryableError",
    "ReviewNeededError",
    "ReviewOutdatedError",
    "RouteUnfitError",
    "RpcUnavailableError",
    "SequenceMismatchError",
    "SettingsError",
    "SignalError",
    "SignalRefusedError",
    "SignalsDisagreeError",
    "SkipCycleError",
    "SourceUnavailableError",
    "StaleSignalError",
    "StanceUndecidedError",
    "StopRequestedError",
    "TokenUnreadableError",
    "TransactionRefusedError",
    "UnexpectedError",
    "UnexpectedRevertError",
    "UnknownCycleError",
    "UnknownTransactionError",
    "VaultUnfitError",
    "WrongChainError",
]
