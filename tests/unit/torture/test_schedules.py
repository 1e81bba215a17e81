"""What a seed draws, and what many outcomes add up to."""

import json
from pathlib import Path

import pytest

from anvil.torture.campaign import CampaignError, report_of, run_campaign
from anvil.torture.outcome import (
    HARNESS,
    RUN,
    Outcome,
    failures,
    judged_seeds,
    load_outcomes,
    report,
    table,
)
from anvil.torture.schedule import DEADLY, Blow, Start, drawn
from anvil.torture.worker import Share

POINTS = {Start.FRESH: {"sign:before": 2, "seal:after": 1}, Start.PLANNED: {"send:after": 2}}


def outcome(seed: int, **changes: object) -> Outcome:
    return Outcome(**({"seed": seed, "commit": "c0", "faults": {}, "acts": {}} | changes))


def test_a_seed_draws_the_same_schedule_always() -> None:
    assert [drawn(seed, POINTS) for seed in range(50)] == [
        drawn(seed, POINTS) for seed in range(50)
    ]


def test_seeds_draw_every_blow_and_start() -> None:
    schedules = [drawn(seed, POINTS) for seed in range(300)]

    assert {strike.blow for schedule in schedules for strike in schedule.strikes} == set(Blow)
    assert {schedule.start for schedule in schedules} == set(Start)
    assert {len(schedule.dialects) for schedule in schedules} == {1, 3}


def test_strikes_are_at_points_that_are_reached() -> None:
    for schedule in (drawn(seed, POINTS) for seed in range(300)):
        for strike in schedule.strikes:
            assert 1 <= strike.hit <= POINTS[schedule.start][strike.point]


def test_a_shared_key_or_a_lie_may_need_a_human() -> None:
    schedules = [drawn(seed, POINTS) for seed in range(300)]
    needing = [schedule for schedule in schedules if schedule.may_need_human]

    assert 0 < len(needing) < len(schedules) / 4


def test_workers_share_all_seeds_between_them() -> None:
    shares = [Share(first=11, schedules=101, number=number, of=3) for number in range(3)]

    assert sorted(seed for share in shares for seed in share.seeds) == list(range(11, 112))


def test_the_later_of_two_outcomes_of_a_seed_counts(tmp_path: Path) -> None:
    lines = [outcome(1, wrong=((HARNESS, "Anvil died"),)), outcome(2), outcome(1)]
    (tmp_path / "results-0.jsonl").write_text("".join(f"{kept.line()}\n" for kept in lines))

    assert [kept.wrong for kept in load_outcomes(tmp_path)] == [(), ()]


def test_a_line_that_is_cut_off_is_run_again(tmp_path: Path) -> None:
    text = f"{outcome(1).line()}\n{outcome(2).line()[:-9]}"
    (tmp_path / "results-0.jsonl").write_text(text)

    assert judged_seeds(load_outcomes(tmp_path)) == {1}


def test_what_could_not_be_judged_is_run_again() -> None:
    assert judged_seeds([outcome(1, wrong=[[HARNESS, "Anvil died"]]), outcome(2)]) == {2}


def test_the_report_counts_schedules_by_what_is_wrong() -> None:
    outcomes = [
        outcome(1, lives=3, struck=[["kill", "sign:before"], ["power_loss", "sign:after"]]),
        outcome(2, lives=1, wrong=[["double", "a"], ["double", "b"]], faults={"drop": 2}),
        outcome(3, lives=2, wrong=[["stuck", "c"]], faults={"drop": 1, "lost": 1}),
    ]
    figures = report(outcomes, ["sign:after", "sign:before", "send:after"])

    assert (figures["doubles"], figures["stuck"], figures["losses"]) == (1, 1, 0)
    assert (figures["lives"], figures["restarts"]) == (6, 3)
    assert figures["faults"] == {"drop": 3, "lost": 1}
    assert figures["points died at"] == "2 of 3"
    assert figures["seeds to replay"] == [2, 3]
    assert failures(outcomes) == outcomes[1:]


def test_the_table_has_a_row_for_each_figure() -> None:
    assert list(table({"schedules": 10_000, "faults": {"drop": 2}, "seeds to replay": []})) == [
        "| | |",
        "|---|---|",
        "| schedules | 10,000 |",
        "| faults | drop 2 |",
        "| seeds to replay | none |",
    ]


def test_a_report_is_kept_beside_its_results(tmp_path: Path) -> None:
    (tmp_path / "results-0.jsonl").write_text(outcome(7, lives=1).line() + "\n")
    (tmp_path / RUN).write_text(json.dumps({"points": []}))

    assert "| seeds | 7 to 7 |" in report_of(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["schedules"] == 1


def test_a_report_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="has no results"):
        report_of(tmp_path)


def test_results_are_not_mixed_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "results-0.jsonl").write_text(outcome(7).line() + "\n")

    with pytest.raises(CampaignError, match="--resume"):
        run_campaign(
            tmp_path, first=1, schedules=1, workers=1, is_resumed=False, tell=lambda _: None
        )


def test_deadly_blows_end_a_life() -> None:
    assert {Blow.KILL, Blow.POWER_LOSS} == DEADLY
