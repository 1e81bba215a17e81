"""Channels through Apprise, against a webhook on loopback; and the outbox on its database."""

import json
import logging
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from agent.adapters.ledger import SqlOutbox
from agent.adapters.messenger import AppriseMessenger
from agent.domain.notice import Delivery, Level, Notice
from agent.errors import MessengerUnavailableError, SettingsError
from tests.fakes import START

NOTICE = Notice(id="ab12", at=START, level=Level.ERROR, title="index: halted", body="why\n<b> & so")


@contextmanager
def webhook(*, status=200):
    """Serve a webhook on a free port, and give its port and what it was sent."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            got.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_gets_title_body_and_level():
    with webhook() as (port, got):
        AppriseMessenger("hook", SecretStr(f"json://127.0.0.1:{port}/in")).send(NOTICE)

    (sent,) = got
    assert (sent["title"], sent["type"]) == ("index: halted", "failure")
    assert "why" in sent["message"]
    assert "so" in sent["message"]


@pytest.mark.parametrize("status", [500, 403])
def test_a_refusal_is_an_error_without_the_address(status, caplog):
    caplog.set_level(logging.DEBUG)
    with webhook(status=status) as (port, _):
        messenger = AppriseMessenger("hook", SecretStr(f"json://user:hunter2@127.0.0.1:{port}/"))
        with pytest.raises(MessengerUnavailableError, match="channel hook") as caught:
            messenger.send(NOTICE)

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caplog.text


def test_nobody_there_is_an_error():
    with webhook() as (port, _):
        pass

    with pytest.raises(MessengerUnavailableError):
        AppriseMessenger("hook", SecretStr(f"json://127.0.0.1:{port}/")).send(NOTICE)


def test_an_address_that_is_none_is_refused_without_showing_it():
    with pytest.raises(SettingsError, match=r"notify\.channels\.team") as caught:
        AppriseMessenger("team", SecretStr("nosuch://hunter2"))

    assert "hunter2" not in str(caught.value)


@pytest.fixture
def outbox(tmp_path):
    box = SqlOutbox(tmp_path / "agent.sqlite")
    yield box
    box.close()


def delivery(notice_id="a", channel="team"):
    notice = Notice(id=notice_id, at=START, level=Level.INFO, title="t", body="b")
    return Delivery(notice=notice, channel=channel, attempts=0)


def test_what_was_put_survives_and_comes_in_order(tmp_path, outbox):
    assert outbox.read_up_to() is None
    outbox.put([(delivery("a"), START), (delivery("b"), START)], read_up_to=7)

    again = SqlOutbox(tmp_path / "agent.sqlite")

    assert again.read_up_to() == 7
    assert (delivery("a"), delivery("b")) == again.due(START) == again.open()
    again.close()


def test_nothing_is_due_before_its_time_or_after_its_end(outbox):
    later = START + timedelta(seconds=1)
    outbox.put([(delivery("a"), later), (delivery("b"), START)], read_up_to=1)

    assert (delivery("b"),) == outbox.due(START)
    outbox.delivered(delivery("b"), at=START)
    outbox.failed(delivery("a"), again_at=None, reason="gone")
    assert () == outbox.due(later) == outbox.open()


def test_a_failure_is_counted_and_put_off(outbox):
    outbox.put([(delivery("a", "x"), START), (delivery("a", "y"), START)], read_up_to=1)
    outbox.failed(delivery("a", "x"), again_at=START + timedelta(minutes=1), reason="down")

    assert (delivery("a", "y"),) == outbox.due(START)
    first, _ = outbox.due(START + timedelta(minutes=1))
    assert (first.channel, first.attempts) == ("x", 1)
