"""Nothing is planned or signed above the fee ceiling: it is waited for, and said."""

from datetime import timedelta

import pytest

from agent.daemon.holding import PAUSE_S, Holding
from agent.domain.happening import FeeHeld
from agent.domain.intent import FeeCap, MarketFees
from tests.fakes import FakeChain, StillClock
from tests.logbook import ACCOUNT

GWEI = 10**9
CEILING = 50 * GWEI


class Gas:
    """A holding over a market that a test prices, base fees in gwei by slot."""

    def __init__(self, *base_fees, patience=timedelta(hours=1)):
        self.chain = FakeChain(account=ACCOUNT)
        self.told, self.left = [], list(base_fees)
        self.clock = StillClock(on_sleep=self.price)
        self.price()
        self.holding = Holding(
            chain=self.chain,
            clock=self.clock,
            ceiling=CEILING,
            patience=patience,
            tell=self.told.append,
        )

    def price(self):
        base = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        self.chain.fees = MarketFees(base_fee_per_gas=base * GWEI, priority_fee_per_gas=GWEI)


def test_what_is_under_the_ceiling_waits_for_nothing():
    gas = Gas(10)

    assert FeeCap(max_fee_per_gas=21 * GWEI, max_priority_fee_per_gas=GWEI) == (
        gas.holding.affordable()
    )
    assert ([], []) == (gas.clock.slept, gas.told)


def test_a_spike_is_waited_out_and_told_once():
    gas = Gas(80, 70, 49)

    cap = gas.holding.affordable()

    assert CEILING == cap.max_fee_per_gas
    assert [PAUSE_S] * 2 == gas.clock.slept
    assert [FeeHeld(asked=81 * GWEI, ceiling=CEILING)] == gas.told


def test_base_fee_and_tip_together_must_be_under_the_ceiling():
    assert Gas(50, patience=timedelta(0)).holding.affordable() is None
    assert Gas(49, patience=timedelta(0)).holding.affordable() is not None


@pytest.mark.parametrize(("patience_s", "pauses"), [(0, 0), (12, 1), (30, 3)])
def test_patience_ends(patience_s, pauses):
    gas = Gas(80, patience=timedelta(seconds=patience_s))

    assert gas.holding.affordable() is None
    assert [PAUSE_S] * pauses == gas.clock.slept


def test_what_is_over_is_not_waited_for():
    gas = Gas(80)

    assert gas.holding.affordable(is_over=lambda: len(gas.clock.slept) == 2) is None
    assert 2 == len(gas.clock.slept)


def test_the_newest_blocks_own_base_fee_counts_too():
    gas = Gas(10, patience=timedelta(0))
    block = gas.chain.block
    gas.chain.fetch_head = lambda: block(100).__class__(
        chain_id=1, number=100, hash="0x1", timestamp=0, base_fee_per_gas=60 * GWEI
    )

    assert gas.holding.affordable() is None
