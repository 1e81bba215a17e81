"""Regime signals: what is accepted, and what is refused with which words."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from random import Random

import jsonschema
import pytest

from agent.adapters.http import FileBytes
from agent.adapters.signals import RegimeReader, parse_regime, regime_schema
from agent.domain.signal import Regime, RegimeSignal
from agent.domain.signal_rules import SignalLimits
from agent.errors import SignalRefusedError, StaleSignalError
from tests.adapters.bodies import SAMPLES, body, mutated, regime_tree

ISSUED_AT = datetime(2026, 11, 22, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "regime", "probability"),
    [
        ("regime.json", Regime.BULLISH, "0.74"),
        ("regime-bearish.json", Regime.BEARISH, "0.81"),
    ],
)
def test_the_samples_are_signals(file, regime, probability):
    raw = (SAMPLES / file).read_bytes()

    signal = parse_regime(raw, source="sample")

    assert (regime, Decimal(probability)) == (signal.regime, signal.probability)
    assert (ISSUED_AT, "sample") == (signal.issued_at, signal.source)
    assert hashlib.sha256(raw).hexdigest() == signal.sha256


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schema", "agent.ranking/1", "agent.regime/1"),
        ("regime", "sideways", "'bearish' or 'neutral'"),
        ("regime", "BULLISH", "'bearish' or 'neutral'"),
        ("probability", "1.0001", "between 0 and 1"),
        ("probability", -0.1, "between 0 and 1"),
        ("probability", "high", "plain decimal"),
        ("probability", None, "plain decimal"),
        ("probability", True, "plain decimal"),
        ("issued_at", "0001-01-01T00:00:00+23:59", "between the years"),
        ("issued_at", "yesterday", "RFC 3339"),
        ("source", "\ud800", "printable"),
        ("colour", "red", "remove the field"),
    ],
)
def test_a_wrong_field_is_refused_with_the_mend(key, value, words):
    with pytest.raises(SignalRefusedError) as caught:
        parse_regime(body({**regime_tree(), key: value}), source="desk")

    assert key == caught.value.field
    assert words in caught.value.mend
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("probability", ["0", "1", "1.000", "0.5", 1, 0, 0.25])
def test_the_ends_of_the_range_are_probabilities(probability):
    tree = {**regime_tree(), "probability": probability}

    assert Decimal(str(probability)) == parse_regime(body(tree), source="desk").probability
    jsonschema.validate(tree, json.loads(regime_schema()))


@pytest.mark.parametrize("raw", [b"", b"[]", b'"bullish"', b"<html>", b"{", b"\x00"])
def test_what_is_no_json_object_is_refused(raw):
    with pytest.raises(SignalRefusedError) as caught:
        parse_regime(raw, source="desk")

    assert "body" == caught.value.field


def test_the_reader_returns_bytes_and_refuses_stale_ones(tmp_path):
    path = tmp_path / "regime.json"
    path.write_bytes(body(regime_tree()))
    reader = RegimeReader(
        source=FileBytes(path=path), limits=SignalLimits(max_age_s=60, max_skew_s=60)
    )

    signal, raw = reader.fetch_regime(now=ISSUED_AT)

    assert (Regime.BEARISH, path.read_bytes()) == (signal.regime, raw)
    with pytest.raises(StaleSignalError) as caught:
        reader.fetch_regime(now=datetime(2026, 11, 23, tzinfo=UTC))
    assert raw == caught.value.raw


def test_the_published_schema_is_the_one_of_the_code():
    published = resources.files("agent") / "data" / "schemas" / "regime.schema.json"

    assert published.read_bytes() == regime_schema()


@pytest.mark.parametrize("file", ["regime.json", "regime-bearish.json"])
def test_the_schema_accepts_the_samples(file):
    schema = json.loads(regime_schema())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(json.loads((SAMPLES / file).read_bytes()), schema)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "agent.regime/2"),
        ("regime", "sideways"),
        ("probability", "1.5"),
        ("probability", 2),
        ("issued_at", "2026-11-22"),
        ("surprise", 1),
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(key, value):
    tree = {**regime_tree(), key: value}

    with pytest.raises(SignalRefusedError):
        parse_regime(body(tree), source="desk")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, json.loads(regime_schema()))


def outcome(raw: bytes) -> RegimeSignal | SignalRefusedError:
    try:
        return parse_regime(raw, source="desk")
    except SignalRefusedError as error:
        return error


def test_a_thousand_spoiled_signals_are_accepted_whole_or_refused_with_a_reason():
    random = Random(20261122)
    raw = body(regime_tree())

    outcomes = [outcome(mutated(raw, random)) for _ in range(1_000)]

    refusals = [o for o in outcomes if isinstance(o, SignalRefusedError)]
    signals = [o for o in outcomes if isinstance(o, RegimeSignal)]
    assert min(len(refusals), len(signals)) > 5
    assert all(error.mend and str(error).isprintable() for error in refusals)
    assert all(0 <= signal.probability <= 1 for signal in signals)
