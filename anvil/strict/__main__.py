"""Runs strict endpoints by hand: `python -m anvil.strict --seed 7`, on a fork of the twin where none is given."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anvil.rpc import NodeError
from anvil.strict.answering import Pace
from anvil.strict.chance import random_rules
from anvil.strict.dialects import DIALECTS
from anvil.strict.faults import ScriptError
from anvil.strict.fleet import strict_fleet
from anvil.strict.refusals import Rules
from anvil.strict.script import Rule, load_script
from anvil.twin import forked_twin


def main() -> int:
    """Serve until interrupted, telling what happens as it does."""
    given = _parser().parse_args()
    try:
        rules = _rules(given)
        with (
            _upstream(given.upstream) as upstream,
            strict_fleet(
                upstream,
                dialects=given.dialect or ["geth"],
                rules=Rules(bump_per_mille=round(given.bump * 10)),
                script=rules,
                pace=Pace(is_automine=given.automine),
                is_development=given.dev,
                ports=[given.port] if given.port else (),
                echo=print,
            ) as fleet,
        ):
            for rule in rules:
                print(f"scheduled: {rule.when} -> {rule.do}")
            for node, url in zip(fleet.world.nodes, fleet.urls, strict=True):
                print(f"{node.dialect.name} at {url}, before {upstream}", flush=True)
            _pass_time(fleet.mine, given.block_time)
    except (NodeError, ScriptError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m anvil.strict", description=main.__doc__)
    parser.add_argument("--upstream", help="address of an Anvil; without it, a fork of the twin")
    parser.add_argument(
        "--seed", type=int, help="a random schedule of faults; the same for the same seed"
    )
    parser.add_argument("--script", type=Path, help="a schedule of faults, see docs/strict-node.md")
    parser.add_argument(
        "--dialect", action="append", choices=sorted(DIALECTS), help="an endpoint for each"
    )
    parser.add_argument("--bump", type=float, default=10.0, help="what a replacement adds, percent")
    parser.add_argument("--automine", action="store_true", help="a block after each transaction")
    parser.add_argument(
        "--block-time", type=float, default=0.0, help="a block every so many seconds"
    )
    parser.add_argument("--dev", action="store_true", help="let Anvil's own methods through")
    parser.add_argument("--port", type=int, help="of the first endpoint; any free one without it")
    return parser


def _rules(given: argparse.Namespace) -> list[Rule]:
    rules = load_script(given.script) if given.script else []
    if given.seed is not None:
        rules += random_rules(given.seed, endpoints=len(given.dialect or ["geth"]))
    return rules


@contextmanager
def _upstream(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with forked_twin() as node:
        yield node.url


def _pass_time(mine: Callable[[], None], block_time_s: float) -> None:
    """Make blocks until interrupted."""
    never = threading.Event()
    with suppress(KeyboardInterrupt):
        while not never.wait(block_time_s or None):
            mine()


if __name__ == "__main__":
    sys.exit(main())
