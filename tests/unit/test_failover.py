"""Quotes and rehearsals go on where one node of several fails."""

from dataclasses import dataclass, field

import pytest

from agent.adapters.failover import FailoverSimulator, FailoverVenue
from agent.errors import LedgerError, NodeUnfitError, RpcUnavailableError
from agent.ports import SimulatedOutcome, Watch
from tests.fakes import FakeChain, FakeSimulator, FakeVenue
from tests.logbook import ACCOUNT

BLOCK = FakeChain(account=ACCOUNT).block(100)
WATCH = Watch(account=ACCOUNT, tokens=(), spenders=())
DOWN = RpcUnavailableError(endpoint="node", reason="it is down")
UNFIT = NodeUnfitError(endpoint="node", lacks="eth_simulateV1", mend="use another")


def outcome(gas_used):
    return SimulatedOutcome(
        is_success=True, revert_reason="", gas_used=gas_used, deltas={}, allowances={}, logs=()
    )


@dataclass
class Broken:
    """Raises at every call, and counts them."""

    error: Exception
    name: str = "broken"
    asked: list[str] = field(default_factory=list)

    def ping(self):
        self._raise("ping")

    def fetch_liquidity(self, **_):
        self._raise("fetch_liquidity")

    def simulate(self, **_):
        self._raise("simulate")

    def _raise(self, call):
        self.asked.append(call)
        raise self.error


@pytest.mark.parametrize("error", [DOWN, UNFIT])
def test_the_next_node_rehearses_where_one_cannot_and_is_asked_first_from_then_on(error):
    broken, sound = Broken(error), FakeSimulator(outcomes=(outcome(1),))
    simulator = FailoverSimulator([broken, sound])

    for _ in range(3):
        assert (outcome(1),) == simulator.simulate(calls=(), watch=WATCH, block=BLOCK)

    assert ["simulate"] == broken.asked
    assert sound.block == BLOCK
    assert "fake" == simulator.name


def test_a_node_that_recovered_is_asked_again_when_the_other_fails():
    first, second = Broken(DOWN), FakeSimulator(outcomes=(outcome(2),))
    simulator = FailoverSimulator([first, second])
    simulator.simulate(calls=(), watch=WATCH, block=BLOCK)
    second.simulate = first.simulate
    first.simulate = lambda **_: (outcome(3),)

    assert (outcome(3),) == simulator.simulate(calls=(), watch=WATCH, block=BLOCK)


def test_where_no_node_answers_the_last_ones_words_are_told():
    simulator = FailoverSimulator([Broken(DOWN), Broken(UNFIT)])

    with pytest.raises(NodeUnfitError, match="eth_simulateV1"):
        simulator.simulate(calls=(), watch=WATCH, block=BLOCK)


def test_any_other_failure_is_not_a_matter_of_the_node():
    second = FakeSimulator(outcomes=())
    simulator = FailoverSimulator([Broken(LedgerError(what="x", mend="y")), second])

    with pytest.raises(LedgerError):
        simulator.simulate(calls=(), watch=WATCH, block=BLOCK)
    assert second.watch is None


def test_pools_are_read_at_the_same_block_on_the_next_node():
    venue = FailoverVenue([Broken(DOWN), FakeVenue()])

    venue.ping()

    assert () == venue.fetch_liquidity(requests=(), pools=(), block=BLOCK)
    assert "pools" == venue.name
