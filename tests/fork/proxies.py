"""A node that is like another, but for some methods that it does not have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from anvil.node import Node
from anvil.rpc import NodeError


@contextmanager
def node_without(node: Node, *methods: str) -> Iterator[str]:
    """Serve `node` on a free loopback port, refusing `methods`, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls = body if isinstance(body, list) else [body]
            answers = [_answer(node, call, methods) for call in calls]
            raw = json.dumps(answers if isinstance(body, list) else answers[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _answer(node: Node, call: dict[str, Any], refused: tuple[str, ...]) -> dict[str, Any]:
    head = {"jsonrpc": "2.0", "id": call["id"]}
    if call["method"] in refused:
        return head | {"error": {"code": -32601, "message": "the method does not exist"}}
    try:
        return head | {"result": node.rpc(call["method"], *call["params"])}
    except NodeError as error:
        return head | {"error": {"code": -32000, "message": str(error)}}
