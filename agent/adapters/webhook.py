"""Signals pushed to the agent: an HTTP server on loopback that takes signed signals into an inbox.

`POST /ranking` and `POST /regime`; 202 with the SHA-256 of what was taken, else a status of the 400s with
one line of reason. What is taken replaces the one before, at once and whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.domain.bodies import SignalName
from agent.errors import SignalError

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 4 * 1024 * 1024
TIMEOUT_S = 10.0

Check = Callable[[SignalName, bytes], None]
"""Raises SignalError where a pushed signal is not to be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Where pushed signals lie: one file of each kind in a directory."""

    directory: Path

    def path(self, name: SignalName) -> Path:
        return self.directory / f"{name}.json"

    def save(self, name: SignalName, raw: bytes) -> None:
        """Put a signal in the place of the one before; nobody reads half of it."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.directory, delete=False) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.path(name))


class Webhook:
    """The server, for as long as the context is entered; port 0 picks a free one."""

    def __init__(self, *, port: int, inbox: Inbox, check: Check) -> None:
        """Serve on loopback alone; a proxy of the operator's may stand in front."""
        self._server = _Server((LOOPBACK, port), inbox=inbox, check=check)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, inbox: Inbox, check: Check) -> None:
        super().__init__(address, _Handler)
        self.inbox, self.check = inbox, check
        # Of two pushes at a time the later one is held against the earlier one.
        self.taking = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Let go of a caller that went away; anything else is told as the base class does."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT_S

    def do_POST(self) -> None:
        name = self.path.strip("/")
        if name not in list(SignalName):
            return self._answer(404, error="post to /ranking or /regime")
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            return self._answer(411, error="say the body's length")
        if int(length) > MAX_BODY_BYTES:
            return self._answer(413, error=f"larger than {MAX_BODY_BYTES} bytes")
        raw = self.rfile.read(int(length))
        try:
            with self.server.taking:
                self.server.check(SignalName(name), raw)
                self.server.inbox.save(SignalName(name), raw)
        except SignalError as error:
            return self._answer(422, error=str(error))
        return self._answer(202, sha256=hashlib.sha256(raw).hexdigest())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: what was taken or refused is told by `check`."""

    def _answer(self, status: int, **words: str) -> None:
        body = json.dumps(words).encode() + b"\n"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True
