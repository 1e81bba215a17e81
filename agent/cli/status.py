"""`agent status`: how a deployment stands."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from agent.bootstrap.status import Status, status
from agent.cli.frame import console, load_settings, print_json
from agent.cli.tables import filled, heading, plain_table
from agent.cli.words import dollars, moment, short


def show_status(settings_file: Path | None, *, as_json: bool) -> None:
    seen = status(load_settings(settings_file))
    if as_json:
        print_json(seen)
    else:
        console().print(_view(seen))


def _view(seen: Status) -> RenderableType:
    last, checkpoint = seen.last, seen.checkpoint
    rows = [
        (
            "next cycle",
            (
                f"{seen.next_cycle_id}: begins {moment(seen.next_begins_at)}, "
                f"executes {moment(seen.next_executes_at)}"
            ),
        ),
        (
            "last cycle",
            "none yet"
            if last is None
            else f"{last.cycle_id}: {last.stage} at {last.at}: {last.words}",
        ),
        (
            "log",
            f"{seen.records} records, "
            + (
                "no checkpoint yet"
                if checkpoint is None
                else f"sealed up to record {checkpoint.size} and block {checkpoint.block_number}"
            ),
        ),
        ("rebalanced", _spent_words(seen)),
        ("in flight", f"{len(seen.open_intents)} batches" if seen.open_intents else "nothing"),
    ]
    if seen.foreign_nonces:
        listed = ", ".join(map(str, seen.foreign_nonces))
        rows.append(("alarm", f"somebody else used nonces {listed}: see agent tx doctor"))
    parts: list[RenderableType] = [filled(plain_table("", "~"), rows)]
    if seen.open_intents:
        parts += [heading("In flight"), _open_table(seen)]
    parts.append(Text("\n" + _next_step(seen)))
    return Group(*parts)


def _spent_words(seen: Status) -> str:
    week, year, rate = seen.spent_week, seen.spent_year, seen.projected_year
    return (
        f"{dollars(week.turnover_usd)} for {dollars(week.cost_usd)} in 7 days, "
        f"{dollars(year.turnover_usd)} for {dollars(year.cost_usd)} in 365; a year at this rate "
        f"{dollars(rate.turnover_usd)} for {dollars(rate.cost_usd)}"
    )


def _open_table(seen: Status) -> RenderableType:
    rows = (
        (
            f"{short(intent.intent_id)}...{intent.intent_id.rpartition('-')[2]}",
            intent.cycle_id,
            str(intent.state),
            "" if intent.nonce is None else str(intent.nonce),
            intent.tx_hash or "",
        )
        for intent in seen.open_intents
    )
    return filled(plain_table("intent", "cycle", "state", ">nonce", "~transaction"), rows)


def _next_step(seen: Status) -> str:
    if seen.paused:
        return f"{seen.paused}: agent resume ends it"
    if seen.needs_review is not None:
        return f"trading rests until {seen.needs_review} is signed off: agent log review"
    if seen.last is None:
        return "look at agent plan, then start agent run"
    return "details: agent log show"
