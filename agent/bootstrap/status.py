"""How a deployment stands, read from its ledger and its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.adapters.clock import SystemClock
from agent.bootstrap.ledgers import Access, SqlLedger, open_ledger
from agent.bootstrap.wiring import schedule
from agent.daemon.commanding import rests
from agent.daemon.remembering import memory
from agent.daemon.standing import body_of, unreviewed_halt
from agent.domain.bodies import Body, Halted, PlanMade, ProposalMade, Reported
from agent.domain.intent import TERMINAL, TxState
from agent.domain.memory import NOTHING_REMEMBERED, Memory, Spent
from agent.domain.record import Checkpoint, Record, RecordKind
from agent.execution.account import foreign_nonces
from agent.planning.remembering import projected
from agent.settings import Settings

TELLING = (RecordKind.PROPOSAL, RecordKind.PLAN, RecordKind.HALT, RecordKind.REPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCycle:
    """The cycle that the log speaks of last: where it stands, since when, and what it says itself."""

    cycle_id: str
    stage: RecordKind
    at: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """A batch that has not come to its end; `tx_hash` is its last attempt's."""

    intent_id: str
    cycle_id: str
    state: TxState
    nonce: int | None
    tx_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at a glance. `needs_review` names a cycle without whose sign-off nothing is traded.

    `paused` says by whom and why, "" where the agent is not. What was spent is what rebalances within
    the index turned over and cost in 7 and in 365 days, and what a year at that rate comes to.
    `foreign_nonces` of the agent's accounts were used by somebody else.
    """

    portfolio: str
    next_cycle_id: str
    next_begins_at: datetime
    next_executes_at: datetime
    last: LastCycle | None
    needs_review: str | None
    paused: str
    spent_week: Spent
    spent_year: Spent
    projected_year: Spent
    open_intents: tuple[OpenIntent, ...]
    foreign_nonces: tuple[int, ...]
    records: int
    checkpoint: Checkpoint | None


def status(settings: Settings) -> Status:
    """Return how the deployment stands; one that has not run yet has no ledger.

    Raises:
        LedgerError: it cannot be read, or is damaged.
    """
    if not settings.ledger.is_begun:
        return _status(settings, None)
    with open_ledger(settings, access=Access.READ) as ledger:
        return _status(settings, ledger)


def _status(settings: Settings, ledger: SqlLedger | None) -> Status:
    notice = timedelta(hours=settings.schedule.notice_hours)
    upcoming = schedule(settings, notice=notice).upcoming(SystemClock().now())
    records = () if ledger is None else ledger.records()
    unreviewed = None if ledger is None else unreviewed_halt(ledger)
    spent, first = _spent(ledger)
    now_s = int(SystemClock().now().timestamp())
    return Status(
        portfolio=settings.portfolio.name,
        next_cycle_id=upcoming.cycle_id,
        next_begins_at=upcoming.scheduled_at - notice,
        next_executes_at=upcoming.scheduled_at,
        last=_last_cycle(records),
        needs_review=None if unreviewed is None else unreviewed[0],
        spent_week=spent.week,
        spent_year=spent.year,
        projected_year=projected(spent.year, first=first, now=now_s),
        paused="" if ledger is None else rests(ledger, upcoming),
        open_intents=() if ledger is None else _open_intents(ledger),
        foreign_nonces=() if ledger is None else foreign_nonces(ledger),
        records=len(records),
        checkpoint=None if ledger is None else (None, *ledger.checkpoints())[-1],
    )


def _spent(ledger: SqlLedger | None) -> tuple[Memory, int | None]:
    """Return what the log remembers now, and when the first cycle was reported."""
    if ledger is None:
        return NOTHING_REMEMBERED, None
    reports = ledger.records(kinds=(RecordKind.REPORT,))
    first = int(datetime.fromisoformat(reports[0].at).timestamp()) if reports else None
    return memory(ledger, now=int(SystemClock().now().timestamp())), first


def _last_cycle(records: tuple[Record, ...]) -> LastCycle | None:
    for record in reversed(records):
        if record.kind in TELLING:
            return LastCycle(
                cycle_id=record.cycle_id,
                stage=record.kind,
                at=record.at,
                words=_words(body_of(record)),
            )
    return None


def _words(body: Body) -> str:
    if isinstance(body, ProposalMade):
        when = f"{body.proposal.executes_at:%Y-%m-%d %H:%M} UTC"
        return f"{len(body.proposal.orders)} orders proposed for {when}: {body.proposal_id}"
    if isinstance(body, PlanMade):
        return f"{len(body.plan.batches)} batches planned: {body.plan_id}"
    if isinstance(body, Reported):
        traded = f"${body.report.traded_usd:,}"
        return f"{traded} traded in {len(body.report.outcomes)} batches"
    return body.reason if isinstance(body, Halted) else ""


def _open_intents(ledger: SqlLedger) -> tuple[OpenIntent, ...]:
    return tuple(
        OpenIntent(
            intent_id=s.intent.intent_id,
            cycle_id=s.intent.cycle_id,
            state=s.state,
            nonce=s.nonce,
            tx_hash=s.attempts[-1].tx_hash if s.attempts else None,
        )
        for s in ledger.intents()
        if s.state not in TERMINAL
    )
