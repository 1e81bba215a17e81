"""HTTP on loopback: JSON-RPC requests in, answers out, and the faults that befall a connection."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from anvil.rpc import Call
from anvil.strict.answering import Outcome
from anvil.strict.faults import Garble, Lost, Reverse, Stall, Status

Ask = Callable[[Sequence[Call]], Outcome]

PARSE_ERROR = -32700
RETRY_AFTER_S = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes over the wire: nothing at all where `body` is None."""

    status: int
    body: bytes | None
    delay_s: float = 0.0


def reply(ask: Ask, request: bytes) -> Reply:
    """Return the reply to the body of a request."""
    try:
        document = json.loads(request)
        calls = _calls(document if isinstance(document, list) else [document])
    except (ValueError, LookupError, TypeError):
        return _json({"id": None, "error": {"code": PARSE_ERROR, "message": "parse error"}})
    outcome = ask([call for _, call in calls])
    if isinstance(outcome.fault, Status):
        return Reply(status=outcome.fault.code, body=HTTPStatus(outcome.fault.code).phrase.encode())
    if isinstance(outcome.fault, Lost):
        return Reply(status=0, body=None)
    replies = [
        {"jsonrpc": "2.0", "id": call_id, **answer}
        for (call_id, _), answer in zip(calls, outcome.answers, strict=True)
    ]
    if isinstance(outcome.fault, Reverse):
        replies.reverse()
    whole = _json(replies if isinstance(document, list) else replies[0])
    return _faulty(whole, outcome)


def _calls(document: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Call]]:
    return [(entry["id"], (entry["method"], entry.get("params") or [])) for entry in document]


def _json(document: object) -> Reply:
    return Reply(status=HTTPStatus.OK, body=json.dumps(document).encode())


def _faulty(whole: Reply, outcome: Outcome) -> Reply:
    body = whole.body or b""
    if isinstance(outcome.fault, Garble):
        return Reply(status=whole.status, body=body[: len(body) // 2])
    if isinstance(outcome.fault, Stall):
        return Reply(status=whole.status, body=body, delay_s=outcome.fault.seconds)
    return whole


class _Server(ThreadingHTTPServer):
    """Serves one endpoint; a request that is held back ends with the server."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, ask: Ask, port: int) -> None:
        self.ask = ask
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - inherited
        """Tell of what failed here, not of clients that went away, as killed ones do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        answer = reply(self.server.ask, self.rfile.read(length))
        if answer.delay_s:
            self.server.closing.wait(answer.delay_s)
        if answer.body is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status != HTTPStatus.OK:
            self.send_header("Retry-After", RETRY_AFTER_S)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Leave telling to the history."""


@contextmanager
def served(ask: Ask, *, port: int = 0) -> Iterator[str]:
    """Serve an endpoint until the block is left; yields its address. Port 0: any that is free."""
    server = _Server(ask, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
