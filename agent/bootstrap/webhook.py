"""The webhook of the settings: what is pushed is checked like a signal that is read, and then lies ready."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from agent import observe
from agent.adapters.rankings import parse_ranking
from agent.adapters.signals import parse_regime
from agent.adapters.webhook import Inbox, Webhook
from agent.domain.bodies import SignalName, SignalRefused
from agent.domain.record import BETWEEN_CYCLES
from agent.domain.signal import Ranking, RegimeSignal
from agent.domain.signal_rules import (
    LastSignal,
    SignalLimits,
    check_expiry,
    check_order,
    check_time,
)
from agent.errors import SignalError
from agent.ports import Clock, Ledger
from agent.settings import Settings

SOURCE = "webhook"


@contextmanager
def webhook(settings: Settings, *, ledger: Ledger, clock: Clock) -> Iterator[Webhook | None]:
    """Listen for pushed signals, if the settings name a port."""
    if settings.signals.webhook_port is None:
        yield None
        return
    inbox = Inbox(directory=settings.signals.inbox)
    check = _Check(settings, inbox, ledger, clock)
    with Webhook(port=settings.signals.webhook_port, inbox=inbox, check=check) as listening:
        yield listening


class _Check:
    """Whether a pushed signal is to be taken; what is refused is on record, without its bytes.

    Whoever can reach the port could else fill the log with whatever they like.
    """

    def __init__(self, settings: Settings, inbox: Inbox, ledger: Ledger, clock: Clock) -> None:
        self._given, self._inbox, self._ledger, self._clock = settings.signals, inbox, ledger, clock

    def __call__(self, name: SignalName, raw: bytes) -> None:
        try:
            self._check(name, raw)
        except SignalError as error:
            sha256 = hashlib.sha256(raw).hexdigest()
            refused = SignalRefused(
                signal=name, source=SOURCE, sha256=None, reason=f"push {sha256}: {error}"
            )
            self._ledger.append(refused, cycle_id=BETWEEN_CYCLES)
            observe.signal_refused(refused)
            raise

    def _check(self, name: SignalName, raw: bytes) -> None:
        now, signal = self._clock.now(), self._parsed(name, raw)
        limits = SignalLimits(max_age_s=self._given.max_age_s, max_skew_s=self._given.max_skew_s)
        check_expiry(signal.expires_at, source=SOURCE, now=now)
        check_time(signal.issued_at, source=SOURCE, now=now, limits=limits)
        check_order(signal, self._standing(name), source=SOURCE)

    def _standing(self, name: SignalName) -> LastSignal | None:
        """Return the signal that lies in the inbox: an older one must not take its place."""
        path = self._inbox.path(name)
        if not path.exists():
            return None
        try:
            lies = self._parsed(name, path.read_bytes())
        except SignalError:
            return None  # of a key that is listed no more
        return LastSignal(issued_at=lies.issued_at, sequence=lies.sequence, sha256=lies.sha256)

    def _parsed(self, name: SignalName, raw: bytes) -> Ranking | RegimeSignal:
        parse = parse_ranking if name is SignalName.RANKING else parse_regime
        return parse(raw, source=SOURCE, keys=self._given.keys)
