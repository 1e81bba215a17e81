"""A process that has everything imported and forks an agent for each errand: starting one costs next to nothing.

It reads errands as JSON lines and writes for each `{"pid": ...}` and then `{"exit": code}`, the negative
signal where one ended it. It has a single thread, so that what it forks is whole.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import ssl
import sys
import tempfile
import threading
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path

import httpx
from eth_utils import address
from eth_utils.crypto import keccak

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import open_ledger
from agent.adapters.token_map import load_token_map
from agent.bootstrap import wiring
from agent.planning.optimum import warming
from anvil.torture.stage import small_token_map
from anvil.torture.victim import errand_of, hasten_recovery, live

STDOUT, STDERR = 1, 2
PR_SET_PDEATHSIG = 1

LATE = (
    "agent.log.transactions", "anyio", "coincurve", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization", "dbos._sys_db_sqlite", "encodings.utf_16_be",
    "encodings.utf_8_sig", "eth_account", "eth_keys.datatypes", "h11", "httpcore._sync", "rlp",
    "Crypto.Cipher.AES", "Crypto.Cipher._mode_ctr", "agent.planning.solving",
)  # fmt: skip
"""Modules that the agent and its libraries import when they first need them."""


def main() -> None:
    """Fork until there are no more errands."""
    _die_with_parent()
    told = os.fdopen(os.dup(STDOUT), "w", buffering=1)
    _warm()
    gc.collect()
    gc.freeze()
    print("{}", file=told)
    for text in sys.stdin:
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            raise RuntimeError(f"threads before a fork: {threading.enumerate()}")
        pid = os.fork()
        if pid == 0:
            gc.disable()  # it lives too short for it
            _live(text)
        print(json.dumps({"pid": pid}), file=told)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), file=told)


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _warm() -> None:
    """Import what is imported late, and let be built once what is built once."""
    for name in LATE:
        import_module(name)
    # Its certificates take longer to read than all else that an agent does before its first request.
    setattr(ssl, "create_default_context", cache(ssl.create_default_context))  # noqa: B010 - a cache of the same
    httpx.Client().close()
    setattr(address, "keccak", cache(keccak))  # noqa: B010 - for the same few checksums
    small = load_token_map(small_token_map(), chain_id=1)
    setattr(wiring, "load_token_map", lambda *_, **__: small)  # noqa: B010 - for these processes alone
    warming.warm()
    hasten_recovery()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "warm.sqlite"
        with open_ledger(path, clock=SystemClock()) as ledger:
            ledger.intents()
            ledger.records()


def _live(text: str) -> None:
    """Live one life in this process, a child, and end it."""
    code = 1
    _die_with_parent()
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
