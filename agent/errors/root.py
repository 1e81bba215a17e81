"""The roots of the tree of errors: one for each thing that the agent can do about what went wrong."""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """Root of everything this agent raises on purpose; `exit_code` is what a command ends with."""

    exit_code: ClassVar[int] = 1


class InputError(AgentError):
    """Something that was given is wrong; nothing has been done."""

    exit_code = 3


class RetryableError(AgentError):
    """The same call may succeed in the same cycle."""

    exit_code = 7


class SkipCycleError(AgentError):
    """The plan is dropped; the next cycle starts afresh."""

    exit_code = 5


class HaltError(AgentError):
    """Stop trading and call a human. After one that `needs_review` no cycle starts before a sign-off."""

    exit_code = 6
    needs_review: ClassVar[bool] = False


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
