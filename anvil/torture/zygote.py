"""A process that has everything imported and forks an agent for each errand: starting one costs next to nothing.

It reads errands as JSON lines and writes for each `{"pid": ...}` and then `{"exit": code}`, the negative
signal where one ended it. It has a single thread, so that what it forks is whole.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import threading
import traceback
from importlib import import_module
from pathlib import Path

import httpx
from dbos._dbos import _get_or_create_dbos_registry

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import open_ledger
from anvil.torture.victim import errand_of, live

STDOUT, STDERR = 1, 2
QUEUE_POLL_S = 0.02

LATE = (
    "agent.log.transactions", "anyio", "coincurve", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization", "dbos._sys_db_sqlite", "encodings.utf_16_be",
    "encodings.utf_8_sig", "eth_account", "eth_keys.datatypes", "h11", "httpcore._sync", "rlp",
    "Crypto.Cipher.AES",
)  # fmt: skip
"""Modules that the agent and its libraries import when they first need them."""


def main() -> None:
    """Fork until there are no more errands."""
    told = os.fdopen(os.dup(STDOUT), "w", buffering=1)
    _warm()
    gc.collect()
    gc.freeze()
    print("{}", file=told)
    for text in sys.stdin:
        if threading.active_count() > 1:
            raise RuntimeError(f"threads before a fork: {threading.enumerate()}")
        pid = os.fork()
        if pid == 0:
            _live(text)
        print(json.dumps({"pid": pid}), file=told)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), file=told)


def _warm() -> None:
    """Import what is imported late, and let the libraries build what they build once."""
    for name in LATE:
        import_module(name)
    httpx.Client().close()
    # A cycle that was killed waits in the engine's queue, which is looked into once a second.
    queue = _get_or_create_dbos_registry().get_internal_queue()
    queue._polling_interval_sec = QUEUE_POLL_S  # noqa: SLF001 - the library has no setting for it
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "warm.sqlite"
        with open_ledger(path, clock=SystemClock()) as ledger:
            ledger.intents()
            ledger.records()


def _live(text: str) -> None:
    """Live one life in this process, a child, and end it."""
    code = 1
    try:
        document = json.loads(text)
        words = os.open(document.pop("words"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor in (STDOUT, STDERR):
            os.dup2(words, descriptor)
        code = live(errand_of(document))
    except BaseException:  # noqa: BLE001 - the child has nobody above it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
