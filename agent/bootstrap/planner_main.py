"""The process that plans: gets ready, then does what it is asked over the socket that it was given."""

from __future__ import annotations

import signal
import sys

from agent.adapters.planner import serve
from agent.planning.planner import plan
from agent.planning.proposing import propose


def main() -> None:
    """Run until whoever started this closes the socket: a signal to the whole group is for them to obey."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    from agent.planning.optimum.warming import warm  # noqa: PLC0415 - slow, and signals first

    warm()
    serve(int(sys.argv[1]), {"propose": propose, "plan": plan})


if __name__ == "__main__":
    main()
