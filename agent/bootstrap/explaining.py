"""A cycle of the log, explained: what began it, and why each coin is traded or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.bootstrap.ledgers import Access, open_ledger
from agent.daemon.standing import body_of
from agent.domain.bodies import Halted, PlanMade, ProposalMade
from agent.domain.canonical import from_json
from agent.domain.plan import Plan, PlanInputs, Proposal
from agent.domain.record import Record, RecordKind
from agent.errors import UnknownCycleError
from agent.log.reading import opened
from agent.planning.explaining import CoinReason, Decided, explained, trigger
from agent.settings import Settings

KINDS = (RecordKind.PROPOSAL, RecordKind.PLAN, RecordKind.HALT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a cycle did what it did. `of` is what is explained, "plan" or "proposal", with its id.

    `ended` is why it ended early, "" where it did not.
    """

    cycle_id: str
    trigger: str
    stance: str
    of: str
    ended: str
    coins: tuple[CoinReason, ...]


def explain(settings: Settings, cycle_id: str | None, *, export: Path | None) -> Explanation:
    """Return the explanation of a cycle, by default of the last that proposed something.

    Raises:
        UnknownCycleError: the log has none, or it proposed nothing. LogVerificationError: the export is damaged.
    """
    if export is not None:
        with export.open("rb") as lines:
            log = opened(lines)
        return _explained(settings, log.records, log.content_by_sha256.__getitem__, cycle_id)
    with open_ledger(settings, access=Access.READ) as ledger:
        return _explained(settings, ledger.records(), ledger.load_content, cycle_id)


def _explained(
    settings: Settings,
    records: Sequence[Record],
    load: Callable[[str], bytes],
    cycle_id: str | None,
) -> Explanation:
    proposed = [r.cycle_id for r in records if r.kind is RecordKind.PROPOSAL]
    wanted = cycle_id or (proposed[-1] if proposed else "")
    if wanted not in proposed:
        known = tuple(dict.fromkeys(proposed))
        raise UnknownCycleError(cycle_id=wanted or "(the last)", known=known)
    of, made, ended = _last(r for r in records if r.cycle_id == wanted and r.kind in KINDS)
    inputs: PlanInputs = from_json(PlanInputs, json.loads(load(made.inputs_sha256)))
    decided = Decided(basket=made.basket, orders=made.orders, skipped=made.skipped)
    return Explanation(
        cycle_id=wanted,
        trigger=trigger(wanted, portfolio=settings.portfolio.name, cron=settings.schedule.cron),
        stance=f"{inputs.stance.regime}: {inputs.stance.why}",
        of=of,
        ended=ended,
        coins=explained(inputs, decided),
    )


def _last(records: Iterable[Record]) -> tuple[str, Proposal | Plan, str]:
    """Return the last proposal or plan of a cycle, and how the cycle ended after it."""
    of, ended = "", ""
    made: Proposal | Plan | None = None
    for body in map(body_of, records):
        if isinstance(body, ProposalMade):
            of, made, ended = f"proposal {body.proposal_id}", body.proposal, ""
        elif isinstance(body, PlanMade):
            of, made, ended = f"plan {body.plan_id}", body.plan, ""
        elif isinstance(body, Halted):
            ended = body.reason
    assert made is not None, "the cycle has a proposal"  # noqa: S101
    return of, made, ended
