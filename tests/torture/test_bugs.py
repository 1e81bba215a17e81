"""What agents have been seen to do wrong is seen by the judge when it is planted in ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from anvil.strict.faults import Censor, Drop, Fault, Invent, Lost, Status
from anvil.strict.script import SEND, Rule, When
from anvil.torture.bugs import BUGS
from anvil.torture.ground import Ground
from anvil.torture.oracle import Wrong
from anvil.torture.run import Result, ran
from anvil.torture.schedule import RECEIPT, Blow, Schedule, Start, Strike


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A schedule in which a bug shows, and as what."""

    shows_as: Wrong
    strikes: tuple[Strike, ...] = ()
    rules: tuple[Rule, ...] = field(default=())

    @property
    def schedule(self) -> Schedule:
        return Schedule(seed=0, start=Start.PLANNED, strikes=self.strikes, rules=self.rules)


def rule(method: str, fault: Fault, *, times: int = 1) -> tuple[Rule, ...]:
    return (Rule(when=When(method=method, times=times), do=fault),)


CASES = {
    "record_after_send": Case(shows_as=Wrong.UNRECORDED),
    "nonce_reuse_on_timeout": Case(shows_as=Wrong.UNRECORDED, rules=rule(SEND, Lost())),
    "requeue_on_read_error": Case(
        shows_as=Wrong.UNRECORDED, rules=rule(RECEIPT, Status(), times=12)
    ),
    "bump_on_new_nonce": Case(shows_as=Wrong.UNRECORDED, rules=rule(SEND, Drop())),
    "receipts_unchecked": Case(
        shows_as=Wrong.CONTRADICTED,
        rules=(
            Rule(when=When(method=RECEIPT), do=Censor(blocks=20)),
            *rule(RECEIPT, Invent(), times=9),
        ),
    ),
    "commits_unsynced": Case(
        shows_as=Wrong.UNRECORDED,
        strikes=(Strike(life=0, point="send:after", hit=1, blow=Blow.POWER_LOSS),),
    ),
}


def test_every_bug_has_a_case() -> None:
    assert CASES.keys() == BUGS.keys()


@pytest.mark.parametrize("bug", CASES)
def test_a_planted_bug_is_caught(bug: str, ground: Ground) -> None:
    case = CASES[bug]
    found = ran(ground, replace(case.schedule, bug=bug)).wrong

    assert case.shows_as in {finding.kind for finding in found}


@pytest.mark.parametrize("bug", CASES)
def test_without_the_bug_the_same_schedule_does_no_harm(
    bug: str, holds: Callable[[Schedule], Result]
) -> None:
    holds(CASES[bug].schedule)
