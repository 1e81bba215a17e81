"""The Anvil behind the endpoints: plain JSON-RPC calls whose errors stay what the node said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from anvil.rpc import Call, NodeError

Answer = Mapping[str, Any]
"""Either `{"result": ...}` or `{"error": {...}}`."""


class Upstream:
    """Talks to the node at `url`."""

    def __init__(self, url: str, *, timeout_s: float = 60.0) -> None:
        self.url = url
        self._client = httpx.Client(timeout=timeout_s, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the result of a call; raises NodeError with the node's words."""
        (answer,) = self.answers([(method, params)])
        if "error" in answer:
            raise NodeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def answers(self, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers to calls made in one request, in their order."""
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            response = self._client.post(self.url, json=body if len(body) > 1 else body[0])
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise NodeError(f"{self.url} did not answer {calls[0][0]}: {error}") from error
        replies = response.json()
        if isinstance(replies, dict):
            return [_answer(replies)]
        return [_answer(reply) for reply in sorted(replies, key=lambda reply: int(reply["id"]))]


def _answer(reply: Mapping[str, Any]) -> Answer:
    return {key: reply[key] for key in ("result", "error") if key in reply}
