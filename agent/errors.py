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

from typing import ClassVar


class AgentError(Exception):
    """Root of everything this agent raises on purpose; `exit_code` is what a command ends with."""

    exit_code: ClassVar[int] = 1


class InputError(AgentError):
    """Something that was given is wrong; nothing has been done."""

    exit_code = 3


class SettingsError(InputError):
    """A setting is missing or out of its range."""

    def __init__(self, *, field: str, value: object, mend: str) -> None:
        """Name the setting, what it was, and what to write instead."""
        self.field, self.value, self.mend = field, value, mend
        super().__init__(f"setting {field} = {value!r}: {mend}")


class InvalidSettingsError(InputError):
    """Several settings are wrong; the message has one line for each."""

    def __init__(self, *, errors: tuple[SettingsError, ...]) -> None:
        """Keep every error that was found."""
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class KeyFileError(InputError):
    """The keystore or its password cannot be used."""

    def __init__(self, *, path: str, reason: str, mend: str) -> None:
        """Name the file and the mend; never the password."""
        self.path, self.reason, self.mend = path, reason, mend
        super().__init__(f"keystore {path}: {reason}; {mend}")


class CheckpointKeyError(InputError):
    """A key of the log's checkpoints cannot be used."""

    def __init__(self, *, path: str, reason: str, mend: str) -> None:
        """Name the file and the mend."""
        self.path, self.reason, self.mend = path, reason, mend
        super().__init__(f"checkpoint key {path}: {reason}: {mend}")


class ApprovalRefusedError(InputError):
    """A proposal cannot be approved."""

    def __init__(self, *, proposal_id: str, reason: str) -> None:
        """Name the proposal and why."""
        self.proposal_id, self.reason = proposal_id, reason
        super().__init__(f"proposal {proposal_id} cannot be approved: {reason}: see agent status")


class UnknownCycleError(InputError):
    """The log has no such cycle."""

    def __init__(self, *, cycle_id: str, known: tuple[str, ...]) -> None:
        """Name the cycle, and give the latest of those that there are."""
        self.cycle_id, self.known = cycle_id, known
        latest = ", ".join(known[-3:]) or "none yet"
        super().__init__(
            f"the log has no cycle {cycle_id!r}: it has {latest}; see agent log show --all"
        )


class UnknownTransactionError(InputError):
    """No transaction, or more than one, goes by a name."""

    def __init__(self, *, name: str, count: int) -> None:
        """Give the name, and how many go by it."""
        self.name, self.count = name, count
        super().__init__(
            f"{count} transactions go by {name!r}: give a nonce, a whole transaction hash, or more of the "
            "intent's id; see agent tx list --all"
        )


class TransactionRefusedError(InputError):
    """An operator's act on a transaction does not fit how it stands; nothing was signed or sent."""

    def __init__(self, *, intent_id: str, deed: str, reason: str) -> None:
        """Name the intent, the act, and why it was refused."""
        self.intent_id, self.deed, self.reason = intent_id, deed, reason
        super().__init__(f"{deed} of intent {intent_id} refused: {reason}")


class ReviewOutdatedError(InputError):
    """A cycle went on since it was reviewed."""

    def __init__(self, *, cycle_id: str, reviewed: str, head: str) -> None:
        """Give the head that was reviewed and the one that stands."""
        self.cycle_id, self.reviewed, self.head = cycle_id, reviewed, head
        super().__init__(
            f"cycle {cycle_id} went on since {reviewed} was its head, now it is {head}: "
            "nothing was signed off; run agent log review again"
        )


class InfeasibleTargetError(InputError):
    """No basket satisfies the policy."""

    def __init__(self, *, field: str, value: object, mend: str) -> None:
        """Name the policy field that cannot be met and the least change that makes it feasible."""
        self.field, self.value, self.mend = field, value, mend
        super().__init__(f"policy {field} = {value}: {mend}")


class CanonicalFormError(InputError):
    """A value has no canonical form, or a canonical form is not of the expected type."""

    def __init__(self, *, what: str) -> None:
        """Name what was found."""
        self.what = what
        super().__init__(f"canonical form: {what}")


class DataFileError(InputError):
    """A file of ours or the operator's, other than signal or settings, cannot be used."""

    def __init__(self, *, path: str, field: str, value: object, mend: str) -> None:
        """Name the file, the field's path in it, what it held, and the mend."""
        self.path, self.field, self.value, self.mend = path, field, value, mend
        super().__init__(f"{path}: {field} = {value!r:.120}: {mend}")


