"""Bytes from outside: one HTTP client, retries for reads alone, bounded bodies, and local files.

A broadcast never comes through here: what a failed send means is not for a retry policy to decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from agent.errors import SettingsError, SourceUnavailableError

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_REDIRECTS = 3
MAX_ATTEMPTS = 4
TIMEOUT_S = 10.0
DEADLINE_S = 30.0
"""Of one attempt, body included: a server that drips bytes never meets a read timeout."""

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchError(Exception):
    """A read over HTTP failed; a transient failure is worth another attempt."""

    def __init__(self, *, reason: str, is_transient: bool) -> None:
        """Say what happened, without the address: it may carry a key."""
        self.reason, self.is_transient = reason, is_transient
        super().__init__(reason)


class ByteSource(Protocol):
    """Where the bytes of a signal come from."""

    @property
    def name(self) -> str:
        """The place in words, without credentials or query."""

    def read(self) -> bytes:
        """Return the bytes as they are now.

        Raises:
            SourceUnavailableError: not there, not readable, or too large.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBytes:
    """Bytes of a local file, read anew each time."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> bytes:
        try:
            with self.path.open("rb") as stream:
                raw = stream.read(MAX_BODY_BYTES + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SourceUnavailableError(source=self.name, reason=reason) from error
        if len(raw) > MAX_BODY_BYTES:
            raise SourceUnavailableError(source=self.name, reason=_too_large())
        return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlBytes:
    """Bytes behind an HTTP(S) address; `headers` may carry a key and is never shown."""

    url: httpx.URL
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return str(self.url.copy_with(userinfo=b"", query=None, fragment=None))

    def read(self) -> bytes:
        try:
            return read_retrying(self.sleep)(self._read_once)
        except FetchError as error:
            raise SourceUnavailableError(source=self.name, reason=error.reason) from error

    def _read_once(self) -> bytes:
        # A key in a header would go wherever a redirect leads.
        return fetch_bytes(
            self.client,
            self.client.build_request("GET", self.url, headers=self.headers),
            max_redirects=0 if self.headers else MAX_REDIRECTS,
        )


def byte_source(
    location: str, *, setting: str, client: httpx.Client, headers: Mapping[str, str] | None = None
) -> ByteSource:
    """Return the source at `location`, an http(s) address or a path; `setting` is where it was given.

    Raises:
        SettingsError: neither.
    """
    if "://" not in location:
        return FileBytes(path=Path(location).expanduser())
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(
            field=setting,
            value=location.partition("://")[0] + "://...",
            mend="give a path or an http(s) address",
        )
    return UrlBytes(url=url, client=client, headers=headers or {})


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return the client that all reads share. It follows no redirect by itself."""
    return httpx.Client(
        transport=transport,
        timeout=TIMEOUT_S,
        headers={"accept": "application/json", "accept-encoding": "identity"},
        follow_redirects=False,
    )


def read_retrying(sleep: Callable[[float], None] = time.sleep) -> Retrying:
    """Return the retry policy of a read: transient failures, four attempts, the last error as it was."""
    return Retrying(
        retry=retry_if_exception(lambda e: isinstance(e, FetchError) and e.is_transient),
        stop=stop_after_attempt(MAX_ATTEMPTS) | stop_after_delay(2 * DEADLINE_S),
        wait=wait_exponential_jitter(multiplier=0.5, max=8),
        sleep=sleep,
        reraise=True,
    )


def fetch_bytes(
    client: httpx.Client,
    request: httpx.Request,
    *,
    max_redirects: int = MAX_REDIRECTS,
    monotonic: Callable[[], float] = time.monotonic,
) -> bytes:
    """Return the body that a GET request leads to, in one attempt, over a few redirects.

    Raises:
        FetchError: no answer, a status other than 200, a redirect away from TLS, too large, too slow.
    """
    deadline = monotonic() + DEADLINE_S
    try:
        for _ in range(max_redirects + 1):
            response = client.send(request, stream=True)
            with closing(response):
                following = response.next_request
                if following is None:
                    return _body(response, deadline, monotonic)
            if request.url.scheme == "https" and following.url.scheme != "https":
                raise FetchError(reason="redirect from https to http", is_transient=False)
            request = following
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.DecodingError) as error:
        raise FetchError(reason=_words(error), is_transient=False) from error
    except httpx.RequestError as error:
        raise FetchError(reason=_words(error), is_transient=True) from error
    raise FetchError(reason=f"more than {max_redirects} redirects", is_transient=False)


def _body(response: httpx.Response, deadline: float, monotonic: Callable[[], float]) -> bytes:
    status = response.status_code
    if status != httpx.codes.OK:
        raise FetchError(reason=f"HTTP status {status}", is_transient=status in RETRIED_STATUSES)
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise FetchError(reason=_too_large(), is_transient=False)
        if monotonic() > deadline:
            raise FetchError(reason=f"not complete in {DEADLINE_S:.0f} s", is_transient=True)
    return bytes(body)


def _too_large() -> str:
    return f"larger than {MAX_BODY_BYTES} bytes"


def _words(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
