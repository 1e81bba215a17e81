"""The order of a cycle's steps, and every way in which a cycle ends early."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from agent.daemon.run import RETRY_PAUSE_S, at_once, run_cycle
from agent.daemon.schedule import Slot
from agent.domain.bodies import ApprovalGiven
from agent.domain.happening import Ending
from agent.domain.record import RecordKind
from agent.errors import (
    InDoubtError,
    LimitsBreachedError,
    NonceTakenError,
    PlanOutOfBoundsError,
    RpcUnavailableError,
    StopRequestedError,
    UnexpectedRevertError,
)
from tests.fakes import START, FakeLedger, StillClock
from tests.steps import ScriptedSteps, failing, scripted_cycle

SLOT = Slot(cycle_id="index-2026-11-23T0000Z", scheduled_at=START)
ALL_STEPS = ["begin", "propose", "plan", "rehearse", "send-0", "send-1", "report"]
DOWN = RpcUnavailableError(endpoint="node", reason="down")
BREACH = LimitsBreachedError(breaches=(("policy.max_cycle_usd", "1", "2", "raise it"),))
TAKEN = NonceTakenError(account="0x1", nonce=7)
OUTGROWN = PlanOutOfBoundsError(bound="turnover", allowed="1", found="2")


def run(steps, *, ledger=None, clock=None, patience=timedelta(0), runner=at_once):
    ledger, clock = ledger or FakeLedger(), clock or StillClock()
    return run_cycle(
        scripted_cycle(steps, clock=clock, ledger=ledger, patience=patience), SLOT, runner
    )


def halts(ledger):
    return [record.body["error"] for record in ledger.records(kinds=(RecordKind.HALT,))]


def test_a_cycle_takes_its_steps_in_order():
    steps, ledger = ScriptedSteps(executes=START), FakeLedger()

    end = run(steps, ledger=ledger)

    assert end.ending is Ending.DONE
    assert ALL_STEPS == steps.done
    assert halts(ledger) == []


def test_a_plan_waits_until_its_proposal_may_be_executed():
    clock = StillClock()
    seen = []
    steps = ScriptedSteps(
        executes=START + timedelta(hours=12), acts={"plan": lambda: seen.append(clock.now())}
    )

    run(steps, clock=clock)

    assert [START + timedelta(hours=12)] == seen


@pytest.mark.parametrize("name", ["begin", "propose", "plan", "rehearse", "send-0", "report"])
def test_nothing_follows_a_step_that_fails(name):
    steps = ScriptedSteps(executes=START, acts={name: failing(BREACH)})
    ledger = FakeLedger()

    end = run(steps, ledger=ledger)

    assert end.ending is Ending.HALTED
    assert str(BREACH) == end.reason
    assert BREACH.exit_code == end.exit_code
    assert name == steps.done[-1]
    assert ["LimitsBreachedError"] == halts(ledger)


def test_a_proposal_that_the_market_outgrew_is_followed_by_a_new_one():
    ledger = FakeLedger()

    def approve():
        note = f"after {len(ledger.records())} records"
        given = ApprovalGiven(proposal_id="p", by="test", note=note)
        ledger.append(given, cycle_id=SLOT.cycle_id)

    acts = {"propose": approve, "plan": failing(OUTGROWN)}
    steps = ScriptedSteps(executes=START, acts=acts)

    end = run(steps, ledger=ledger)

    assert end.ending is Ending.DONE
    assert ["begin", "propose", "plan", "propose", "plan", "rehearse"] == steps.done[:6]
    assert ["PlanOutOfBoundsError"] == halts(ledger)


def test_a_batch_whose_nonce_somebody_took_is_planned_anew_within_the_cycle():
    ledger = FakeLedger()

    def approve():
        note = f"after {len(ledger.records())} records"
        ledger.append(ApprovalGiven(proposal_id="p", by="test", note=note), cycle_id=SLOT.cycle_id)

    steps = ScriptedSteps(executes=START, acts={"propose": approve, "send-1": failing(TAKEN)})

    end = run(steps, ledger=ledger)

    assert end.ending is Ending.DONE
    assert [*ALL_STEPS[:6], *ALL_STEPS] == steps.done
    assert ["NonceTakenError"] == halts(ledger)


def test_planning_anew_ends_where_beginning_anew_does():
    acts = {"send-0": failing(TAKEN), "begin": failing(None, BREACH)}
    steps = ScriptedSteps(executes=START, acts=acts)

    end = run(steps)

    assert end.ending is Ending.HALTED
    assert [*ALL_STEPS[:5], "begin"] == steps.done


def test_a_market_that_outgrows_every_proposal_is_left_alone():
    steps = ScriptedSteps(executes=START, acts={"plan": failing(*[OUTGROWN] * 9)})

    end = run(steps)

    assert end.ending is Ending.OUTGROWN
    assert steps.done.count("propose") == 3
    assert "rehearse" not in steps.done


def test_a_node_out_of_reach_is_tried_again_within_the_patience():
    steps, clock = (
        ScriptedSteps(executes=START, acts={"propose": failing(DOWN, DOWN)}),
        StillClock(),
    )

    with capture_logs() as events:
        end = run(steps, clock=clock, patience=timedelta(hours=1))

    assert end.ending is Ending.DONE
    assert [RETRY_PAUSE_S] * 2 == clock.slept[:2]
    assert [event["event"] for event in events].count("step_retried") == 2


def test_patience_ends():
    clock = StillClock()
    steps = ScriptedSteps(executes=START, acts={"propose": failing(*[DOWN] * 999)})

    end = run(steps, clock=clock, patience=timedelta(minutes=10))

    assert end.ending is Ending.HALTED
    assert end.exit_code == 7
    assert timedelta(minutes=10) <= clock.now() - START < timedelta(minutes=11)


def test_what_was_sent_is_watched_beyond_all_patience():
    doubt = InDoubtError(tx_hash="0x1", waited_s=1_800)
    steps = ScriptedSteps(executes=START, acts={"send-0": failing(*[doubt] * 500)})

    assert run(steps, patience=timedelta(minutes=1)).ending is Ending.DONE


def test_an_attended_run_does_not_wait():
    steps = ScriptedSteps(
        executes=START, acts={"send-0": failing(InDoubtError(tx_hash="0x1", waited_s=1))}
    )
    clock = StillClock()

    end = run(steps, clock=clock)

    assert end.ending is Ending.HALTED
    assert not any(clock.slept)


def test_a_failure_that_nobody_named_halts_and_leaves_its_traceback():
    steps, ledger = (
        ScriptedSteps(executes=START, acts={"plan": failing(KeyError("x"))}),
        FakeLedger(),
    )

    with capture_logs() as events:
        end = run(steps, ledger=ledger)

    bug = next(event for event in events if event["event"] == "unexpected_error")
    assert end.ending is Ending.HALTED
    assert end.exit_code == 1
    assert ["UnexpectedError"] == halts(ledger)
    assert isinstance(bug["exc_info"], KeyError)


def test_a_stop_passes_through_and_records_nothing():
    steps, ledger = (
        ScriptedSteps(executes=START, acts={"send-0": failing(StopRequestedError())}),
        FakeLedger(),
    )

    with pytest.raises(StopRequestedError):
        run(steps, ledger=ledger)

    assert halts(ledger) == []


def test_a_proposal_waits_for_its_approval():
    clock = StillClock()
    steps = ScriptedSteps(executes=START, unapproved=["proposal"] * 5)

    assert run(steps, clock=clock).ending is Ending.DONE
    assert timedelta(minutes=5) == clock.now() - START


def test_a_proposal_that_nobody_approves_is_dropped_after_a_day():
    clock, ledger = StillClock(), FakeLedger()
    steps = ScriptedSteps(executes=START, unapproved=["proposal"] * 9_999)

    end = run(steps, clock=clock, ledger=ledger)

    assert end.ending is Ending.SKIPPED
    assert "plan" not in steps.done
    assert ["ProposalNotApprovedError"] == halts(ledger)
    assert timedelta(hours=24) == clock.now() - START


def test_a_step_cut_off_after_recording_its_end_says_the_same_again():
    ledger = FakeLedger()
    first = run(ScriptedSteps(executes=START, acts={"send-0": failing(BREACH)}), ledger=ledger)
    again = ScriptedSteps(executes=START)
    kept = {"begin", "propose-0", "clear-0", "plan-0", "rehearse"}

    def resumed(name, act):
        return (
            '{"batches":"2","ending":"done","error":"","exit_code":"0","reason":""}'
            if name in kept
            else act()
        )

    assert first == run(again, ledger=ledger, runner=resumed)
    assert again.done == []


def test_the_same_failure_twice_is_recorded_twice():
    ledger = FakeLedger()
    for _ in range(2):
        run(ScriptedSteps(executes=START, acts={"propose": failing(DOWN)}), ledger=ledger)

    assert ["RpcUnavailableError"] * 2 == halts(ledger)


def test_a_revert_on_chain_keeps_the_later_batches_back():
    revert = UnexpectedRevertError(tx_hash="0x1", batch_index=0)
    steps = ScriptedSteps(executes=START, acts={"send-0": failing(revert)})

    assert run(steps).ending is Ending.HALTED
    assert "send-1" not in steps.done


def test_waiting_ends_once_the_stance_has_switched():
    clock = StillClock()
    steps = ScriptedSteps(
        executes=START + timedelta(hours=12),
        outdated=[True, False, False],
        acts={"plan": failing(OUTGROWN)},
    )

    run(steps, clock=clock)

    assert clock.slept[:2] == [60.0, 60.0]
    assert steps.done[:4] == ["begin", "propose", "plan", "propose"]


def test_a_plan_waits_for_its_moment_and_looks_again_whether_it_may():
    clock, seen = StillClock(), []
    steps = ScriptedSteps(
        executes=START, untimely=[True] * 3, acts={"plan": lambda: seen.append(clock.now())}
    )

    assert run(steps, clock=clock).ending is Ending.DONE
    assert [START + timedelta(minutes=3)] == seen


def test_what_the_market_outgrew_waits_for_no_moment():
    steps = ScriptedSteps(executes=START, untimely=[True] * 9, outdated=[True])

    assert run(steps).ending is Ending.DONE
    assert len(steps.untimely) == 9
