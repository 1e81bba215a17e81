"""Rankings: what is accepted, and what is refused with which words."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from random import Random

import jsonschema
import pytest

from agent.adapters.http import FileBytes
from agent.adapters.rankings import RankingReader, parse_ranking, ranking_schema
from agent.domain.signal import Ranking
from agent.domain.signal_rules import SignalLimits
from agent.errors import (
    FutureSignalError,
    SignalError,
    SignalRefusedError,
    SourceUnavailableError,
    StaleSignalError,
)
from tests.adapters.bodies import SAMPLES, body, mutated, ranking_tree

ISSUED_AT = datetime(2026, 11, 22, 11, tzinfo=UTC)
LIMITS = SignalLimits(max_age_s=86_400, max_skew_s=60)


def parse(tree: object) -> Ranking:
    return parse_ranking(body(tree), source="desk")


def refusal(tree: object) -> SignalRefusedError:
    with pytest.raises(SignalRefusedError) as caught:
        parse(tree)
    return caught.value


def test_the_sample_has_real_depth_and_is_marked_as_a_sample():
    ranking = parse_ranking((SAMPLES / "ranking.json").read_bytes(), source="sample")

    assert 300 <= len(ranking.coins)
    assert "illustrative" in ranking.source
    assert ["bitcoin", "ethereum"] == [coin.coin_id for coin in ranking.coins[:2]]
    caps = [coin.market_cap_usd for coin in ranking.coins]
    assert sorted(caps, reverse=True) == caps


def test_a_ranking_keeps_every_digit_and_the_hash_of_its_bytes():
    tree = ranking_tree()
    tree["rows"][0]["market_cap_usd"] = "1234567890123.123456789012345678"
    raw = body(tree)

    ranking = parse_ranking(raw, source="desk")

    assert Decimal("1234567890123.123456789012345678") == ranking.coins[0].market_cap_usd
    assert hashlib.sha256(raw).hexdigest() == ranking.sha256
    assert ISSUED_AT == ranking.issued_at


def test_the_order_of_the_rows_does_not_matter():
    tree, shuffled = ranking_tree(), ranking_tree()
    Random(1).shuffle(shuffled["rows"])

    assert parse(tree).coins == parse(shuffled).coins


def test_a_zone_is_turned_into_utc():
    assert (
        ISSUED_AT == parse({**ranking_tree(), "issued_at": "2026-11-22T12:30:00+01:30"}).issued_at
    )


def test_a_price_may_be_missing():
    tree = ranking_tree()
    del tree["rows"][7]["price_usd"]

    assert parse(tree).coins[7].price_usd is None


@pytest.mark.parametrize("row_count", [100, 250, 500])
def test_a_hundred_to_five_hundred_rows_are_accepted(row_count):
    assert row_count == len(parse(ranking_tree(row_count)).coins)


@pytest.mark.parametrize("row_count", [0, 99, 501])
def test_too_few_or_too_many_rows_are_refused_with_their_number(row_count):
    error = refusal(ranking_tree(row_count))

    assert ("rows", f"{row_count} entries") == (error.field, error.value)
    assert ("at most 500" if row_count > 500 else "at least 100") in error.mend


@pytest.mark.parametrize(
    ("index", "key", "value", "field"),
    [
        (None, "schema", "agent.ranking/2", "schema"),
        (None, "issued_at", "2026-11-22T11:00:00", "issued_at"),
        (None, "issued_at", "2026-11-22", "issued_at"),
        (None, "issued_at", 1763809200, "issued_at"),
        (None, "issued_at", "2026-02-30T00:00:00Z", "issued_at"),
        (None, "source", "", "source"),
        (None, "rows", {}, "rows"),
        (None, "rows", None, "rows"),
        (None, "comment", "hello", "comment"),
        (3, "rank", 0, "rows[3].rank"),
        (3, "rank", "4", "rows[3].rank"),
        (3, "rank", 4.0, "rows[3].rank"),
        (3, "rank", True, "rows[3].rank"),
        (3, "rank", 5, "rows[3].rank"),
        (3, "rank", 101, "rows[3].rank"),
        (3, "coin_id", "coin-5", "rows[3].coin_id"),
        (3, "coin_id", "", "rows[3].coin_id"),
        (3, "coin_id", "a\nb", "rows[3].coin_id"),
        (3, "name", "\x1b[2J", "rows[3].name"),
        (3, "symbol", None, "rows[3].symbol"),
        (3, "market_cap_usd", "0", "rows[3].market_cap_usd"),
        (3, "market_cap_usd", "-1", "rows[3].market_cap_usd"),
        (3, "market_cap_usd", "NaN", "rows[3].market_cap_usd"),
        (3, "market_cap_usd", "1e400", "rows[3].market_cap_usd"),
        (3, "market_cap_usd", None, "rows[3].market_cap_usd"),
        (3, "price_usd", 0, "rows[3].price_usd"),
        (3, "price_usdt", "1", "rows[3].price_usdt"),
    ],
)
def test_a_wrong_field_is_refused_by_its_path(index, key, value, field):
    tree = ranking_tree()
    (tree if index is None else tree["rows"][index])[key] = value

    error = refusal(tree)

    assert field == error.field
    assert error.mend
    assert str(error).isprintable()


def test_a_missing_field_is_named():
    tree = ranking_tree()
    del tree["rows"][98]["market_cap_usd"]

    error = refusal(tree)

    assert ("rows[98].market_cap_usd", "add the field") == (error.field, error.mend)


@pytest.mark.parametrize("number", [b"1e400", b"NaN", b"-Infinity", b"-5", b"0.0"])
def test_a_cap_that_is_no_amount_is_refused_as_a_number_too(number):
    raw = body(ranking_tree()).replace(b'"1000000000000"', number)

    with pytest.raises(SignalRefusedError):
        parse_ranking(raw, source="desk")


def reader(tmp_path: Path, raw: bytes) -> RankingReader:
    path = tmp_path / "ranking.json"
    path.write_bytes(raw)
    return RankingReader(source=FileBytes(path=path), limits=LIMITS)


def test_the_reader_returns_the_ranking_with_its_bytes(tmp_path):
    raw = body(ranking_tree())

    ranking, carried = reader(tmp_path, raw).fetch_ranking(now=ISSUED_AT)

    assert raw == carried
    assert parse_ranking(raw, source="desk") == ranking


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (datetime(2026, 11, 24, tzinfo=UTC), StaleSignalError),
        (datetime(2026, 11, 22, 10, tzinfo=UTC), FutureSignalError),
    ],
)
def test_the_reader_refuses_stale_and_future_rankings_and_keeps_their_bytes(tmp_path, now, error):
    raw = body(ranking_tree())

    with pytest.raises(error) as caught:
        reader(tmp_path, raw).fetch_ranking(now=now)

    assert raw == caught.value.raw


def test_a_refused_body_is_kept_for_the_log(tmp_path):
    with pytest.raises(SignalError) as caught:
        reader(tmp_path, b"oops").fetch_ranking(now=ISSUED_AT)

    assert b"oops" == caught.value.raw


def test_a_missing_file_is_an_unavailable_source(tmp_path):
    source = FileBytes(path=tmp_path / "none.json")

    with pytest.raises(SourceUnavailableError, match=r"none\.json is not usable: No such file"):
        RankingReader(source=source, limits=LIMITS).fetch_ranking(now=ISSUED_AT)


def test_the_published_schema_is_the_one_of_the_code():
    published = resources.files("agent") / "data" / "schemas" / "ranking.schema.json"

    assert published.read_bytes() == ranking_schema()


def test_the_schema_accepts_the_sample_and_is_a_schema_itself():
    schema = json.loads(ranking_schema())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(json.loads((SAMPLES / "ranking.json").read_bytes()), schema)
    jsonschema.validate(ranking_tree(), schema)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rank", 0),
        ("coin_id", ""),
        ("market_cap_usd", "-1"),
        ("market_cap_usd", "1e400"),
        ("market_cap_usd", 0),
        ("price_usd", "NaN"),
        ("surprise", 1),
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(key, value):
    tree = ranking_tree()
    tree["rows"][3][key] = value

    refusal(tree)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, json.loads(ranking_schema()))


@pytest.mark.parametrize("row_count", [99, 501])
def test_the_schema_bounds_the_rows(row_count):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(ranking_tree(row_count), json.loads(ranking_schema()))


def outcome(raw: bytes) -> Ranking | SignalRefusedError:
    try:
        return parse_ranking(raw, source="desk")
    except SignalRefusedError as error:
        return error


def test_a_thousand_spoiled_rankings_are_accepted_whole_or_refused_with_a_reason():
    random = Random(20261123)
    raw = body(ranking_tree())

    outcomes = [outcome(mutated(raw, random)) for _ in range(1_000)]

    refusals = [o for o in outcomes if isinstance(o, SignalRefusedError)]
    rankings = [o for o in outcomes if isinstance(o, Ranking)]
    assert min(len(refusals), len(rankings)) > 20
    assert all(error.mend and str(error).isprintable() for error in refusals)
    for ranking in rankings:
        assert list(range(1, len(ranking.coins) + 1)) == [c.rank for c in ranking.coins]
        assert len(ranking.coins) == len({c.coin_id for c in ranking.coins})
        assert all(0 < c.market_cap_usd < Decimal("1e18") for c in ranking.coins)
