"""A signal cannot be trusted, or two contradict each other: it is refused and recorded."""

from __future__ import annotations

from agent.errors.root import InputError


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
