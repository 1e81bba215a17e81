"""The lock that lets one agent at a time move money: a second one is refused before it does anything."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sqlalchemy import Engine, text

from agent.errors import LedgerError

ADVISORY_KEY = 0x6167656E745F7478
"""One ledger to a database, so one number names its lock."""


class AdvisoryLock:
    """A session lock of PostgreSQL on a connection of its own; the server drops it with the connection."""

    def __init__(self, engine: Engine, *, place: str) -> None:
        """Take the lock, or raise LedgerError."""
        self._connection = engine.connect()
        taken = text("SELECT pg_try_advisory_lock(:key)")
        if not self._connection.scalar(taken, {"key": ADVISORY_KEY}):
            self._connection.close()
            raise LedgerError(
                what=f"another agent trades on {place}",
                mend="one instance may trade; stop that one first",
            )
        self._connection.commit()

    def release(self) -> None:
        # Detached from the pool, the session ends with its connection, and the lock with the session.
        self._connection.detach()
        self._connection.close()


class InstanceLock:
    """An advisory lock on a file beside the database; the kernel drops it when the process dies."""

    def __init__(self, path: Path) -> None:
        """Take the lock, or raise LedgerError naming who has it."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LedgerError(
                what=f"{path} cannot be opened ({error.strerror})",
                mend="make its directory exist and writable for the agent's user",
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise LedgerError(
                what=f"another agent (process {holder}) holds {path}",
                mend="one instance may trade; stop that one first",
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._descriptor)
