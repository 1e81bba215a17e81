"""Between cycles: which readings are recorded, and which switch of the stance calls for a cycle."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agent.daemon.accepting import Accepting
from agent.daemon.regime_book import RegimeBook
from agent.daemon.watching import Watching
from agent.domain.bodies import PlanMade, Reported
from agent.domain.fill import CycleReport
from agent.domain.record import BETWEEN_CYCLES, RecordKind
from agent.domain.regime import RegimeCommanded
from agent.domain.signal import Regime
from agent.errors import SourceUnavailableError, StaleSignalError
from agent.planning.planner import plan
from tests.fakes import START, FakeLedger, FakeRegimes
from tests.unit.test_deciding import Desk
from tests.worlds import world

MINUTE = timedelta(minutes=1)
READ = RecordKind.REGIME_READ


class Watch:
    """A watch over fakes; every look is a minute later."""

    def __init__(self):
        desk = Desk()
        self.regimes: FakeRegimes = desk.regimes
        self.ledger: FakeLedger = desk.ledger
        self.clock = desk.clock
        self.clock.time = START
        self.watching = Watching(
            accepting=Accepting(
                sources=desk.deciding.sources,
                ledger=self.ledger,
                book=RegimeBook(self.ledger),
                tell=lambda _: None,
            ),
            portfolio="index",
            every=MINUTE,
        )

    def look(self):
        self.clock.time += MINUTE
        return self.watching(self.clock.time)

    def says(self, regime, probability="0.9"):
        self.regimes.raw = f"{regime} {self.clock.time}".encode()
        self.regimes.regime = replace(
            self.regimes.regime,
            regime=regime,
            probability=Decimal(probability),
            issued_at=self.clock.time,
        )

    def command(self, stance):
        commanded = RegimeCommanded(
            stance=stance, by="op", reason="test", at=self.clock.time, max_reentries=1
        )
        self.ledger.append(commanded, cycle_id=BETWEEN_CYCLES)

    def count(self, kind):
        return len(self.ledger.records(kinds=(kind,)))


def test_being_in_from_the_start_calls_for_no_cycle():
    watch = Watch()

    assert watch.look() is None
    assert (1, 1) == (watch.count(READ), watch.count(RecordKind.SIGNAL_ACCEPTED))


def test_the_same_reading_is_recorded_once():
    watch = Watch()

    for _ in range(5):
        watch.look()

    assert (1, 1) == (watch.count(READ), watch.count(RecordKind.SIGNAL_ACCEPTED))


def test_the_same_refusal_is_recorded_once():
    watch = Watch()
    for age_s in range(5):
        watch.regimes.error = StaleSignalError(source="regime.json", age_s=age_s, max_age_s=0)
        watch.regimes.error.raw = b"old"
        watch.look()

    assert watch.count(RecordKind.SIGNAL_REFUSED) == 1


def test_a_bearish_reading_calls_for_the_same_cycle_until_it_is_carried_out():
    watch = Watch()
    watch.look()
    watch.says(Regime.BEARISH)

    slots = {watch.look() for _ in range(3)}

    (slot,) = slots
    assert "index-2026-11-23T000200Z-out" == slot.cycle_id


def test_a_command_is_acted_on_though_the_source_is_down():
    watch = Watch()
    watch.look()
    watch.regimes.error = SourceUnavailableError(source="regime.json", reason="down")
    watch.command(Regime.BEARISH)

    assert watch.look().cycle_id.endswith("-out")


def test_a_re_entry_calls_for_a_cycle():
    watch = Watch()
    watch.command(Regime.BEARISH)
    watch.look()
    watch.command(Regime.BULLISH)

    assert watch.look().cycle_id.endswith("-in")


@pytest.mark.parametrize(("regime", "is_done"), [(Regime.BEARISH, True), (Regime.BULLISH, False)])
def test_a_switch_that_another_cycle_carried_out_calls_for_none(regime, is_done):
    watch = Watch()
    # The fake ledger dates every record to START, which is not before the switch.
    watch.clock.time = START - MINUTE
    watch.command(Regime.BEARISH)
    made = plan(world(coins=5, regime=regime), proposal_id="")
    watch.ledger.append(PlanMade(plan_id="p", plan=made), cycle_id="index-x")
    watch.ledger.append(Reported(report=report("index-x")), cycle_id="index-x")

    assert is_done is (watch.look() is None)


def report(cycle_id):
    return CycleReport(
        cycle_id=cycle_id,
        plan_id="p",
        outcomes=(),
        planned_cost_usd=Decimal(0),
        realised_gas_usd=Decimal(0),
        realised_slippage_usd=Decimal(0),
        traded_usd=Decimal(0),
        max_drift_after_ppm=0,
    )