class SignalError(InputError):
    """A ranking or regime signal cannot be used; `raw` is the bytes that were refused, for the log."""

    exit_code = 4
    raw: bytes = b""


class SignalRefusedError(SignalError):
    """A signal is malformed or breaks a rule."""

    def __init__(self, *, source: str, field: str, value: object, mend: str) -> None:
        """Name the source, the field's path, what it held, and the mend."""
        self.source, self.field, self.value, self.mend = source, field, value, mend
        super().__init__(f"signal from {source} refused: {field} = {value!r:.120}: {mend}")


class StaleSignalError(SignalError):
    """A signal is too old to act on."""

    def __init__(self, *, source: str, age_s: int, max_age_s: int) -> None:
        """Give the age and the limit in seconds."""
        self.source, self.age_s, self.max_age_s = source, age_s, max_age_s
        super().__init__(
            f"signal from {source} refused: issued_at is {age_s} s old, the limit is {max_age_s} s: "
            "publish a fresh signal or raise signals.max_age_s"
        )


class FutureSignalError(SignalError):
    """A signal claims to come from the future."""

    def __init__(self, *, source: str, ahead_s: int, max_skew_s: int) -> None:
        """Give how far ahead it is and the allowed skew, in seconds."""
        self.source, self.ahead_s, self.max_skew_s = source, ahead_s, max_skew_s
        super().__init__(
            f"signal from {source} refused: issued_at is {ahead_s} s in the future, "
            f"the allowed clock skew is {max_skew_s} s: check both clocks"
        )


class ExpiredSignalError(SignalError):
    """A signal says itself that it is over."""

    def __init__(self, *, source: str, expired_at: str) -> None:
        """Give the time after which it was not to be used."""
        self.source, self.expired_at = source, expired_at
        super().__init__(
            f"signal from {source} refused: expires_at = {expired_at}, that is past: publish a fresh signal"
        )


class ReplayedSignalError(SignalError):
    """A signal does not follow the last one that was accepted."""

    def __init__(self, *, source: str, field: str, found: str, last: str) -> None:
        """Name the field that went back, and both values."""
        self.source, self.field, self.found, self.last = source, field, found, last
        super().__init__(
            f"signal from {source} refused: {field} = {found}, the last accepted one has {last}: an old "
            "signal is not taken again; publish a newer one"
        )


class QuorumError(SignalError):
    """Too few sources of a signal agree."""

    def __init__(self, *, source: str, agree: int, said: tuple[str, ...]) -> None:
        """Give how many must agree, and what each said."""
        self.source, self.agree, self.said = source, agree, said
        super().__init__(
            f"signal from {source} refused: {agree} sources must agree, but {'; '.join(said)}: see which one "
            "is wrong, or wait for the others"
        )


class SignalsDisagreeError(SignalError):
    """Ranking and regime were issued too far apart to be used together."""

    def __init__(self, *, gap_s: int, max_gap_s: int) -> None:
        """Give the gap and the limit in seconds."""
        self.gap_s, self.max_gap_s = gap_s, max_gap_s
        super().__init__(
            f"ranking and regime were issued {gap_s} s apart, the limit is {max_gap_s} s: "
            "publish both for the same time or raise signals.max_gap_s"
        )


class RankingStoppedError(SignalError):
    """So much of a ranking changed at once that it is not acted on before somebody looked."""

    def __init__(self, *, sha256: str, reason: str) -> None:
        """Name the ranking and what changed."""
        self.sha256, self.reason = sha256, reason
        super().__init__(
            f"ranking {sha256[:16]} stopped by the quarantine: {reason}: compare it with another source; "
            f"if it is right, agent signals clear {sha256[:16]} lets it pass"
        )


class RetryableError(AgentError):
    """The same call may succeed in the same cycle."""

    exit_code = 7


class MessengerUnavailableError(RetryableError):
    """A channel to the operators did not take a notice."""

    def __init__(self, *, channel: str, reason: str) -> None:
        """Name the channel, never its address."""
        self.channel, self.reason = channel, reason
        super().__init__(f"channel {channel}: {reason}")


class RpcUnavailableError(RetryableError):
    """The node does not answer, or not sensibly."""

    def __init__(self, *, endpoint: str, reason: str) -> None:
        """Name the endpoint (without credentials) and what happened."""
        self.endpoint, self.reason = endpoint, reason
        super().__init__(
            f"RPC {endpoint} is not usable: {reason}: check chain.rpc_url and the node"
        )


