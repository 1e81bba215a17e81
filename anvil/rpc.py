"""A small JSON-RPC client for development nodes: single calls and ordered batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

Call = tuple[str, Sequence[Any]]

CALLS_PER_BATCH = 2_000
"""Keeps a batch below the node's limit on the size of a request."""


class NodeError(Exception):
    """A development node could not be started, reached, or refused a call; the text says which."""


class Rpc:
    """Talks to one endpoint. Answers are the plain JSON results; any error raises `NodeError`."""

    def __init__(self, url: str, *, timeout_s: float = 300.0) -> None:
        self.url = url
        self._client = httpx.Client(timeout=timeout_s, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def __call__(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - any JSON
        return self.batch([(method, params)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Send the calls in order and return their results in the same order."""
        results: list[Any] = []
        for start in range(0, len(calls), CALLS_PER_BATCH):
            results += self._send(calls[start : start + CALLS_PER_BATCH])
        return results

    def _send(self, calls: Sequence[Call]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            answer = self._client.post(self.url, json=body if len(body) > 1 else body[0])
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NodeError(f"{self.url} did not answer {calls[0][0]}: {error}") from error
        replies = answer.json()
        if isinstance(replies, dict):
            replies = [replies]
        replies.sort(key=lambda reply: reply["id"])
        return [_result(method, reply) for (method, _), reply in zip(calls, replies, strict=True)]


def _result(method: str, reply: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    if "error" in reply:
        error = reply["error"]
        detail = f" ({error['data']})" if error.get("data") else ""
        raise NodeError(f"{method}: {error['message']}{detail}")
    return reply["result"]
