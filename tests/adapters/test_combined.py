"""Several sources of one signal: who is asked, what counts, and what is kept of the others."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agent.adapters.combined import CombinedRankings, CombinedRegimes, is_like
from agent.domain.signal import Regime
from agent.errors import QuorumError, SignalRefusedError, SourceUnavailableError
from tests.fakes import START, FakeRankings, FakeRegimes
from tests.worlds import ranking, world

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DOWN = SourceUnavailableError(source="x", reason="down")
BAD = SignalRefusedError(source="x", field="rows", value="?", mend="mend")
BULL, BEAR = Regime.BULLISH, Regime.BEARISH


def regimes(*said, agree=1):
    sources = []
    for index, what in enumerate(said):
        error = what if isinstance(what, Exception) else None
        regime, probability = what if error is None else (BULL, 0)
        signal = replace(
            world(coins=2).regime, regime=regime, probability=Decimal(str(probability))
        )
        sources.append(
            FakeRegimes(signal, raw=f"body {index}".encode(), error=error, name=f"s{index}")
        )
    return CombinedRegimes(sources=sources, agree=agree)


def test_the_first_that_answers_counts_as_it_came():
    signal, raw = regimes((BULL, 0.7), (BEAR, 0.9)).fetch_regime(now=NOW)

    assert (BULL, b"body 0") == (signal.regime, raw)


@pytest.mark.parametrize("error", [DOWN, BAD])
def test_where_the_first_has_nothing_usable_the_next_counts_and_the_bytes_tell(error):
    signal, raw = regimes(error, (BEAR, 0.9)).fetch_regime(now=NOW)

    first, second = json.loads(raw)["parts"]
    assert signal.regime is BEAR
    assert hashlib.sha256(raw).hexdigest() == signal.sha256
    assert str(error) == first["refused"]
    assert ("body 1", hashlib.sha256(b"body 1").hexdigest()) == (second["body"], second["sha256"])


def test_a_quorum_counts_with_its_least_probability():
    signal, raw = regimes((BULL, 0.9), (BEAR, 0.8), (BEAR, 0.6), agree=2).fetch_regime(now=NOW)

    assert (BEAR, Decimal("0.6")) == (signal.regime, signal.probability)
    assert len(json.loads(raw)["parts"]) == 3


def test_a_quorum_that_is_reached_asks_no_further():
    asked = regimes((BULL, 0.9), (BULL, 0.8), BAD, agree=2)

    _, raw = asked.fetch_regime(now=NOW)

    assert len(json.loads(raw)["parts"]) == 2


def test_without_a_quorum_nothing_counts_and_all_that_was_said_is_told():
    with pytest.raises(QuorumError, match="s0: bullish; s1: bearish; s2: nothing usable") as caught:
        regimes((BULL, 0.9), (BEAR, 0.8), DOWN, agree=2).fetch_regime(now=NOW)

    assert len(json.loads(caught.value.raw)["parts"]) == 3


def test_what_may_pass_is_told_before_what_will_not():
    with pytest.raises(SourceUnavailableError):
        regimes(BAD, DOWN).fetch_regime(now=NOW)
    with pytest.raises(SignalRefusedError):
        regimes(BAD, BAD).fetch_regime(now=NOW)


def bent(factor, *, coins):
    made = ranking(120)
    return replace(
        made,
        coins=tuple(
            replace(c, market_cap_usd=c.market_cap_usd * factor) if c.coin_id in coins else c
            for c in made.coins
        ),
    )


def test_rankings_agree_by_the_weight_of_the_caps_that_they_share():
    assert is_like(ranking(120), ranking(110))
    assert is_like(ranking(120), bent(2, coins={"coin-050"}))
    assert not is_like(ranking(120), bent(2, coins={"bitcoin"}))


def test_a_ranking_needs_its_quorum():
    @dataclass
    class Never:
        name: str = "never"

        def fetch_ranking(self, *, now):
            raise AssertionError(now)

    odd, good = bent(2, coins={"bitcoin"}), ranking(120)
    made = CombinedRankings(
        sources=[
            FakeRankings(odd, raw=b"odd"),
            FakeRankings(good, raw=b"good"),
            FakeRankings(ranking(115), raw=b"too"),
            Never(),
        ],
        agree=2,
    )

    found, raw = made.fetch_ranking(now=START)

    assert good.coins == found.coins
    assert ["odd", "good", "too"] == [part["body"] for part in json.loads(raw)["parts"]]
