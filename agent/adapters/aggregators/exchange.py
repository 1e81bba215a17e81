"""One call of an HTTP service, in one attempt: status and bounded body, or why there is none."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx

MAX_BODY_BYTES = 1024 * 1024


class NoReplyError(Exception):
    """There is no usable reply; a transient failure is worth another attempt."""

    def __init__(self, *, reason: str, is_transient: bool) -> None:
        """Say what happened, without address or headers: they may carry a key."""
        self.reason, self.is_transient = reason, is_transient
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of a wire format, relative to the service's base address; `body` is JSON text."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None

    @classmethod
    def post(cls, path: str, tree: Any, query: Mapping[str, str] | None = None) -> Call:  # noqa: ANN401 - JSON
        """Return the call that posts a JSON tree."""
        return cls(path=path, query=query or {}, body=json.dumps(tree))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A status and the body that came with it."""

    status: int
    body: bytes


def new_client(base_url: str = "", transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return a client of one service, HTTP/2 where it is spoken. It follows no redirect.

    No proxy of the environment leads to this machine itself.
    """
    return httpx.Client(
        transport=transport,
        http2=transport is None,
        trust_env=httpx.URL(base_url).host not in {"127.0.0.1", "localhost", "::1"},
        headers={"accept": "application/json", "accept-encoding": "identity"},
        follow_redirects=False,
    )


def exchange(  # noqa: PLR0913 - a call and its bounds
    client: httpx.Client,
    base_url: str,
    call: Call,
    *,
    headers: Mapping[str, str],
    timeout_s: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Reply:
    """Return what a service replies within `timeout_s`, body included.

    Raises:
        NoReplyError: nothing came in time, or too much, or a redirect.
    """
    until = monotonic() + timeout_s
    try:
        request = client.build_request(
            "GET" if call.body is None else "POST",
            f"{base_url}/{call.path}",
            params=call.query or None,
            content=call.body,
            headers={
                **headers,
                **({} if call.body is None else {"content-type": "application/json"}),
            },
            timeout=timeout_s,
        )
        response = client.send(request, stream=True)
        with closing(response):
            if response.next_request is not None:
                raise NoReplyError(reason="it redirects elsewhere", is_transient=False)
            body = _body(response, until, monotonic)
            return Reply(status=response.status_code, body=body)
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.DecodingError) as error:
        raise NoReplyError(reason=type(error).__name__, is_transient=False) from error
    except httpx.RequestError as error:
        raise NoReplyError(reason=type(error).__name__, is_transient=True) from error


def _body(response: httpx.Response, until: float, monotonic: Callable[[], float]) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            reason = f"its body is larger than {MAX_BODY_BYTES} bytes"
            raise NoReplyError(reason=reason, is_transient=False)
        if monotonic() > until:
            raise NoReplyError(reason="its body did not come in time", is_transient=True)
    return bytes(body)
