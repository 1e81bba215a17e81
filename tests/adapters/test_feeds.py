"""Providers of rankings and regimes: what of their answers is taken, and what is refused with which words."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import httpx
import pytest

from agent.adapters.feeds import PROVIDERS, ProviderRanking, ProviderRegime
from agent.adapters.http import UrlBytes, new_client
from agent.adapters.rankings import parse_ranking
from agent.adapters.signals import parse_regime
from agent.domain.signal import Regime
from agent.domain.signal_rules import SignalLimits
from agent.errors import SignalError, SignalRefusedError, SourceUnavailableError, StaleSignalError
from tests.adapters.bodies import SAMPLES, mutated
from tests.adapters.feed_bodies import (
    RANKING_BODIES,
    coingecko,
    coinmarketcap,
    coinpaprika,
    recorded,
    tokenmetrics,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIMITS = SignalLimits(max_age_s=2 * 86_400, max_skew_s=60)
KEY = "a-secret-key"


def source(provider, answer, *, status=200, seen=None, headers=None):
    def respond(request):
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, content=answer, headers=headers or {})

    return UrlBytes(
        url=httpx.URL(PROVIDERS[provider].base_url + PROVIDERS[provider].ranking_path),
        client=new_client(httpx.MockTransport(respond)),
        headers={PROVIDERS[provider].key_header: KEY},
        sleep=lambda _: None,
    )


def fetch(provider, answer, *, contracts=None, **how):
    reader = ProviderRanking(
        provider=PROVIDERS[provider],
        source=source(provider, answer, **how),
        limits=LIMITS,
        coin_by_contract=contracts or {},
    )
    return reader.fetch_ranking(now=NOW)


@pytest.mark.parametrize("provider", RANKING_BODIES)
def test_an_answer_is_a_ranking_by_our_coin_ids(provider):
    body = RANKING_BODIES[provider]()

    ranking, raw = fetch(provider, body)

    assert raw == body
    assert list(range(1, 121)) == [coin.rank for coin in ranking.coins]
    assert ("bitcoin", Decimal(10**12)) == (
        ranking.coins[0].coin_id,
        ranking.coins[0].market_cap_usd,
    )


def test_both_versions_of_a_listing_say_the_same():
    one, other = (fetch("coinmarketcap", coinmarketcap(v))[0] for v in ("v1", "v3"))

    assert one.coins == other.coins


def test_a_coin_is_known_by_its_contract_before_its_slug():
    contract = "0x514910771AF9Ca656af840dff83E8264EcF986CA"
    platform = {"id": 1, "name": "Ethereum", "slug": "ethereum", "token_address": contract}

    ranking, _ = fetch(
        "coinmarketcap",
        coinmarketcap(platform=platform),
        contracts={contract.lower(): "chainlink"},
    )

    assert ("chainlink", contract) == (ranking.coins[4].coin_id, ranking.coins[4].contract)
    assert ranking.coins[5].coin_id == "cmc:coin-6"


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("coingecko", coingecko(market_cap_rank=None)),
        ("coingecko", coingecko(market_cap=None)),
        ("coingecko", coingecko(market_cap=0)),
        ("coinmarketcap", coinmarketcap(cmc_rank=None)),
        ("coinpaprika", coinpaprika(rank=0)),
        ("tokenmetrics", tokenmetrics(MARKET_CAP=None)),
    ],
)
def test_a_row_without_rank_or_cap_is_left_out_and_the_rest_closes_up(provider, body):
    ranking, _ = fetch(provider, body)

    assert list(range(1, 120)) == [coin.rank for coin in ranking.coins]
    assert not any(coin.coin_id.endswith("-5") for coin in ranking.coins)


REFUSED = {
    "html": b"<!DOCTYPE html><html><body>Attention Required! | Cloudflare</body></html>",
    "empty": b"",
    "null": b"null",
    "number": b"17",
    "nan": coingecko().replace(b"1000000000000", b"NaN"),
    "huge": coingecko().replace(b"1000000000000", b"1e400"),
    "endless": coingecko().replace(b"1000000000000", b"1" * 5000),
    "short": coingecko(rows=99),
    "twice": coingecko(id="bitcoin"),
    "typed": coingecko(market_cap="much"),
    "error": recorded("coingecko-error-429"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_ranking_is_refused_in_one_line(what):
    with pytest.raises(SignalRefusedError) as caught:
        fetch("coingecko", REFUSED[what])

    assert str(caught.value).isprintable()
    assert REFUSED[what] == caught.value.raw


@pytest.mark.parametrize(
    ("provider", "name", "words"),
    [
        ("coingecko", "coingecko-error-429", "exceeded the Rate Limit"),
        ("coinmarketcap", "coinmarketcap-error-401", "1001 This API Key is invalid"),
        ("coinpaprika", "coinpaprika-error-404", "id not found"),
        ("tokenmetrics", "tokenmetrics-error-401", "Invalid API key"),
    ],
)
def test_an_error_that_comes_with_status_200_is_told_in_its_own_words(provider, name, words):
    with pytest.raises(SignalRefusedError, match=words):
        fetch(provider, recorded(name))


@pytest.mark.parametrize(
    ("status", "attempts"), [(401, 1), (403, 1), (404, 1), (429, 4), (500, 4), (503, 4)]
)
@pytest.mark.parametrize("provider", RANKING_BODIES)
def test_a_status_that_is_no_answer_makes_the_source_unavailable(provider, status, attempts):
    seen = []

    with pytest.raises(SourceUnavailableError, match=f"HTTP status {status}") as caught:
        fetch(provider, b"denied", status=status, seen=seen)

    assert attempts == len(seen)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("provider", RANKING_BODIES)
def test_a_key_travels_in_its_header_and_nowhere_else(provider):
    seen = []
    given = source(provider, RANKING_BODIES[provider](), seen=seen)

    given.read()

    (request,) = seen
    assert KEY == request.headers[PROVIDERS[provider].key_header]
    assert KEY not in str(request.url)
    assert KEY not in repr(given)
    assert KEY not in given.name


def test_a_key_does_not_follow_a_redirect():
    seen = []

    with pytest.raises(SourceUnavailableError, match="redirect"):
        fetch(
            "coingecko",
            b"",
            status=302,
            seen=seen,
            headers={"location": "https://elsewhere.example/"},
        )

    assert len(seen) == 1


def test_an_old_answer_is_stale():
    with pytest.raises(StaleSignalError):
        fetch("coingecko", coingecko().replace(b"2026-11-21", b"2026-11-01"))


def regime(answer):
    reader = ProviderRegime(
        provider=PROVIDERS["tokenmetrics"], source=source("tokenmetrics", answer), limits=LIMITS
    )
    return reader.fetch_regime(now=NOW)[0]


@pytest.mark.parametrize(
    ("signal", "expected"), [(1, Regime.BULLISH), (0, Regime.NEUTRAL), (-1, Regime.BEARISH)]
)
@pytest.mark.parametrize("is_lower", [False, True])
def test_the_newest_row_of_the_indicator_counts(signal, expected, is_lower):
    answer = json.loads(recorded("tokenmetrics-market-metrics"))
    answer["data"][0]["TM_GRADE_SIGNAL"] = signal
    answer["data"].reverse()
    if is_lower:
        answer["data"] = [{k.lower(): v for k, v in row.items()} for row in answer["data"]]

    found = regime(json.dumps(answer).encode())

    assert (expected, Decimal(1)) == (found.regime, found.probability)
    assert datetime(2026, 11, 20, tzinfo=UTC) == found.issued_at


@pytest.mark.parametrize("signal", [2, "1", None, 0.5, True])
def test_an_indicator_that_is_none_is_refused(signal):
    answer = json.loads(recorded("tokenmetrics-market-metrics"))
    answer["data"][0]["TM_GRADE_SIGNAL"] = signal

    with pytest.raises(SignalRefusedError, match="tm_grade_signal"):
        regime(json.dumps(answer).encode())


WHOLE = {
    **{name: body() for name, body in RANKING_BODIES.items()},
    "regime": recorded("tokenmetrics-market-metrics"),
    "ours": (SAMPLES / "ranking.json").read_bytes(),
    "our regime": (SAMPLES / "regime.json").read_bytes(),
}
READERS = {
    "regime": regime,
    "ours": lambda raw: parse_ranking(raw, source="desk"),
    "our regime": lambda raw: parse_regime(raw, source="desk"),
}


def test_a_thousand_bent_bodies_are_each_taken_or_refused_in_one_line():
    random, taken, refused = Random(20261122), 0, 0
    names = sorted(WHOLE)
    for number in range(1_000):
        name = names[number % len(names)]
        raw = mutated(WHOLE[name], random)
        try:
            READERS.get(name, lambda body, n=name: fetch(n, body))(raw)
        except SignalError as error:
            assert str(error).isprintable(), error  # noqa: PT017 - each of a thousand, not one
            refused += 1
        else:
            taken += 1

    assert 1_000 == taken + refused
    assert min(taken, refused) > 100


def test_a_whole_answer_is_taken_before_it_is_bent():
    for name, raw in WHOLE.items():
        with suppress(StaleSignalError):
            READERS.get(name, lambda body, n=name: fetch(n, body))(raw)
