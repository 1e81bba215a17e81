"""The emulated services on one loopback port, each below a path of its own name."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.adapters.aggregators.known import LIMITS
from agent.domain.offer import Service
from agent.settings.aggregators import NEEDS_KEY
from anvil.aggregators.desk import Mode, ServiceDesk
from anvil.aggregators.wires import WIRES, Answer
from anvil.rpc import NodeError

KEY = "emulated-key"
HEADER = {Service.ZEROX: ("0x-api-key", KEY), Service.ONEINCH: ("authorization", f"Bearer {KEY}")}
EVERY_THIRD = 3


class _Server(ThreadingHTTPServer):
    """A server to which a client that hung up is no news."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401
        """Stay quiet."""


class Emulator:
    """Serves desks. Rates are those of the free plans, with room for a burst of a second."""

    def __init__(self, desks: Mapping[Service, ServiceDesk], *, port: int = 0) -> None:
        self.desks = dict(desks)
        self._times: dict[Service, list[float]] = {service: [] for service in desks}
        self._lock = threading.Lock()
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("content-length", "0"))))

            def log_message(self, *_: Any) -> None:  # noqa: ANN401
                """Stay quiet."""

            def _answer(self, body: bytes) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, tree = emulator.answer(self.path, headers, body)
                is_text = isinstance(tree, str)
                text = tree if is_text else json.dumps(tree)
                self.send_response(status)
                self.send_header("content-type", "text/html" if is_text else "application/json")
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        self._server = _Server(("127.0.0.1", port), Handler)

    def url(self, service: Service) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{service}"

    def answer(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return status and body of a request."""
        parts = urlsplit(target)
        name = parts.path.split("/")[1]
        if name not in set(self.desks):
            return 404, {"message": "unknown service"}
        service = Service(name)
        desk = self.desks[service]
        refused = self._refused(desk, headers)
        if refused is not None:
            return refused
        query = dict(parse_qsl(parts.query))
        try:
            with self._lock:
                return WIRES[service](desk, parts.path, query, body)
        except (NodeError, RuntimeError):
            return 503, "<html><body>the node is gone</body></html>"
        except (LookupError, ValueError, TypeError) as error:
            return 400, {"message": f"bad request: {error}", "name": "INPUT_INVALID", "code": 4000,
                         "description": str(error), "detail": str(error), "errorCode": 4000}  # fmt: skip

    def _refused(self, desk: ServiceDesk, headers: Mapping[str, str]) -> Answer | None:
        header, key = HEADER.get(desk.service, ("", ""))
        if desk.service in NEEDS_KEY and headers.get(header) != key:
            return 401, {"message": "Unauthorized"}
        if desk.mode is Mode.LIMITED or self._is_over(desk.service):
            return 429, {"message": "Too Many Requests"}
        if desk.mode is Mode.SLOW:
            time.sleep(desk.slow_s)
        if desk.mode is Mode.FLAKY:
            desk.asked += 1
            if desk.asked % EVERY_THIRD:
                return 503, "<html><body>maintenance</body></html>"
        return None

    def _is_over(self, service: Service) -> bool:
        """Whether more calls came within a second than the free plan allows, and one of grace."""
        with self._lock:
            now = time.monotonic()
            recent = [t for t in self._times[service] if now - t < 1]
            self._times[service] = [*recent, now]
            return len(recent) > LIMITS[service].calls_per_s + LIMITS[service].burst

    @contextmanager
    def running(self) -> Iterator[Emulator]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def emulator(market: Any, modes: Mapping[Service, Mode] | None = None) -> Emulator:  # noqa: ANN401
    """Return an emulator of every service over one market."""
    given = modes or {}
    return Emulator(
        {
            service: ServiceDesk(
                service=service, market=market, mode=given.get(service, Mode.HONEST)
            )
            for service in Service
        }
    )
