"""Trading stops, and a human is called."""

from __future__ import annotations

from agent.errors.root import HaltError


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
