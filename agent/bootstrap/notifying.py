"""The courier of a deployment, beside its service; and a notice by hand, to try the channels."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from agent.adapters.clock import SystemClock
from agent.adapters.ledger import SqlOutbox
from agent.daemon.courier import Courier
from agent.daemon.notices import ID_LENGTH, Teller
from agent.daemon.standing import body_of
from agent.domain.bodies import ProposalMade
from agent.domain.notice import Level, Notice
from agent.domain.record import RecordKind
from agent.domain.signal import Regime
from agent.errors import MessengerUnavailableError, SettingsError, StopRequestedError
from agent.ports import Clock, Ledger, Messenger
from agent.settings import Settings

LAST_WORDS_S = 30
"""How long a stop waits for the notices that are under way; what is left is sent after the next start."""


@contextmanager
def telling(settings: Settings, ledger: Ledger, *, clock: Clock) -> Iterator[None]:
    """Carry notices to the settings' channels in a thread of their own, while the context is entered.

    Raises:
        SettingsError: a channel's address is not one.
    """
    channels = messengers(settings)
    if not channels:
        yield
        return
    outbox = SqlOutbox(settings.ledger.place)
    courier = Courier(
        ledger=ledger,
        outbox=outbox,
        messengers=channels,
        rules_by_channel=settings.notify.rules(),
        teller=_teller(settings, ledger, outbox),
        clock=clock,
    )
    courier.read()
    over = threading.Event()
    thread = threading.Thread(target=_carry, args=(courier, over), name="courier", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LAST_WORDS_S)
        outbox.close()


def _carry(courier: Courier, over: threading.Event) -> None:
    """Look for notices until it is over, and a last time then."""
    with suppress(StopRequestedError):
        while not over.wait(courier.look_every_s):
            courier.look_safely()
    courier.look_safely()


def _teller(settings: Settings, ledger: Ledger, outbox: SqlOutbox) -> Teller:
    read = outbox.read_up_to()
    regime: Regime | None = None
    for record in ledger.records(kinds=(RecordKind.PROPOSAL,)):
        made = body_of(record)
        if (read is None or record.seq <= read) and isinstance(made, ProposalMade):
            regime = made.proposal.regime
    waits = {
        Regime.BULLISH: settings.schedule.approval == "required",
        Regime.BEARISH: settings.regime.exit_approval == "required",
    }
    needs_approval = frozenset(regime for regime, is_waiting in waits.items() if is_waiting)
    return Teller(settings.portfolio.name, needs_approval=needs_approval, regime=regime)


def messengers(settings: Settings) -> tuple[Messenger, ...]:
    """Return the channels of the settings.

    Raises:
        SettingsError: an address is not one.
    """
    if not settings.notify.channels:
        return ()
    from agent.adapters.messenger import AppriseMessenger  # noqa: PLC0415 - slow to import

    return tuple(AppriseMessenger(name, url) for name, url in settings.notify.channels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a notice by hand; `reason` is "" where it was taken."""

    channel: str
    reason: str


def try_channels(settings: Settings, *, words: str) -> tuple[Tried, ...]:
    """Send a notice to every channel, at once and once, whatever its rules, and return what became of it.

    Raises:
        SettingsError: there is no channel, or an address is not one.
    """
    channels = messengers(settings)
    if not channels:
        raise SettingsError(field="notify.channels", value="(none)", mend="name a channel there")
    now = SystemClock().now()
    notice_id = hashlib.sha256(f"{now.isoformat()} {words}".encode()).hexdigest()[:ID_LENGTH]
    notice = Notice(
        id=notice_id,
        at=now,
        level=Level.INFO,
        title=f"{settings.portfolio.name}: a trial",
        body=f"{words}\n\nnotice {notice_id}",
    )
    return tuple(_tried(channel, notice) for channel in channels)


def _tried(channel: Messenger, notice: Notice) -> Tried:
    try:
        channel.send(notice)
    except MessengerUnavailableError as error:
        return Tried(channel=channel.name, reason=error.reason)
    return Tried(channel=channel.name, reason="")
