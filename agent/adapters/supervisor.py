"""systemd as the supervisor: readiness, status line and watchdog over its notification socket.

The protocol is sd_notify(3): newline-separated `NAME=value` datagrams to $NOTIFY_SOCKET.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

ENOUGH_BEATS = 3
"""Signs of life in one watchdog interval, so that one late beat is not taken for death."""


class SystemdSupervisor:
    """A `Supervisor` that tells systemd; without systemd it tells nobody."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        watchdog_us = environ.get("WATCHDOG_USEC", "")
        is_for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._heartbeat_s = (
            int(watchdog_us) / 1_000_000 / ENOUGH_BEATS if watchdog_us and is_for_us else None
        )

    @property
    def heartbeat_s(self) -> float | None:
        return self._heartbeat_s

    def ready(self) -> None:
        self._notify("READY=1")

    def status(self, text: str) -> None:
        self._notify(f"STATUS={' '.join(text.split())}")

    def heartbeat(self) -> None:
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        self._notify("STOPPING=1")

    def _notify(self, message: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the null byte of an abstract socket's name.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.sendto(message.encode(), address)
