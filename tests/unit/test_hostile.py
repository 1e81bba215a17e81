"""No lie of an aggregator reaches the signer: seeded cases, and the proof that they would notice a hole."""

import os
from collections import Counter
from dataclasses import dataclass

import pytest

from agent.domain.offer import Service
from agent.rehearsal.firewall import Firewall
from tests.hostile import MUTATIONS, holes, honest_case, outcome
from tests.routers import FIREWALL

CASES = int(os.environ.get("AGENT_HOSTILE_CASES", "2640"))
"""Twenty of each mutation of each service; docs/security.md gives the numbers of 21,120."""


@pytest.mark.parametrize("service", list(Service))
def test_the_honest_twin_of_every_case_is_signed(service):
    found = outcome(honest_case(service))

    assert found.refusal is None
    assert found.signed


def test_every_lie_is_refused_or_changes_nothing_that_is_signed():
    seen = Counter()

    assert list(holes(CASES, seen=seen)) == []
    # What says nothing of money may leave an answer as good as it was; every lie about it is refused.
    unchanged = {name for name in seen if name.endswith(" unchanged")}
    assert unchanged <= {"junk_in_body unchanged", "no_json unchanged"}
    assert {mutation.__name__ for mutation in MUTATIONS} <= set(seen)
    assert CASES == sum(seen.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Holed(Firewall):
    """A firewall that lacks the rules whose objections hold some words."""

    missing: str

    def _wrong_arguments(self, said, leg, *, taker, least):
        found = Firewall._wrong_arguments(self, said, leg, taker=taker, least=least)  # noqa: SLF001
        return (words for words in found if self.missing not in words)

    def _not_pinned(self, router, service):
        found = Firewall._not_pinned(self, router, service)  # noqa: SLF001
        return (words for words in found if self.missing not in words)

    def _objections_to_offer(self, firm, ask):
        found = Firewall._objections_to_offer(self, firm, ask)  # noqa: SLF001
        return (words for words in found if self.missing not in words)


RULES = [
    "it sells", "it buys", "it pays", "it demands", "registry", "permit", "in part", "somebody",
    "pinned is", "expired",
]  # fmt: skip


@pytest.mark.parametrize("missing", RULES)
def test_a_firewall_that_lacks_a_rule_is_found_out(missing):
    firewall = Holed(book=FIREWALL.book, facts=FIREWALL.facts, now=FIREWALL.now, missing=missing)

    assert next(holes(1320, firewall=firewall), None) is not None
