"""Cycles at a glance, what is unusual in them, and what was signed off."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agent.adapters.ledger import SqlLedger, open_ledger
from agent.domain.bodies import Halted, PlanMade, SignalName, SignalRefused, SignedOff
from agent.domain.canonical import content_id
from agent.domain.intent import AttemptKind, TxState
from agent.domain.order import Side, SkippedOrder
from agent.domain.plan import Plan
from agent.log.keys import create_key
from agent.log.review import ROUTINE, Thresholds, remarks, unreviewed
from agent.log.show import cycle_views
from agent.log.views import BatchView, CycleView, Stage
from agent.planning.planner import plan
from tests.logbook import (
    ACCOUNT,
    START,
    SteppingClock,
    Week,
    attempt,
    block,
    intent,
    receipt,
    record_decision,
    record_week,
    sign_off,
)
from tests.worlds import world

WEEK = Week(number=0)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: SteppingClock) -> Iterator[SqlLedger]:
    key = create_key(tmp_path / "checkpoint.pem")
    with open_ledger(
        tmp_path / "agent.sqlite", clock=clock, origin="index", checkpoint_key=key
    ) as opened:
        yield opened


def seen(ledger: SqlLedger) -> CycleView:
    (cycle,) = cycle_views(ledger.records())
    return cycle


def test_a_cycle_is_shown_from_plan_to_result(ledger: SqlLedger) -> None:
    record_week(ledger, WEEK)
    cycle = seen(ledger)

    assert (cycle.cycle_id, cycle.stage) == (WEEK.cycle_id, Stage.DONE)
    assert cycle.began_at == START + timedelta(seconds=2)
    assert cycle.plan is not None
    assert (cycle.plan.regime, cycle.plan.orders) == ("bullish", 4)
    assert cycle.plan.cost_usd > 0
    assert cycle.report is not None
    assert cycle.report.cost_usd == Decimal("0.92")
    assert (cycle.refusals, cycle.halts, cycle.signed_off_by) == ((), (), ())


def test_a_batch_is_shown_from_plan_to_result(ledger: SqlLedger) -> None:
    record_week(ledger, WEEK)
    first, second = seen(ledger).batches

    assert (first.index, first.legs, first.state) == (0, 3, "final_ok")
    # 100 UNI at 9, 1,000 USDC at 0.9999, 0.59 WETH at 3,000
    assert first.sold_usd == Decimal("3669.90")
    assert first.signed is not None
    assert (first.signed.nonce, first.signed.attempts) == (11, 1)
    assert first.mined is not None
    assert (first.mined.block_number, first.mined.delay_s) == (1_100, 3)
    assert (first.mined.gas_used, first.gas_forecast) == (290_000, 300_000)
    assert first.realised is not None
    # 1e12 base units less of WETH twice, and of LINK: 0.006 USD and next to nothing
    assert first.realised.slippage_usd == Decimal("0.01")
    assert first.realised.slippage_bps == Decimal("0.02")
    assert second.signed is not None
    assert second.signed.nonce == 12


def test_cycles_come_in_order(ledger: SqlLedger) -> None:
    weeks = [Week(number=n) for n in range(3)]
    for week in weeks:
        record_week(ledger, week)

    assert [c.cycle_id for c in cycle_views(ledger.records())] == [w.cycle_id for w in weeks]


def refuse(ledger: SqlLedger) -> None:
    refused = SignalRefused(
        signal=SignalName.RANKING, source="file", sha256=None, reason="rows: empty"
    )
    ledger.append(refused, cycle_id=WEEK.cycle_id)


def halt(ledger: SqlLedger) -> None:
    record_decision(ledger, WEEK)
    ledger.append(Halted(error="LimitsBreachedError", reason="too dear"), cycle_id=WEEK.cycle_id)


def decide(ledger: SqlLedger) -> None:
    record_decision(ledger, WEEK)


def reserve(ledger: SqlLedger) -> str:
    planned = record_decision(ledger, WEEK)
    made = replace(intent(cycle_id=WEEK.cycle_id, plan_id=content_id(planned)), account=ACCOUNT)
    ledger.open_intent(made)
    ledger.reserve_nonce(made.intent_id, nonce=11)
    return made.intent_id


@pytest.mark.parametrize(
    ("work", "stage"),
    [
        (refuse, Stage.REFUSED),
        (decide, Stage.PLANNED),
        (reserve, Stage.UNDER_WAY),
        (halt, Stage.HALTED),
    ],
)
def test_the_stage_is_that_of_the_last_record(
    ledger: SqlLedger, work: Callable[[SqlLedger], object], stage: Stage
) -> None:
    work(ledger)

    assert seen(ledger).stage is stage


def test_a_cycle_without_batches_had_nothing_due(ledger: SqlLedger) -> None:
    record_week(ledger, IdleWeek(number=0))

    assert seen(ledger).stage is Stage.IDLE
    assert remarks(seen(ledger)) == ()


class IdleWeek(Week):
    """A week in which nothing is due."""

    __slots__ = ()

    @property
    def batches(self) -> tuple[()]:
        return ()


def sent(ledger: SqlLedger) -> str:
    name = reserve(ledger)
    ledger.record_signed(attempt(name, nonce=11))
    ledger.advance(name, state=TxState.IN_DOUBT)
    return name


def only_batch(ledger: SqlLedger) -> BatchView:
    return seen(ledger).batches[0]


def test_what_is_under_way_is_shown_as_far_as_it_is(ledger: SqlLedger) -> None:
    sent(ledger)
    batch = only_batch(ledger)

    assert (batch.state, batch.mined, batch.realised) == ("in_doubt", None, None)
    assert seen(ledger).batches[1].state == "planned"
    assert remarks(seen(ledger)) == ("not finished: under way",)


def test_a_reorganised_batch_is_not_mined(ledger: SqlLedger) -> None:
    name = sent(ledger)
    tx_hash = ledger.intents()[0].attempts[0].tx_hash
    ledger.advance(name, state=TxState.MINED, receipt=receipt(tx_hash, block(100)))
    assert only_batch(ledger).mined is not None
    ledger.advance(name, state=TxState.IN_DOUBT)

    assert only_batch(ledger).mined is None


def test_the_mined_attempt_is_the_one_that_is_shown(ledger: SqlLedger) -> None:
    name = sent(ledger)
    first = ledger.intents()[0].attempts[0]
    ledger.record_signed(attempt(name, nonce=11, number=2, kind=AttemptKind.BUMP))
    ledger.advance(name, state=TxState.MINED, receipt=receipt(first.tx_hash, block(100)))
    batch = only_batch(ledger)

    assert batch.signed is not None
    assert (batch.signed.tx_hash, batch.signed.attempts) == (first.tx_hash, 2)
    assert "batch 1: signed 2 times" in remarks(seen(ledger))


def test_a_revert_is_unusual(ledger: SqlLedger) -> None:
    name = sent(ledger)
    tx_hash = ledger.intents()[0].attempts[0].tx_hash
    failed = receipt(tx_hash, block(100), is_success=False)
    ledger.advance(name, state=TxState.MINED, receipt=failed)

    assert "batch 1: reverted" in remarks(seen(ledger))
    ledger.advance(name, state=TxState.FINAL_REVERTED, receipt=failed)
    assert "batch 1: final_reverted" in remarks(seen(ledger))


def test_a_slow_batch_is_unusual(ledger: SqlLedger, clock: SteppingClock) -> None:
    name = sent(ledger)
    clock.sleep(600)
    tx_hash = ledger.intents()[0].attempts[0].tx_hash
    ledger.advance(name, state=TxState.MINED, receipt=receipt(tx_hash, block(100)))

    assert "batch 1: 602 s from signature to block" in remarks(seen(ledger))


def test_a_good_cycle_has_nothing_unusual(ledger: SqlLedger) -> None:
    record_week(ledger, WEEK)

    assert remarks(seen(ledger)) == ()


@pytest.mark.parametrize(
    ("thresholds", "remark"),
    [
        (
            Thresholds(slippage_bps=Decimal("0.01")),
            "batch 1: 0.02 bps less than planned (0.01 USD)",
        ),
        (Thresholds(gas_over_forecast_pct=-4), "batch 1: gas 290,000, forecast 300,000"),
        (Thresholds(delay_s=2), "batch 1: 3 s from signature to block"),
    ],
)
def test_thresholds_say_what_is_unusual(
    ledger: SqlLedger, thresholds: Thresholds, remark: str
) -> None:
    record_week(ledger, WEEK)

    assert remark in remarks(seen(ledger), thresholds)


def test_refusals_and_halts_are_unusual(ledger: SqlLedger) -> None:
    refuse(ledger)
    halt(ledger)

    assert remarks(seen(ledger)) == ("signal refused: rows: empty", "halted: too dear")


def with_skipped(made: Plan, reason: str) -> Plan:
    skipped = SkippedOrder(
        coin_id="x", symbol="XXX", side=Side.SELL, notional_usd=Decimal(900), drift_ppm=made.orders[0].drift_ppm,
        reason=reason,
    )  # fmt: skip
    return replace(made, skipped=(skipped,))


def test_an_order_that_could_not_be_is_unusual(ledger: SqlLedger) -> None:
    planned = record_decision(ledger, WEEK)
    odd = with_skipped(planned, "no pool is deep enough")
    ledger.append(PlanMade(plan_id=content_id(odd), plan=odd), cycle_id=WEEK.cycle_id)

    assert "skipped: sell XXX of 900 USD: no pool is deep enough" in remarks(seen(ledger))


def test_what_the_planner_leaves_alone_every_week_is_routine() -> None:
    reasons = {skipped.reason for skipped in plan(world(), proposal_id="").skipped}

    assert len(reasons) > 2
    assert all(any(words in reason for words in ROUTINE) for reason in reasons)


class TestReview:
    def test_a_sign_off_reviews_all_there_is(self, ledger: SqlLedger) -> None:
        record_week(ledger, WEEK)
        assert [c.cycle_id for c in unreviewed([seen(ledger)])] == [WEEK.cycle_id]
        sign_off(ledger, WEEK)

        assert seen(ledger).signed_off_by == ("ann",)
        assert seen(ledger).is_reviewed

    def test_news_after_a_sign_off_want_another(self, ledger: SqlLedger) -> None:
        record_week(ledger, WEEK)
        sign_off(ledger, WEEK)
        ledger.append(Halted(error="E", reason="late"), cycle_id=WEEK.cycle_id)

        assert not seen(ledger).is_reviewed

    def test_a_sign_off_of_less_is_not_enough(self, ledger: SqlLedger) -> None:
        record_week(ledger, WEEK)
        early = ledger.records()[3].hash
        ledger.append(SignedOff(by="ann", head=early, note=""), cycle_id=WEEK.cycle_id)

        assert not seen(ledger).is_reviewed

    def test_that_all_stayed_well_is_no_news(self, ledger: SqlLedger) -> None:
        name = sent(ledger)
        seen_at = receipt(ledger.intents()[0].attempts[0].tx_hash, block(100))
        ledger.advance(name, state=TxState.MINED, receipt=seen_at)
        head = seen(ledger).head
        ledger.append(SignedOff(by="ann", head=head, note=""), cycle_id=WEEK.cycle_id)
        ledger.advance(name, state=TxState.FINAL_OK, receipt=seen_at)

        assert seen(ledger).head == head
        assert seen(ledger).is_reviewed

    def test_giving_up_what_was_never_signed_is_no_news(self, ledger: SqlLedger) -> None:
        planned = record_decision(ledger, WEEK)
        made = intent(cycle_id=WEEK.cycle_id, plan_id=content_id(planned))
        ledger.open_intent(made)
        head = seen(ledger).head
        ledger.advance(made.intent_id, state=TxState.CANCELLED)

        assert seen(ledger).head == head

    def test_that_it_went_wrong_is_news(self, ledger: SqlLedger) -> None:
        name = sent(ledger)
        seen_at = receipt(ledger.intents()[0].attempts[0].tx_hash, block(100), is_success=False)
        ledger.advance(name, state=TxState.MINED, receipt=seen_at)
        head = seen(ledger).head
        ledger.advance(name, state=TxState.FINAL_REVERTED, receipt=seen_at)

        assert seen(ledger).head != head
