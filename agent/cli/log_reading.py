"""The commands of `agent log` that read and review."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.bootstrap.ledgers import Access, open_ledger
from agent.cli.frame import console, load_settings, print_json
from agent.cli.views_log import cycle_view, review_view, signed_off_view
from agent.domain.bodies import SignedOff
from agent.domain.record import Record
from agent.errors import ReviewOutdatedError, UnknownCycleError
from agent.log.reading import opened
from agent.log.review import remarks, unreviewed
from agent.log.show import cycle_views
from agent.log.views import CycleView


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A cycle with what is unusual in it."""

    cycle: CycleView
    remarks: tuple[str, ...]


def show_cycles(
    settings: Path | None, cycle_id: str | None, *, every: bool, export: Path | None, as_json: bool
) -> None:
    cycles = cycle_views(_records(settings, export))
    if cycle_id is not None:
        cycles = (_cycle(cycles, cycle_id),)
    elif not every:
        cycles = cycles[-1:]
    shown = tuple(Reviewed(cycle=cycle, remarks=remarks(cycle)) for cycle in cycles)
    if as_json:
        print_json(shown)
        return
    screen = console()
    for each in shown:
        screen.print(cycle_view(each.cycle, each.remarks))
    if not shown:
        screen.print("the log is empty; next: agent run")


def _records(settings: Path | None, export: Path | None) -> tuple[Record, ...]:
    if export is not None:
        with export.open("rb") as lines:
            return opened(lines).records
    with open_ledger(load_settings(settings), access=Access.READ) as ledger:
        return ledger.records()


def _cycle(cycles: tuple[CycleView, ...], cycle_id: str) -> CycleView:
    found = next((cycle for cycle in cycles if cycle.cycle_id == cycle_id), None)
    if found is None:
        known = tuple(cycle.cycle_id for cycle in cycles)
        raise UnknownCycleError(cycle_id=cycle_id, known=known)
    return found


def review_cycles(settings: Path | None, *, as_json: bool) -> None:
    waiting = tuple(
        Reviewed(cycle=cycle, remarks=remarks(cycle))
        for cycle in unreviewed(cycle_views(_records(settings, None)))
    )
    if as_json:
        print_json(waiting)
        return
    screen = console()
    for each in waiting:
        screen.print(review_view(each.cycle, each.remarks))
    if not waiting:
        screen.print("every cycle is signed off; next: agent log export FILE, for the auditor")


def sign_off_cycle(
    settings: Path | None, cycle_id: str, *, by: str, note: str, head: str | None, as_json: bool
) -> None:
    with open_ledger(load_settings(settings), access=Access.APPEND) as ledger:
        cycle = _cycle(cycle_views(ledger.records()), cycle_id)
        if head is not None and not (head and cycle.head.startswith(head)):
            raise ReviewOutdatedError(cycle_id=cycle_id, reviewed=head, head=cycle.head)
        body = SignedOff(by=by, head=cycle.head, note=note)
        record = ledger.append(body, cycle_id=cycle_id)
    if as_json:
        print_json(record)
    else:
        console().print(signed_off_view(cycle_id, body, record))
