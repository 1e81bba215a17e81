"""The JSON-RPC client that everything on chain is read and sent through; it never shows credentials.

Reads are retried, here and nowhere else. What must happen once goes through `once`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self, cast
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from web3.exceptions import Web3Exception
from web3.providers.rpc import HTTPProvider
from web3.types import RPCEndpoint

from agent.adapters.http import RETRIED_STATUSES, FetchError, read_retrying
from agent.errors import RpcUnavailableError

Call = tuple[str, list[Any]]

TIMEOUT_S = 20.0
LEAST_SECRET = 8
"""Shorter pieces of an address are words such as `v3`, not keys."""
LIMITED_CODES = frozenset({-32005, 429})
"""JSON-RPC error codes of a provider that wants us to slow down (EIP-1474)."""

REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (requests.Timeout, "it does not answer in time", True),
    (requests.exceptions.SSLError, "its TLS certificate is not accepted", False),
    (requests.ConnectionError, "no connection", True),
    (requests.RequestException, "the request cannot be made", False),
    (ValueError, "its answer is not JSON", True),
    (Web3Exception, "its answer is malformed", False),
    (LookupError, "its answer is malformed", False),
    (TypeError, "its answer is malformed", False),
    (AttributeError, "its answer is malformed", False),
)
"""Foreign exception, what to say of it, and whether a read may succeed when repeated."""

for _name in ("web3", "urllib3"):
    # Their debug lines show addresses whole, and a provider's key is part of the address.
    logging.getLogger(_name).setLevel(logging.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A node's answer to one call: `result`, or `error` in its words, with `code` and `data`."""

    result: Any = None
    error: str | None = None
    code: int | None = None
    data: Any = None


@dataclass(slots=True)
class Ride:
    """Reads that travel with the next batch; `answers` stays None where they did not arrive."""

    calls: tuple[Call, ...]
    answers: list[Answer] | None = None


class Rpc:
    """One endpoint. `endpoint` names it without path or credentials; close it after use."""

    def __init__(
        self,
        url: SecretStr,
        *,
        timeout_s: float = TIMEOUT_S,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = shown(url.get_secret_value())
        self._secrets = _secrets(url.get_secret_value())
        self._session = session or _new_session(url.get_secret_value())
        self._provider = HTTPProvider(
            url.get_secret_value(),
            request_kwargs={"timeout": timeout_s, "allow_redirects": False},
            session=self._session,
            exception_retry_configuration=None,
        )
        self._sleep = sleep
        self._ride: Ride | None = None

    def __repr__(self) -> str:
        return f"Rpc({self.endpoint})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Return the results of reads, made in one request and retried while that may help.

        Raises:
            RpcUnavailableError: no answer, or an error among the answers.
        """
        ride, self._ride = self._ride, None
        answers = (self._shared(calls, ride) if ride else None) or self.answers(calls)
        for (method, _), answer in zip(calls, answers, strict=True):
            if answer.error is not None:
                raise self.unusable(f"{method} failed ({answer.error})")
        return [answer.result for answer in answers]

    def ride(self, calls: Sequence[Call]) -> Ride:
        """Let reads travel with the next batch and save a round trip; a later ride takes its place."""
        self._ride = Ride(tuple(calls)) if calls else None
        return self._ride or Ride(())

    def _shared(self, calls: Sequence[Call], ride: Ride) -> list[Answer] | None:
        """Return the answers to `calls`, made along with the ride's; None where it was too much at once."""
        try:
            answers = self._ask([*calls, *ride.calls])
        except FetchError:
            return None
        own = answers[: len(calls)]
        if any(answer.error is not None for answer in own):
            return None
        ride.answers = answers[len(calls) :]
        return own

    def answers(self, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers to reads, errors included; raises RpcUnavailableError when there are none."""
        try:
            return read_retrying(self._sleep)(self._ask_unlimited, calls)
        except FetchError as failure:
            reason = failure.reason
        # Raised out here, so that no traceback leads to an exception that quotes the address.
        raise self.unusable(reason)

    def once(self, method: str, params: list[Any]) -> Answer:
        """Return the answer to a call that is made once, whatever happens to it.

        Raises:
            RpcUnavailableError: there is none; whether the call took effect is not known.
        """
        try:
            return self._ask([(method, params)])[0]
        except FetchError as failure:
            reason = failure.reason
        raise self.unusable(reason)

    def unusable(self, reason: str) -> RpcUnavailableError:
        return RpcUnavailableError(endpoint=self.endpoint, reason=reason)

    def _ask_unlimited(self, calls: Sequence[Call]) -> list[Answer]:
        answers = self._ask(calls)
        if any(answer.code in LIMITED_CODES for answer in answers):
            raise FetchError(reason="it limits the rate of requests", is_transient=True)
        return answers

    def _ask(self, calls: Sequence[Call]) -> list[Answer]:
        failure: FetchError
        try:
            return self._exchange(calls)
        except tuple(kind for kind, _, _ in REASONS) as error:
            failure = _translated(error)
        raise failure

    def _exchange(self, calls: Sequence[Call]) -> list[Answer]:
        if len(calls) == 1:
            method, params = calls[0]
            return [self._answer(self._provider.make_request(RPCEndpoint(method), params))]
        replies = self._provider.make_batch_request([(RPCEndpoint(m), p) for m, p in calls])
        if not isinstance(replies, list):
            return [self._answer(replies)] * len(calls)
        ids = [cast(int, reply["id"]) for reply in replies]
        if len(replies) != len(calls) or ids != list(range(ids[0], ids[0] + len(ids))):
            raise LookupError
        return [self._answer(reply) for reply in replies]

    def _answer(self, reply: Any) -> Answer:  # noqa: ANN401 - JSON from outside
        error = reply.get("error")
        if error is None:
            return Answer(result=reply["result"])
        return Answer(
            error=self._redacted(str(error["message"])),
            code=error.get("code"),
            data=error.get("data"),
        )

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def shown(url: str) -> str:
    """Return scheme, host and port of an address: providers put their keys into the rest."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _secrets(url: str) -> list[str]:
    """Return what of an address may be a key: nodes quote it when they refuse it."""
    parts = urlsplit(url)
    pieces = [
        parts.username,
        parts.password,
        *parts.path.split("/"),
        *re.split("[=&]", parts.query),
    ]
    return [piece for piece in pieces if piece and len(piece) >= LEAST_SECRET]


def _translated(error: Exception) -> FetchError:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return FetchError(reason=f"HTTP {status}", is_transient=status in RETRIED_STATUSES)
    reason, is_transient = next(
        (reason, is_transient) for kind, reason, is_transient in REASONS if isinstance(error, kind)
    )
    return FetchError(reason=reason, is_transient=is_transient)


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")
    return session


def _is_loopback(host: str) -> bool:
    """Whether `host` is this machine, which no proxy of the environment leads to."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
