"""What operators told the agent: a pause holds until it is lifted, and a commanded exit goes through it."""

from agent.daemon.commanding import rests, standing_pause
from agent.daemon.schedule import Slot
from agent.domain.bodies import Command, OperatorCommanded
from agent.domain.record import BETWEEN_CYCLES
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from tests.fakes import START, FakeLedger

PAUSE = OperatorCommanded(command=Command.PAUSE, by="Ada", reason="audit", at=START)
RESUME = OperatorCommanded(command=Command.RESUME, by="Ada", reason="done", at=START)
OUT = RegimeCommanded(stance=Regime.BEARISH, by="Ada", reason="war", at=START, max_reentries=2)
IN = RegimeCommanded(stance=Regime.BULLISH, by="Ada", reason="peace", at=START, max_reentries=2)
WEEKLY = Slot(cycle_id="index-1", scheduled_at=START)
EXIT = Slot(cycle_id="index-1-out", scheduled_at=START, is_exit=True)


def told(*bodies):
    ledger = FakeLedger()
    for number, body in enumerate(bodies):
        ledger.append(body, cycle_id=BETWEEN_CYCLES, key=str(number))
    return ledger


def paused(*bodies):
    return {
        regime
        for regime in (Regime.BULLISH, Regime.BEARISH)
        if standing_pause(told(*bodies), regime=regime) is not None
    }


def test_a_pause_holds_until_it_is_lifted():
    assert set() == paused()
    assert {Regime.BULLISH, Regime.BEARISH} == paused(PAUSE) == paused(RESUME, PAUSE)
    assert set() == paused(PAUSE, RESUME)


def test_an_exit_commanded_after_a_pause_goes_through_it():
    assert {Regime.BULLISH} == paused(PAUSE, OUT)
    assert {Regime.BULLISH, Regime.BEARISH} == paused(OUT, PAUSE) == paused(PAUSE, IN)


def test_the_service_is_told_by_whom_and_why():
    assert "paused by Ada: audit" == rests(told(PAUSE), WEEKLY)
    assert ("paused by Ada: audit", "") == (
        rests(told(PAUSE, OUT), WEEKLY),
        rests(told(PAUSE, OUT), EXIT),
    )
