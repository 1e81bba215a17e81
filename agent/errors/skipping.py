"""The plan is dropped; the next cycle starts anew."""

from __future__ import annotations

from agent.errors.root import SkipCycleError


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
