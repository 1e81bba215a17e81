"""Pushed signals: what the server on loopback takes, what it refuses, and what lies in the inbox then."""

from http.client import HTTPConnection
from types import SimpleNamespace

import httpx
import pytest

from agent.adapters.webhook import Inbox
from agent.bootstrap.webhook import webhook
from agent.domain.bodies import SignalName
from agent.domain.record import RecordKind
from agent.settings.signals import SignalSettings
from tests.adapters.bodies import body, regime_tree
from tests.adapters.test_envelope import ED_KEY, NOW, envelope
from tests.fakes import FakeLedger, StillClock


class Desk:
    """A webhook on a free port over a fake ledger."""

    def __init__(self, directory):
        self.inbox, self.ledger = Inbox(directory=directory / "inbox"), FakeLedger()
        signals = SignalSettings(
            ranking="webhook://",
            regime="webhook://",
            keys=(ED_KEY,),
            webhook_port=0,
            inbox=self.inbox.directory,
        )
        self.settings = SimpleNamespace(signals=signals)

    def push(self, *raws, path="/regime"):
        with webhook(self.settings, ledger=self.ledger, clock=StillClock(time=NOW)) as listening:
            url = f"http://127.0.0.1:{listening.port}{path}"
            return [httpx.post(url, content=raw) for raw in raws]

    @property
    def refusals(self):
        return [r.body for r in self.ledger.records(kinds=(RecordKind.SIGNAL_REFUSED,))]

    @property
    def lies(self):
        path = self.inbox.path(SignalName.REGIME)
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def signed(sequence, **changes):
    return envelope(ED_KEY, body({**regime_tree(), "sequence": sequence, **changes}))


def test_a_signed_signal_is_taken_whole(desk):
    raw = signed(1)

    (answer,) = desk.push(raw)

    assert answer.status_code == 202
    assert desk.lies == raw
    assert desk.refusals == []


def test_an_older_signal_does_not_take_the_place_of_a_newer_one(desk):
    newer = signed(2)

    taken, replayed, again = desk.push(newer, signed(1), newer)

    assert (202, 422, 202) == (taken.status_code, replayed.status_code, again.status_code)
    assert "sequence = 1, the last accepted one has 2" in replayed.json()["error"]
    assert desk.lies == newer


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", body(regime_tree()), signed(1, regime="sideways"), b"\xff" * 100]
)
def test_what_is_no_signed_signal_is_refused_and_on_record_without_its_bytes(desk, raw):
    (answer,) = desk.push(raw)

    (refused,) = desk.refusals
    assert answer.status_code == 422
    assert answer.json()["error"] in refused["reason"]
    assert refused["sha256"] is None
    assert desk.lies is None


def test_nothing_else_is_served(desk):
    with webhook(desk.settings, ledger=desk.ledger, clock=StillClock(time=NOW)) as listening:
        base = f"http://127.0.0.1:{listening.port}"
        codes = [
            httpx.post(f"{base}/orders", content=b"{}").status_code,
            httpx.get(f"{base}/regime").status_code,
            status_of_head(listening.port, {"content-length": "999999999"}),
            httpx.post(f"{base}/regime", content=iter([b"{}"])).status_code,
        ]

    assert [404, 501, 413, 411] == codes
    assert desk.refusals == []


def status_of_head(port, headers):
    """Return the answer to a request of which nothing but the head is sent."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.putrequest("POST", "/regime")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_without_a_port_nothing_listens(desk):
    desk.settings.signals = SignalSettings(ranking="r", regime="r")

    with webhook(desk.settings, ledger=desk.ledger, clock=StillClock()) as listening:
        assert listening is None


def test_a_webhook_needs_keys():
    with pytest.raises(ValueError, match="list in keys who may sign"):
        SignalSettings(ranking="webhook://", regime="webhook://", webhook_port=0)
