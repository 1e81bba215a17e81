"""Signed signals: whose signature counts, and that nothing else passes where one is asked for."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_account.messages import encode_defunct

from agent.adapters.envelope import opened, signed_text
from agent.adapters.http import FileBytes
from agent.adapters.signals import RegimeReader
from agent.adapters.wire import BodyError
from agent.domain.signal_rules import SignalLimits
from agent.errors import ExpiredSignalError, SignalRefusedError
from tests.adapters.bodies import body, regime_tree

ED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED_KEY = "ed25519:" + ED.public_key().public_bytes_raw().hex()
ETH = Account.from_key(bytes(range(1, 33)))
ETH_KEY = f"eip191:{ETH.address}"
BODY = body(regime_tree())
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def envelope(key, text=BODY, /, **changes):
    if key == ED_KEY:
        signature = ED.sign(signed_text(text)).hex()
    else:
        signature = ETH.sign_message(encode_defunct(signed_text(text))).signature.hex()
    tree = {"schema": "agent.signed/1", "key": key, "signature": signature, "body": text.decode()}
    return json.dumps({**tree, **changes}).encode()


@pytest.mark.parametrize("key", [ED_KEY, ETH_KEY])
def test_a_signed_body_is_opened(key):
    found = opened(envelope(key), keys=[ED_KEY, ETH_KEY])

    assert (BODY, key) == (found.body, found.signed_by)


@pytest.mark.parametrize("key", [ED_KEY, ETH_KEY])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": BODY.decode() + " "}, "signature"),
        ({"signature": "00" * 65}, "signature"),
        ({"signature": "00"}, "signature"),
        ({"signature": "xyz"}, "signature"),
        ({"key": "ed25519:" + "11" * 32}, "key"),
        ({"key": "eip191:" + "0x" + "11" * 20}, "key"),
        ({"more": 1}, "more"),
    ],
)
def test_what_does_not_fit_its_signature_is_refused(key, changes, field):
    with pytest.raises(BodyError) as caught:
        opened(envelope(key, **changes), keys=[ED_KEY, ETH_KEY])

    assert field == caught.value.field


def test_a_key_that_is_not_listed_does_not_count():
    with pytest.raises(BodyError, match="key"):
        opened(envelope(ED_KEY), keys=[ETH_KEY])


def test_where_keys_are_listed_an_unsigned_signal_is_refused():
    with pytest.raises(BodyError, match=r"signals\.keys"):
        opened(BODY, keys=[ED_KEY])


def test_where_none_is_listed_an_unsigned_signal_passes_and_a_signed_one_does_not():
    assert opened(BODY, keys=[]).signed_by == ""
    with pytest.raises(BodyError, match="key"):
        opened(envelope(ED_KEY), keys=[])


def test_a_bent_envelope_is_never_opened_and_never_breaks_anything():
    random, whole = Random(7), envelope(ETH_KEY)
    for _ in range(300):
        bent = bytearray(whole)
        bent[random.randrange(len(bent))] = random.randrange(256)
        with suppress(BodyError):
            found = opened(bytes(bent), keys=[ETH_KEY])
            assert (BODY, ETH_KEY) == (found.body, found.signed_by)


def reader(tmp_path, raw):
    path = tmp_path / "regime.json"
    path.write_bytes(raw)
    limits = SignalLimits(max_age_s=86_400, max_skew_s=60)
    return RegimeReader(source=FileBytes(path=path), limits=limits, keys=(ED_KEY,))


def test_a_reader_takes_a_signed_signal_with_its_sequence(tmp_path):
    text = body({**regime_tree(), "sequence": 7, "expires_at": "2026-11-23T00:00:00Z"})

    signal, raw = reader(tmp_path, envelope(ED_KEY, text)).fetch_regime(now=NOW)

    assert (7, ED_KEY) == (signal.sequence, signal.signed_by)
    assert envelope(ED_KEY, text) == raw


def test_a_reader_refuses_a_signal_that_is_over(tmp_path):
    text = body({**regime_tree(), "expires_at": "2026-11-22T12:00:00Z"})
    given = reader(tmp_path, envelope(ED_KEY, text))

    given.fetch_regime(now=NOW - timedelta(seconds=1))
    with pytest.raises(ExpiredSignalError) as caught:
        given.fetch_regime(now=NOW)
    assert caught.value.raw


def test_a_reader_refuses_a_signal_that_nobody_signed(tmp_path):
    with pytest.raises(SignalRefusedError, match="signature"):
        reader(tmp_path, BODY).fetch_regime(now=NOW)
