"""The lock that lets one agent at a time move money: a second one is refused before it does anything."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from agent.errors import LedgerError


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