class NodesDisagreeError(RetryableError):
    """Nodes say different things of the same: nothing is signed while they do."""

    exit_code = 6

    def __init__(self, *, what: str, said: tuple[tuple[str, str], ...]) -> None:
        """Give (endpoint, what it says) of each."""
        self.what, self.said = what, said
        words = ", ".join(f"{name} says {value}" for name, value in said)
        super().__init__(
            f"RPC endpoints disagree on {what}: {words}: nothing is signed until a quorum agrees; "
            "see which one is wrong, and take it out of chain.rpc_urls"
        )


class SourceUnavailableError(RetryableError):
    """A signal source does not answer."""

    def __init__(self, *, source: str, reason: str) -> None:
        """Name the source and what happened."""
        self.source, self.reason = source, reason
        super().__init__(
            f"signal source {source} is not usable: {reason}: check signals.* settings"
        )


class AggregatorUnusableError(RetryableError):
    """An aggregator makes no offers, or its router may not be called; a cycle goes on without it."""

    def __init__(self, *, service: str, reason: str) -> None:
        """Name the service and what is wrong with it."""
        self.service, self.reason = service, reason
        super().__init__(
            f"aggregator {service} is not usable: {reason}: cycles go on without it; mend it, or take "
            "it out of aggregators.services"
        )


class InDoubtError(RetryableError):
    """A transaction that was sent is neither confirmed nor known to have failed."""

    def __init__(self, *, tx_hash: str, waited_s: int) -> None:
        """Name the transaction and how long it was watched, in seconds."""
        self.tx_hash, self.waited_s = tx_hash, waited_s
        super().__init__(
            f"transaction {tx_hash} is not confirmed after {waited_s} s: its fate is open, nothing else "
            "is sent; start again to go on with the same bytes"
        )


class FeedUnusableError(RetryableError):
    """A price feed that nothing can be valued without has no fresh answer."""

    def __init__(self, *, token: str, feed: str, reason: str) -> None:
        """Name the token, its feed, and what is wrong with it."""
        self.token, self.feed, self.reason = token, feed, reason
        super().__init__(
            f"price feed {feed} of {token} is not usable: {reason}: wait for its next round, "
            "correct the address book, or raise policy.max_feed_age_s"
        )


class SkipCycleError(AgentError):
    """The plan is dropped; the next cycle starts afresh."""

    exit_code = 5


class StanceUndecidedError(SkipCycleError):
    """Nothing has said yet whether to be in the index or out of it."""

    def __init__(self, *, regime: str, probability: str) -> None:
        """Give the reading that was not clear enough."""
        self.regime, self.probability = regime, probability
        super().__init__(
            f"no stance yet: the first reading says {regime} at {probability}, which decides nothing: "
            "wait for a clearer one, lower regime.entry_probability, or use agent regime override"
        )


class PlanOutOfBoundsError(SkipCycleError):
    """The market moved so that the plan left its proposal's bounds."""

    def __init__(self, *, bound: str, allowed: str, found: str) -> None:
        """Name the bound and by how much it was left."""
        self.bound, self.allowed, self.found = bound, allowed, found
        super().__init__(
            f"plan leaves its proposal: {bound} is {found}, the bound is {allowed}: a new proposal follows"
        )


class ProposalRejectedError(SkipCycleError):
    """Somebody stopped a proposal."""

    def __init__(self, *, proposal_id: str, by: str, reason: str) -> None:
        """Name the proposal, who stopped it, and why."""
        self.proposal_id, self.by, self.reason = proposal_id, by, reason
        super().__init__(
            f"proposal {proposal_id} was rejected by {by}: {reason}: the next slot makes a new one"
        )


class AgentPausedError(SkipCycleError):
    """The agent is told to rest."""

    def __init__(self, *, by: str, reason: str) -> None:
        """Name who paused it, and why."""
        self.by, self.reason = by, reason
        super().__init__(f"paused by {by}: {reason}: nothing is signed until agent resume")


class ProposalNotApprovedError(SkipCycleError):
    """Nobody let the proposal go ahead in time."""

    def __init__(self, *, cycle_id: str, proposal_id: str) -> None:
        """Name the proposal that was not approved."""
        self.cycle_id, self.proposal_id = cycle_id, proposal_id
        super().__init__(
            f"proposal {proposal_id} of {cycle_id} was not approved in time: nothing was signed; "
            "agent run --once makes a new one, agent approve lets it go ahead"
        )


