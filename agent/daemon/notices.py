"""What is said of a record of the log to those who run the agent; most records say nothing to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent import errors
from agent.daemon.notices_cycle import proposal_words, report_words
from agent.daemon.standing import body_of, needs_review
from agent.domain.bodies import (
    ApprovalGiven,
    Halted,
    NoncesAdopted,
    OperatorCommanded,
    ProposalMade,
    ProposalRejected,
    Reported,
    SignalRefused,
)
from agent.domain.notice import Level, Notice
from agent.domain.record import Record, RecordKind
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.errors import HaltError, SkipCycleError

ID_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A notice without what all have."""

    level: Level
    title: str
    body: str


class Teller:
    """Turns records, in their order, into notices; it remembers the last proposal's regime.

    `needs_approval` says of which regimes proposals wait for somebody.
    """

    def __init__(
        self, portfolio: str, *, needs_approval: frozenset[Regime], regime: Regime | None = None
    ) -> None:
        self._portfolio, self._needs_approval, self._regime = portfolio, needs_approval, regime
        self._words: Mapping[RecordKind, Callable[[Any, Record], Words | None]] = {
            RecordKind.PROPOSAL: self._proposal,
            RecordKind.APPROVAL: _approval,
            RecordKind.REJECTION: _rejection,
            RecordKind.COMMAND: _command,
            RecordKind.REGIME_COMMANDED: _regime_command,
            RecordKind.SIGNAL_REFUSED: _refusal,
            RecordKind.HALT: _halt,
            RecordKind.ADOPTED: _adoption,
            RecordKind.REPORT: _report,
        }

    def notice(self, record: Record) -> Notice | None:
        """Return what is to be said of a record, None where nothing is."""
        teller = self._words.get(record.kind)
        words = None if teller is None else teller(body_of(record), record)
        if words is None:
            return None
        notice_id = record.hash[:ID_LENGTH]
        return Notice(
            id=notice_id,
            at=datetime.fromisoformat(record.at),
            level=words.level,
            title=f"{self._portfolio}: {words.title}",
            body=f"{words.body}\n\nnotice {notice_id}, record {record.seq} of the log, {record.at}",
        )

    def _proposal(self, made: ProposalMade, record: Record) -> Words:
        before, regime = self._regime, made.proposal.regime
        self._regime = regime
        is_switch = before is not None and before is not regime
        is_waiting = regime in self._needs_approval
        title, body = proposal_words(made, is_waiting=is_waiting)
        if is_switch:
            title = f"the regime turned {regime}: {title}"
        level = Level.WARNING if is_switch or is_waiting else Level.INFO
        return Words(level=level, title=title, body=f"cycle {record.cycle_id}\n{body}")


def _approval(given: ApprovalGiven, record: Record) -> Words | None:
    if given.by == "settings":
        return None
    return Words(
        level=Level.INFO,
        title=f"proposal {given.proposal_id[:8]} approved by {given.by}",
        body=f"cycle {record.cycle_id}\n{given.note}".rstrip(),
    )


def _rejection(rejected: ProposalRejected, record: Record) -> Words:
    return Words(
        level=Level.WARNING,
        title=f"proposal {rejected.proposal_id[:8]} rejected by {rejected.by}",
        body=f"cycle {record.cycle_id}\n{rejected.reason}",
    )


def _command(given: OperatorCommanded, _: Record) -> Words:
    return Words(level=Level.WARNING, title=f"{given.command} by {given.by}", body=given.reason)


def _regime_command(given: RegimeCommanded, _: Record) -> Words:
    what = "follow the readings again" if given.stance is None else f"hold {given.stance}"
    return Words(level=Level.WARNING, title=f"told to {what} by {given.by}", body=given.reason)


def _refusal(refused: SignalRefused, record: Record) -> Words:
    return Words(
        level=Level.WARNING,
        title=f"{refused.signal} of {refused.source} refused",
        body=f"cycle {record.cycle_id}\n{refused.reason}",
    )


def _halt(halted: Halted, record: Record) -> Words:
    if needs_review(halted):
        title = "halted: nothing more is signed until a review"
        next_step = f"agent log review {record.cycle_id}"
    else:
        title, next_step = f"cycle ended early ({halted.error})", "agent status"
    is_skipped = issubclass(getattr(errors, halted.error, HaltError), SkipCycleError)
    return Words(
        level=Level.WARNING if is_skipped else Level.ERROR,
        title=title,
        body=f"cycle {record.cycle_id}\n{halted.reason}\nnext: {next_step}",
    )


def _adoption(adopted: NoncesAdopted, _: Record) -> Words | None:
    count = adopted.next_nonce - adopted.first_nonce
    if count <= 0:
        return None
    return Words(
        level=Level.WARNING,
        title=f"{count} nonces of {adopted.account} were used by somebody else",
        body=f"{adopted.note}\nnext: agent log show, and find out who holds the key",
    )


def _report(reported: Reported, record: Record) -> Words:
    title, body = report_words(reported.report)
    return Words(level=Level.INFO, title=title, body=f"cycle {record.cycle_id}\n{body}")
