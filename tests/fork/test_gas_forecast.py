"""The gas forecast against receipts: legs through v2, v3 and v4 pools in one transaction of the vault."""

from dataclasses import replace

import pytest

from bench import gas_ways_v4
from bench.gas_forecast import deployed, forecast, mixed, run
from bench.gas_ground import ground
from bench.gas_per_leg import SLOT_S

WITHIN = 0.02


@pytest.fixture(scope="module")
def on():
    with ground() as whole:
        found = replace(whole, legs=whole.legs[30:70])  # so many sell, so many buy
        gas_ways_v4.with_v4_pools(found)
        found.node.rpc("anvil_setBlockTimestampInterval", SLOT_S)
        yield found


def test_legs_through_all_kinds_of_pools_in_one_transaction_use_what_was_forecast(on):
    legs = mixed(on, 10)
    kinds = {kind for _, kind in legs}
    vault = deployed(on, legs)
    run(on, vault, legs, 1)  # so that no slot is written for the first time
    used = run(on, vault, legs, 2)

    assert {"v2", "v3", "v4"} == {str(kind) for kind in kinds}
    assert used == pytest.approx(forecast(on, legs), rel=WITHIN)