class PlanExpiredError(SkipCycleError):
    """A plan was not finished before its deadline."""

    def __init__(self, *, batch_index: int, deadline: int, now: int) -> None:
        """Name the batch that is not sent any more, and both block times in Unix seconds."""
        self.batch_index, self.deadline, self.now = batch_index, deadline, now
        super().__init__(
            f"batch {batch_index} could land until block time {deadline}, it is {now}: nothing more was "
            "signed; agent run --once plans what is left anew"
        )


class NonceTakenError(SkipCycleError):
    """Somebody else used the nonce that a batch was signed for: the batch can never land."""

    exit_code = 6

    def __init__(self, *, account: str, nonce: int) -> None:
        """Name the account and the nonce."""
        self.account, self.nonce = account, nonce
        super().__init__(
            f"nonce {nonce} of {account} was used by a transaction that is not in the ledger: its batch is "
            "dropped and what is left is planned anew; find out who else has the key, see agent tx list"
        )


class RouteUnfitError(SkipCycleError):
    """A router would not do what it was quoted for; the pools can be traded with all the same."""

    exit_code = 6

    def __init__(self, *, batch_index: int, what: str) -> None:
        """Name the batch and what its rehearsal found."""
        self.batch_index, self.what = batch_index, what
        super().__init__(
            f"batch {batch_index} calls a router and was refused: {what}: nothing of it was signed, what "
            "is left is planned anew with the pools alone"
        )


class HaltError(AgentError):
    """Stop trading and call a human. After one that `needs_review` no cycle starts before a sign-off."""

    exit_code = 6
    needs_review: ClassVar[bool] = False


class ReviewNeededError(HaltError):
    """An earlier cycle ended in a way that a human must look at first."""

    def __init__(self, *, cycle_id: str, reason: str) -> None:
        """Name the cycle to be reviewed, and why it ended."""
        self.cycle_id, self.reason = cycle_id, reason
        super().__init__(
            f"cycle {cycle_id} is not reviewed yet ({reason}): nothing was signed; "
            f"look at it with agent log review, then agent log sign-off"
        )


class LimitsBreachedError(HaltError):
    """A plan breaks the policy's limits; nothing was signed."""

    exit_code = 5

    def __init__(self, *, breaches: tuple[tuple[str, str, str, str], ...]) -> None:
        """Give (limit, allowed, found, mend) of each breach."""
        self.breaches = breaches
        lines = (
            f"{name} is {found}, the limit is {allowed}: {mend}"
            for name, allowed, found, mend in breaches
        )
        super().__init__("nothing was signed: " + "; ".join(lines))


class RehearsalMismatchError(HaltError):
    """The rehearsal did not do what the plan says; nothing was signed."""

    def __init__(self, *, batch_index: int, what: str, expected: str, found: str) -> None:
        """Name the batch, the quantity, and both values."""
        self.batch_index, self.what, self.expected, self.found = batch_index, what, expected, found
        super().__init__(
            f"rehearsal of batch {batch_index} refused: {what} is {found}, the plan says {expected}: "
            "nothing was signed; plan again"
        )


class DepeggedError(HaltError):
    """There is no stablecoin to go out to."""

    def __init__(self, *, said: tuple[str, ...]) -> None:
        """Give what is said of each stablecoin."""
        self.said = said
        super().__init__(
            f"no stablecoin to go out to: {'; '.join(said)}: nothing is traded; decide by hand, or name "
            "another in policy.stablecoin_weight_ppm"
        )


class WrongChainError(HaltError):
    """The node serves another chain than the settings name."""

    exit_code = 7

    def __init__(self, *, endpoint: str, expected: int, found: int) -> None:
        """Give both chain ids."""
        self.endpoint, self.expected, self.found = endpoint, expected, found
        super().__init__(
            f"RPC {endpoint} serves chain {found}, settings say {expected}: correct chain.rpc_url or chain.id"
        )


class NodeUnfitError(HaltError):
    """The node lacks something that the agent needs."""

    exit_code = 7

    def __init__(self, *, endpoint: str, lacks: str, mend: str) -> None:
        """Name what the node lacks."""
        self.endpoint, self.lacks, self.mend = endpoint, lacks, mend
        super().__init__(f"RPC {endpoint} lacks {lacks}: {mend}")


