"""Coverage as the log has it: of every cycle that was proposed."""

from __future__ import annotations

from dataclasses import dataclass

from agent.bootstrap.ledgers import Access, open_ledger
from agent.daemon.standing import body_of
from agent.domain.bodies import ProposalMade
from agent.domain.coverage import Coverage
from agent.domain.record import RecordKind
from agent.errors import UnknownCycleError
from agent.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The coverage of one proposal, made at an ISO 8601 time."""

    cycle_id: str
    at: str
    coverage: Coverage


def history(settings: Settings) -> tuple[Covered, ...]:
    """Return the coverage of every cycle by its last proposal, in the order of time.

    Raises:
        LedgerError: it cannot be read, or is damaged.
    """
    if not settings.ledger.is_begun:
        return ()
    with open_ledger(settings, access=Access.READ) as ledger:
        found: dict[str, Covered] = {}
        for record in ledger.records(kinds=(RecordKind.PROPOSAL,)):
            body = body_of(record)
            if isinstance(body, ProposalMade):
                found[record.cycle_id] = Covered(
                    cycle_id=record.cycle_id, at=record.at, coverage=body.proposal.coverage
                )
        return tuple(found.values())


def of_cycle(covered: tuple[Covered, ...], cycle_id: str | None) -> Covered:
    """Return the coverage of a cycle, of the last one without an id.

    Raises:
        UnknownCycleError: nothing was proposed in it.
    """
    found = next((c for c in reversed(covered) if cycle_id in {None, c.cycle_id}), None)
    if found is None:
        known = tuple(c.cycle_id for c in covered)
        raise UnknownCycleError(cycle_id=cycle_id or "(the last)", known=known)
    return found
