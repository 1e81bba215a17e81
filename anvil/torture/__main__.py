"""Tortures the agent: `python -m anvil.torture --schedules 10000`, or `--seed 7` to replay one and see its history."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from anvil.torture.campaign import CampaignError, commit, report_of, run_campaign
from anvil.torture.outcome import failures
from anvil.torture.record import UnfitError, recorded
from anvil.torture.run import ran
from anvil.torture.schedule import Start
from anvil.torture.worker import Share, schedule_of, told, work

OUT = Path("var/torture")


def main() -> int:
    """Return 0 where nothing was wrong, 1 where something was, 2 where it could not be run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended, too
    given = _parser().parse_args()
    try:
        if given.report:
            print("\n".join(report_of(given.report)))
            return 0
        if given.seed is not None:
            return _replay(given.seed)
        if given.worker is not None:
            _work(given)
            return 0
        return _campaign(given)
    except (CampaignError, UnfitError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m anvil.torture", description=main.__doc__)
    parser.add_argument("--schedules", type=int, default=100, help="how many, one to a seed")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=2, help="processes at once")
    parser.add_argument("--out", type=Path, default=OUT, help="where results and report go")
    parser.add_argument("--resume", action="store_true", help="go on with what is there")
    parser.add_argument("--seed", type=int, help="replay one schedule, and print its history")
    parser.add_argument(
        "--report", type=Path, help="print the figures of a run that was kept there"
    )
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    return parser


def _replay(seed: int) -> int:
    with recorded(*Start) as ground:
        result = ran(ground, schedule_of(ground, seed))
    print("\n".join(told(result)))
    return 1 if result.wrong else 0


def _work(given: argparse.Namespace) -> None:
    share = Share(
        first=given.first, schedules=given.schedules, number=given.worker, of=given.workers
    )
    work(given.out, share, commit=commit())


def _campaign(given: argparse.Namespace) -> int:
    outcomes = run_campaign(
        given.out,
        first=given.first,
        schedules=given.schedules,
        workers=given.workers,
        is_resumed=given.resume,
        tell=_teller(),
    )
    print("\n".join(report_of(given.out)))
    wrong = failures(outcomes)
    for kept in wrong[:20]:
        words = "; ".join(f"{kind}: {what}" for kind, what in kept.wrong)
        print(f"seed {kept.seed}: {words}\n  python -m anvil.torture --seed {kept.seed}")
    return 1 if wrong else 0


def _teller() -> Callable[[str], None]:
    """Return what tells the progress: a line that changes on a terminal, else one now and then."""
    told_last = [""]

    def tell(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif text.split(" of ", maxsplit=1)[0][:-2] != told_last[0]:
            told_last[0] = text.split(" of ", maxsplit=1)[0][:-2]
            print(text, file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