class VaultUnfitError(HaltError):
    """The contract that holds the funds, or its agent's account, is not ready for a cycle."""

    exit_code = 5

    def __init__(self, *, vault: str, what: str, mend: str) -> None:
        """Say what is wrong and what to do."""
        self.vault, self.what, self.mend = vault, what, mend
        super().__init__(f"vault {vault}: {what}: {mend}")


class LedgerError(HaltError):
    """The ledger cannot be trusted or written."""

    def __init__(self, *, what: str, mend: str) -> None:
        """Say what is wrong and what to do."""
        self.what, self.mend = what, mend
        super().__init__(f"ledger: {what}: {mend}")


class LedgerUnusableError(LedgerError):
    """The database under ledger and cycles fails: full, locked, damaged, not writable, or gone."""


class NonceMismatchError(HaltError):
    """The account's nonce on chain is not what the ledger says it must be."""

    needs_review = True

    def __init__(self, *, account: str, expected: int, found: int) -> None:
        """Give both nonces."""
        self.account, self.expected, self.found = account, expected, found
        super().__init__(
            f"account {account} is at nonce {found} on chain, the ledger says {expected}: nothing was "
            "signed; put the newest copy of the ledger back if an old one was restored, else see who "
            "has the key, then agent tx reconcile"
        )


class SequenceMismatchError(HaltError):
    """The contract has run a batch that the ledger does not know."""

    needs_review = True

    def __init__(self, *, contract: str, known: int, found: int) -> None:
        """Give the last sequence that the ledger can explain, and the contract's."""
        self.contract, self.known, self.found = contract, known, found
        super().__init__(
            f"contract {contract} has run batch {found}, the ledger knows of none above {known}: nothing "
            "was signed; stop, restore the newest copy of the ledger, then run agent tx doctor"
        )


class CalldataError(HaltError):
    """A batch has no calldata form, or bytes are not the calldata of a batch."""

    def __init__(self, *, what: str) -> None:
        """Name what does not fit."""
        self.what = what
        super().__init__(f"calldata: {what}: nothing was signed with it; plan again")


class TokenUnreadableError(HaltError):
    """A token does not say a balance or an allowance."""

    def __init__(self, *, token: str) -> None:
        """Name the token's address."""
        self.token = token
        super().__init__(
            f"token {token} does not say its balances: nothing is traded; look at its contract, and "
            "take it out of the portfolio if that stays so"
        )


class UnexpectedRevertError(HaltError):
    """A batch that was rehearsed reverted on chain; all that it cost is gas."""

    needs_review = True

    def __init__(self, *, tx_hash: str, batch_index: int) -> None:
        """Name the batch and its transaction."""
        self.tx_hash, self.batch_index = tx_hash, batch_index
        super().__init__(
            f"transaction {tx_hash}: batch {batch_index} reverted on chain though its rehearsal passed: "
            "no token moved, the rest is not sent; see agent log show, then plan again"
        )


class OutcomeMismatchError(HaltError):
    """What the chain says happened is not what was sent."""

    needs_review = True

    def __init__(self, *, tx_hash: str, what: str, expected: str, found: str) -> None:
        """Name the transaction and both values."""
        self.tx_hash, self.what, self.expected, self.found = tx_hash, what, expected, found
        super().__init__(
            f"transaction {tx_hash}: {what} is {found}, expected {expected}: trading halts; see agent status"
        )


class PlanningProcessError(HaltError):
    """The process that plans did not do it."""

    def __init__(self, *, deed: str, reason: str, mend: str) -> None:
        """Say what it was asked for, what came instead, and what to do."""
        self.deed, self.reason, self.mend = deed, reason, mend
        super().__init__(f"planning process, asked for {deed}: {reason}: {mend}")


class UnexpectedError(HaltError):
    """Something failed in a way that nobody named: a bug."""

    exit_code = 1
    needs_review = True

    def __init__(self, *, where: str, kind: str) -> None:
        """Name the step and the class of the exception; its words may hold anything."""
        self.where, self.kind = where, kind
        super().__init__(f"{kind} in {where}: this is a bug; the traceback is in the service's log")


class LogVerificationError(AgentError):
    """The log does not prove what it claims."""

    exit_code = 8

    def __init__(self, *, where: str, reason: str) -> None:
        """Name the record or checkpoint, and what is wrong with it."""
        self.where, self.reason = where, reason
        super().__init__(f"log verification failed at {where}: {reason}")


class StopRequestedError(BaseException):
    """The process is asked to stop: leave everything as it stands, the next start goes on from there.

    Like KeyboardInterrupt it is no Exception, so that nothing that mends failures catches it.
    """
