"""The decisions over years of real prices and market caps: nothing traps, and the buffer spares churn."""

import os

import pytest

from agent.settings.regime import RegimeSettings
from bench import history
from bench.history_data import FILES, PLACE, load, place

needs_history = pytest.mark.skipif(
    place() is None,
    reason=f"{PLACE} ({os.environ.get(PLACE, 'not set')}) is no directory with {' and '.join(FILES)}",
)


@pytest.fixture(scope="module")
def data():
    directory = place()
    assert directory is not None
    return load(directory)


@needs_history
def test_every_week_of_history_is_decided_and_the_buffer_spares_churn(data):
    policies = history.policies()
    plain = history.replay(data, policies["no buffer"])
    buffered = history.replay(data, policies["buffer 95/110"])

    assert plain.weeks == buffered.weeks == len(data.mondays) > 200
    assert buffered.churn_a_year < plain.churn_a_year
    assert buffered.back_again < plain.back_again
    assert buffered.turnover_a_year < plain.turnover_a_year < 2
    assert plain.turnover_ppm[0] > 900_000


@needs_history
def test_the_regime_switches_less_often_than_its_signal(data):
    crossings, switches = history.switches(data, RegimeSettings().rules())

    assert 0 < switches < crossings


def test_without_the_data_there_is_no_place(monkeypatch, tmp_path):
    monkeypatch.setenv(PLACE, str(tmp_path))

    assert place() is None
