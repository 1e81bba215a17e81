"""The commands of `agent log` that prove: export, verify, replay."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from agent.cli.frame import console, load_settings, print_json
from agent.cli.views_log import exported_view, replay_view, verdict_view
from agent.domain.record import Checkpoint, Record, RecordKind
from agent.errors import DataFileError, LogVerificationError, UnknownCycleError
from agent.log.keys import load_public_key
from agent.log.reading import last_checkpoint, opened
from agent.log.verify import Verdict, verify
from agent.log.witness import check_chain

STDOUT = Path("-")


def export_log(settings: Path | None, out: Path, *, as_sealed: bool, as_json: bool) -> None:
    from agent.bootstrap.ledgers import Access, open_ledger

    access = Access.READ if as_sealed else Access.APPEND
    with open_ledger(load_settings(settings), access=access) as ledger:
        if not as_sealed:
            ledger.reseal()
        lines = ledger.export()
        if out == STDOUT:
            sys.stdout.buffer.writelines(lines)
            return
        _write(out, lines)
    closing = _seen(out)
    if as_json:
        print_json({"export": str(out), "closed_by": closing})
    else:
        console().print(exported_view(out, closing))


def _write(out: Path, lines: Iterable[bytes]) -> None:
    """Write beside the file first, so that an export is whole or not there."""
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(lines)
        part.replace(out)
    except OSError as error:
        raise DataFileError(
            path=str(out),
            field="export",
            value=error.strerror,
            mend="name a file in a directory that can be written",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def verify_export(
    export: Path, key: Path, *, after: Path | None, rpc: str | None, as_json: bool
) -> None:
    try:
        verdict = _verdict(export, key, after=after, rpc=rpc)
    except LogVerificationError as error:
        if as_json:
            print_json({"is_verified": False, "where": error.where, "reason": error.reason})
        raise
    if as_json:
        print_json({"is_verified": True, "verdict": verdict})
    else:
        console().print(verdict_view(verdict))


def _verdict(export: Path, key: Path, *, after: Path | None, rpc: str | None) -> Verdict:
    earlier = None if after is None else _seen(after)
    with export.open("rb") as lines:
        verified = verify(lines, load_public_key(key), after=earlier)
    if rpc is None:
        return verified.verdict
    from agent.bootstrap.ledgers import witness

    with witness(rpc, chain_id=verified.closing.chain_id) as chain:
        return check_chain(verified, chain)


def _seen(path: Path) -> Checkpoint:
    with path.open("rb") as lines:
        return last_checkpoint(lines, name=str(path))


def replay_cycle(
    settings: Path | None, cycle_id: str | None, *, export: Path | None, as_json: bool
) -> None:
    from agent.bootstrap.ledgers import Access, open_ledger
    from agent.log.replay import inputs_sha256, last_plan, replay

    if export is not None:
        with export.open("rb") as lines:
            read = opened(lines)
        record = last_plan(read.records, _planned_cycle(read.records, cycle_id))
        content = read.content_by_sha256.get(inputs_sha256(record), b"")
    else:
        with open_ledger(load_settings(settings), access=Access.READ) as ledger:
            records = ledger.records()
            record = last_plan(records, _planned_cycle(records, cycle_id))
            content = ledger.load_content(inputs_sha256(record))
    replayed = replay(record, content)
    if as_json:
        print_json(replayed)
    else:
        console().print(replay_view(replayed))


def _planned_cycle(records: tuple[Record, ...], cycle_id: str | None) -> str:
    planned = [r.cycle_id for r in records if r.kind is RecordKind.PLAN]
    wanted = cycle_id or (planned[-1] if planned else "")
    known = tuple(dict.fromkeys(r.cycle_id for r in records))
    if wanted not in known:
        raise UnknownCycleError(cycle_id=wanted, known=known)
    return wanted
