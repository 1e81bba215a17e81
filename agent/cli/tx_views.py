"""What `agent tx` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from agent.bootstrap.transactions import (
    Deed,
    Report,
    act_on,
    doctor,
    found,
    reconcile,
    transactions,
)
from agent.cli.frame import console, load_settings, print_json
from agent.cli.tables import filled, heading, plain_table
from agent.cli.words import short
from agent.domain.bodies import NoncesAdopted
from agent.domain.intent import Attempt, FeeCap

GWEI_DIGITS = 9


def show_list(settings_file: Path | None, *, every: bool, as_json: bool) -> None:
    statuses = transactions(load_settings(settings_file), every=every)
    if as_json:
        print_json(statuses)
        return
    if not statuses:
        console().print("no transaction is open" if not every else "there is no transaction yet")
        return
    rows = (
        (
            "" if s.nonce is None else str(s.nonce),
            str(s.state),
            str(len(s.attempts)),
            s.intent.cycle_id,
            s.attempts[-1].tx_hash if s.attempts else f"intent {short(s.intent.intent_id)}",
        )
        for s in statuses
    )
    console().print(
        filled(plain_table(">nonce", "state", ">attempts", "cycle", "transaction"), rows)
    )


def show_one(settings_file: Path | None, name: str, *, as_json: bool) -> None:
    status = found(transactions(load_settings(settings_file), every=True), name)
    if as_json:
        print_json(status)
        return
    intent = status.intent
    rows = [
        ("intent", intent.intent_id),
        ("cycle", intent.cycle_id),
        ("state", str(status.state)),
        ("nonce", "none" if status.nonce is None else str(status.nonce)),
        ("account", intent.account),
        ("sequence", str(intent.sequence)),
        ("route", str(intent.route)),
    ]
    attempts = filled(
        plain_table(">attempt", "kind", ">gwei", ">tip", "transaction"), map(_row, status.attempts)
    )
    console().print(Group(filled(plain_table("", ""), rows), heading("Attempts"), attempts))


def _row(attempt: Attempt) -> tuple[str, ...]:
    cap: FeeCap = attempt.fee_cap
    most, tip = _gwei(cap.max_fee_per_gas), _gwei(cap.max_priority_fee_per_gas)
    return str(attempt.number), str(attempt.kind), most, tip, attempt.tx_hash


def _gwei(wei: int) -> str:
    whole, rest = divmod(wei, 10**GWEI_DIGITS)
    return f"{whole}.{rest:0{GWEI_DIGITS}d}".rstrip("0").rstrip(".")


def show_diagnoses(settings_file: Path | None, *, as_json: bool) -> None:
    report = doctor(load_settings(settings_file))
    if as_json:
        print_json(report)
    else:
        console().print(Group(*_parts(report)))


def _parts(report: Report) -> Iterator[RenderableType]:
    for one in report.accounts:
        known = _or_none(one.nonce_in_ledger)
        yield heading(f"Account {one.account}")
        rows = [
            ("nonce", f"{one.nonce_on_chain} on chain, the ledger's next is {known}"),
            (
                "sequence",
                f"{one.sequence_on_chain} on chain, {_or_none(one.sequence_in_ledger)} signed",
            ),
            *([("gaps", _listed(one.gaps))] if one.gaps else []),
            *([("alarm", _foreign(one.foreign_nonces))] if one.foreign_nonces else []),
            *([("delegate", f"{one.delegate}: one transaction at a time")] if one.delegate else []),
            ("next", one.next_step),
        ]
        yield filled(plain_table("", "~"), rows)
    for tx in report.open:
        yield heading(f"Nonce {'-' if tx.nonce is None else tx.nonce}, {tx.state}")
        rows = [("is", tx.fact), ("because", tx.why), ("next", tx.next_step)]
        rows += [("hash", tx.tx_hash)] if tx.tx_hash else []
        yield filled(plain_table("", "~"), rows)
    if not report.open:
        yield Text("\nno transaction is open")


def _or_none(number: int | None) -> str:
    return "none yet" if number is None else str(number)


def _listed(nonces: tuple[int, ...]) -> str:
    return ", ".join(map(str, nonces))


def _foreign(nonces: tuple[int, ...]) -> str:
    return f"somebody else used nonces {_listed(nonces)}: find out who has the key"


def act(settings_file: Path | None, name: str, deed: str, *, as_json: bool) -> None:
    status = act_on(load_settings(settings_file), name, Deed(deed))
    if as_json:
        print_json(status)
        return
    sent = f", attempt {status.attempts[-1].number} is out" if status.attempts else ""
    console().print(f"{deed}: {status.intent.intent_id} is {status.state}{sent}")


def reconcile_with_chain(settings_file: Path | None, *, by: str, note: str, as_json: bool) -> None:
    adopted = reconcile(load_settings(settings_file), by=by, note=note)
    if as_json:
        print_json(adopted)
    elif adopted is None:
        console().print("the ledger explains the chain: nothing was recorded")
    else:
        console().print(adopted_words(adopted))


def adopted_words(adopted: NoncesAdopted) -> str:
    """Return in one line what the ledger accounts for from here on."""
    nonces = range(adopted.first_nonce, adopted.next_nonce)
    used = ", ".join(map(str, nonces)) or "none"
    return (
        f"nonces used from outside: {used}; the next is {adopted.next_nonce}, the next batch's sequence "
        f"{adopted.sequence + 1}, as of block {adopted.block.number}, by {adopted.by}"
    )
