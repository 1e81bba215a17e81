"""A JSON-RPC node behind a `requests` session, without a socket: it answers from a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter

from agent.adapters.rpc import Rpc

URL = "https://user:hunter22@node.example:8443/v2/s3cr3t-api-key?token=t0psecret"
SECRETS = ("hunter22", "s3cr3t-api-key", "t0psecret", "/v2/")


class RefusedError(Exception):
    """What the node answers instead of a result."""

    def __init__(self, message: str, *, code: int = -32000, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


class TableNode(BaseAdapter):
    """Answers a method with a value of `table`, or with what a function there makes of its parameters.

    `first` are raised, or sent as they are, before anything else is answered.
    """

    def __init__(self, table: dict[str, Any], first: list[Any] | None = None) -> None:
        super().__init__()
        self.table = table
        self.first = first or []
        self.requests: list[list[str]] = []

    def send(self, request, **_: Any) -> requests.Response:
        body = json.loads(request.body)
        calls = body if isinstance(body, list) else [body]
        self.requests.append([call["method"] for call in calls])
        if self.first:
            return self._first(request, self.first.pop(0))
        answers = [self._answer(call) for call in calls]
        # JSON-RPC allows any order
        text = json.dumps(answers[::-1] if isinstance(body, list) else answers[0])
        return _response(request, 200, text)

    def _first(self, request, item: Any) -> requests.Response:
        if isinstance(item, Exception):
            raise item
        status, text = item
        return _response(request, status, text)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            found = self.table[call["method"]]
        except KeyError:
            refusal = RefusedError(f"the method {call['method']} does not exist", code=-32601)
            return head | {"error": refusal.error}
        try:
            return head | {
                "result": found(*call["params"]) if isinstance(found, Callable) else found
            }
        except RefusedError as refusal:
            return head | {"error": refusal.error}

    def close(self) -> None:
        pass


def _response(request, status: int, text: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = request.url
    response.request = request
    response._content = text.encode()  # noqa: SLF001 - as requests' own adapters do
    return response


def rpc_of(node: TableNode, *, url: str = URL, slept: list[float] | None = None) -> Rpc:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", node)
    session.mount("http://", node)
    times = [] if slept is None else slept
    return Rpc(SecretStr(url), session=session, sleep=times.append)
