"""The Anvil behind the endpoints: plain JSON-RPC calls whose errors stay what the node said.

What was read once is not asked again until the chain changes: several endpoints see the same chain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from anvil.rpc import Call, NodeError

Answer = Mapping[str, Any]
"""Either `{"result": ...}` or `{"error": {...}}`."""

READS = ("eth_get", "eth_call", "eth_feeHistory", "eth_simulateV1")
"""How the names of methods begin whose answers stay the same while the chain does."""


CHANGES = ("anvil_", "evm_", "hardhat_")
"""How the names of methods begin that change it."""


class Upstream:
    """Talks to the node at `url`, which nobody else changes meanwhile."""

    def __init__(self, url: str, *, timeout_s: float = 60.0) -> None:
        self.url = url
        place = urlsplit(url)
        self._connection = HTTPConnection(place.hostname or "", place.port, timeout=timeout_s)
        self._known: dict[str, Answer] = {}

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the result of a call; raises NodeError with the node's words."""
        (answer,) = self.answers([(method, params)])
        if "error" in answer:
            raise NodeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def answers(self, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers to calls made in one request, in their order."""
        if any(method.startswith(CHANGES) for method, _ in calls):
            self._known.clear()
            return self._asked(calls)
        keys = [json.dumps(call) for call in calls]
        unknown = [i for i, key in enumerate(keys) if key not in self._known]
        fresh = self._asked([calls[i] for i in unknown]) if unknown else []
        found = dict(zip(unknown, fresh, strict=True))
        for i, answer in found.items():
            if calls[i][0].startswith(READS):
                self._known[keys[i]] = answer
        return [found[i] if i in found else self._known[key] for i, key in enumerate(keys)]

    def _asked(self, calls: Sequence[Call]) -> list[Answer]:
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            replies = json.loads(self._posted(json.dumps(body if len(body) > 1 else body[0])))
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            raise NodeError(f"{self.url} did not answer {calls[0][0]}: {error}") from error
        if isinstance(replies, dict):
            return [_answer(replies)]
        return [_answer(reply) for reply in sorted(replies, key=lambda reply: int(reply["id"]))]

    def _posted(self, body: str) -> bytes:
        self._connection.request("POST", "/", body.encode(), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != HTTPStatus.OK:
            raise HTTPException(f"HTTP {response.status}")
        return content


def _answer(reply: Mapping[str, Any]) -> Answer:
    return {key: reply[key] for key in ("result", "error") if key in reply}
