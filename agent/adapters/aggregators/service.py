"""One aggregator as it is called: at its pace, behind a breaker, within a deadline, its key never shown.

Every failure ends as a `Declined`: an aggregator costs its offers, never the cycle.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import httpx
from pydantic import SecretStr
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from agent.adapters.aggregators.exchange import Call, NoReplyError, Reply, exchange
from agent.adapters.aggregators.restraint import Breaker, Limits, Pace
from agent.adapters.aggregators.wires import DeclinesError, Send, Wire
from agent.adapters.wire import BodyError
from agent.domain.offer import Ask, Decline, Declined, FirmOffer, Offer, Service

T = TypeVar("T")

MAX_ATTEMPTS = 2
MAX_DETAIL = 160
BACK_OFF_S = 2.0
"""After a 429: none of the services says how long."""

OK, REDIRECTED, CLIENT_ERROR, SERVER_ERROR = 200, 300, 400, 500
UNAUTHORISED = frozenset({401, 403})
LIMITED = 429
HARMLESS = frozenset({Decline.NO_ROUTE, Decline.TOO_LATE})
"""Declines that say nothing against the service."""


class Ends(Protocol):
    """When asking must end, on a clock that only runs forward."""

    def left_s(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment after which nothing is asked any more."""

    until: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> Deadline:
        return cls(until=monotonic() + seconds, monotonic=monotonic)

    def left_s(self) -> float:
        return self.until - self.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteService:
    """A service behind the port `Aggregator`. `now` is Unix seconds."""

    wire: Wire
    client: httpx.Client
    base_url: SecretStr
    limits: Limits
    pace: Pace
    breaker: Breaker
    key: SecretStr | None = None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = field(default=time.time)

    @property
    def name(self) -> Service:
        return self.wire.service

    @property
    def calls_per_ladder(self) -> int:
        return self.limits.calls_per_ladder

    def fetch_offer(self, ask: Ask, *, ends: Ends) -> Offer | Declined:
        """Return what the service says an input brings, or why it says nothing."""
        return self._guarded(ask, lambda send: self.wire.offer(ask, send), ends)

    def fetch_firm(self, ask: Ask, *, ends: Ends) -> FirmOffer | Declined:
        """Return an offer with the calldata that takes it, or why there is none."""
        asked_at = int(self.now())

        def act(send: Send) -> FirmOffer:
            offer, call = self.wire.firm(ask, send)
            return FirmOffer(offer=offer, call=call, expires_at=asked_at + self.limits.lifetime_s)

        return self._guarded(ask, act, ends)

    def _guarded(self, ask: Ask, act: Callable[[Send], T], ends: Ends) -> T | Declined:
        if not self.breaker.lets_through():
            return self._declined(ask, Decline.RESTING, "it failed several times in a row")
        try:
            answer = act(lambda call: self._send(call, ends))
        except DeclinesError as error:
            if error.why not in HARMLESS:
                self.breaker.failed()
            return self._declined(ask, error.why, error.detail)
        except BodyError as error:
            self.breaker.failed()
            return self._declined(
                ask, Decline.MALFORMED, f"{error.field} = {error.value!r:.60}: {error.mend}"
            )
        self.breaker.succeeded()
        return answer

    def _declined(self, ask: Ask, why: Decline, detail: str) -> Declined:
        return Declined(
            service=self.name,
            order_id=ask.order_id,
            amount_in=ask.amount_in,
            why=why,
            detail=self._shown(detail),
        )

    def _shown(self, detail: str) -> str:
        """Return the words on one bounded line, without the key that an answer may quote."""
        if self.key is not None and self.key.get_secret_value():
            detail = detail.replace(self.key.get_secret_value(), "***")
        return " ".join("".join(c if c.isprintable() else " " for c in detail).split())[:MAX_DETAIL]

    def _send(self, call: Call, ends: Ends) -> bytes:
        retrying = Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, NoReplyError) and e.is_transient),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.2, max=2),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, call, ends)
        except NoReplyError as error:
            raise DeclinesError(why=Decline.UNREACHABLE, detail=error.reason) from error

    def _once(self, call: Call, ends: Ends) -> bytes:
        wait_s = self.pace.reserve()
        if wait_s >= ends.left_s():
            raise DeclinesError(why=Decline.TOO_LATE, detail="its rate limit leaves no time for it")
        if wait_s > 0:
            self.sleep(wait_s)
        reply = exchange(
            self.client,
            self.base_url.get_secret_value().rstrip("/"),
            call,
            headers=self.wire.headers(self.key.get_secret_value() if self.key else None),
            timeout_s=max(0.001, min(self.limits.timeout_s, ends.left_s())),
        )
        return self._judged(reply)

    def _judged(self, reply: Reply) -> bytes:
        status = reply.status
        if OK <= status < REDIRECTED:
            return reply.body
        if status == LIMITED:
            self.pace.back_off(BACK_OFF_S)
            raise DeclinesError(why=Decline.LIMITED, detail="HTTP status 429")
        if status in UNAUTHORISED:
            raise DeclinesError(
                why=Decline.UNAUTHORISED,
                detail=f"HTTP status {status}: check the key in the settings",
            )
        if status < CLIENT_ERROR or status >= SERVER_ERROR:
            raise NoReplyError(reason=f"HTTP status {status}", is_transient=True)
        raise self.wire.refusal(reply)
