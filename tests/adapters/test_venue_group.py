"""Two venues as one: each is asked for its own pools, at one block."""

from dataclasses import dataclass, field

from agent.adapters.venue_group import VenueGroup
from agent.domain.pool import PoolKind
from tests.adapters.views import BLOCK
from tests.pools import pool_ref, v2_pool

PAIR, OTHER = v2_pool(1, 2), v2_pool(3, 4, number=5)
LISTED = (pool_ref(PoolKind.WEIGHTED, fee_pips=0, number=9),)


@dataclass
class Place:
    name: str
    answer: tuple
    told: list = field(default_factory=list)

    def ping(self):
        self.told.append("ping")

    def foresee(self, *, block):
        self.told.append(block)

    def fetch_liquidity(self, *, requests, pools, block):
        self.told.append((requests, pools, block))
        return self.answer


def test_both_are_asked_for_what_is_theirs():
    allowed, others = Place("pools", (PAIR,)), Place("weighted pools", (OTHER,))
    group = VenueGroup(allowed, others, LISTED)
    group.ping()
    group.foresee(block=BLOCK)
    found = group.fetch_liquidity(requests=("r",), pools=(PAIR.ref,), block=BLOCK)

    assert (PAIR, OTHER) == found
    assert "pools, weighted pools" == group.name
    assert ["ping", BLOCK, (("r",), (PAIR.ref,), BLOCK)] == allowed.told
    assert ["ping", BLOCK, (("r",), LISTED, BLOCK)] == others.told
