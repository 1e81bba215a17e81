"""When a signal may be acted on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agent.domain.signal import Ranking, Regime, RegimeSignal
from agent.domain.signal_rules import (
    LastSignal,
    SignalLimits,
    check_agreement,
    check_order,
    check_time,
)
from agent.errors import (
    FutureSignalError,
    ReplayedSignalError,
    SignalsDisagreeError,
    StaleSignalError,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = SignalLimits(max_age_s=3600, max_skew_s=60)


def check(age_s: float) -> None:
    check_time(NOW - timedelta(seconds=age_s), source="desk", now=NOW, limits=LIMITS)


@pytest.mark.parametrize("age_s", [3600, 0, -60])
def test_a_signal_on_the_limits_is_accepted(age_s):
    check(age_s)


def test_a_signal_a_moment_too_old_is_stale():
    with pytest.raises(StaleSignalError) as caught:
        check(3600.001)

    assert (3601, 3600, "desk") == (
        caught.value.age_s,
        caught.value.max_age_s,
        caught.value.source,
    )


def test_a_signal_a_moment_beyond_the_skew_is_from_the_future():
    with pytest.raises(FutureSignalError) as caught:
        check(-60.001)

    assert (61, 60) == (caught.value.ahead_s, caught.value.max_skew_s)


def agree(gap_s: float) -> None:
    ranking = Ranking(issued_at=NOW, source="desk", coins=(), sha256="")
    regime = RegimeSignal(
        regime=Regime.BULLISH,
        probability=Decimal("0.7"),
        issued_at=NOW + timedelta(seconds=gap_s),
        source="desk",
        sha256="",
    )
    check_agreement(ranking, regime, max_gap_s=600)


@pytest.mark.parametrize("gap_s", [-600, 0, 600])
def test_signals_within_the_gap_agree(gap_s):
    agree(gap_s)


@pytest.mark.parametrize("gap_s", [-601, 600.5])
def test_signals_issued_too_far_apart_disagree_either_way(gap_s):
    with pytest.raises(SignalsDisagreeError, match="601 s apart, the limit is 600 s"):
        agree(gap_s)


def regime(issued_at=NOW, sequence=None, sha256="b"):
    return RegimeSignal(
        regime=Regime.BULLISH,
        probability=Decimal(1),
        issued_at=issued_at,
        source="desk",
        sha256=sha256,
        sequence=sequence,
    )


@pytest.mark.parametrize(
    ("signal", "last"),
    [
        (regime(), None),
        (regime(), LastSignal(issued_at=NOW, sequence=None, sha256="a")),
        (regime(sequence=8), LastSignal(issued_at=NOW, sequence=7, sha256="a")),
        (regime(sequence=1), LastSignal(issued_at=NOW, sequence=None, sha256="a")),
        (regime(sequence=7, sha256="a"), LastSignal(issued_at=NOW, sequence=7, sha256="a")),
    ],
)
def test_the_last_signal_again_or_one_that_follows_it_is_taken(signal, last):
    check_order(signal, last, source="desk")


@pytest.mark.parametrize(
    ("signal", "last", "field"),
    [
        (regime(NOW - timedelta(seconds=1)), (NOW, None), "issued_at"),
        (regime(sequence=7), (NOW, 7), "sequence"),
        (regime(sequence=6), (NOW, 7), "sequence"),
        (regime(), (NOW, 7), "sequence"),
    ],
)
def test_a_signal_that_goes_back_is_a_replay(signal, last, field):
    issued_at, sequence = last

    with pytest.raises(ReplayedSignalError) as caught:
        check_order(
            signal, LastSignal(issued_at=issued_at, sequence=sequence, sha256="a"), source="desk"
        )
    assert field == caught.value.field
