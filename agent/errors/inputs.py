"""Something that was given is wrong: it is refused before anything runs."""

from __future__ import annotations

from agent.errors.root import InputError


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
