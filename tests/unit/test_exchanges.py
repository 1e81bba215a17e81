"""The exchanges' facts: recorded pools lie where factories, deployers and code hashes say."""

import json
from pathlib import Path

import pytest

from agent.adapters.chain.pages import SPACING_BY_FEE
from anvil.addresses import V2_FACTORY, V2_PAIR_CODE_HASH, V3_FACTORY, V3_POOL_CODE_HASH
from anvil.assets import mainnet_pools
from anvil.exchanges import exchange, exchanges

DATA = Path(__file__).parents[1] / "data"
PANCAKE = [
    one | {"exchange": "pancakeswap_v3"}
    for one in json.loads((DATA / "pancake_pools.json").read_text())["pools"]
]
PAIRS = json.loads((DATA / "pairs.json").read_text())["pools"]
UNISWAP = [one | {"exchange": one["dex"]} for one in mainnet_pools() if "address" in one]


@pytest.mark.parametrize(
    "pool", [*PANCAKE, *PAIRS, *UNISWAP], ids=lambda one: f"{one['exchange']} {one['address']}"
)
def test_recorded_pools_lie_where_their_exchange_says(pool):
    listed = exchange(pool["exchange"])

    assert pool["fee_pips"] in listed.spacing_by_fee_pips
    assert pool["address"] == listed.pool_address(pool["token0"], pool["token1"], pool["fee_pips"])


def test_every_exchange_but_one_has_a_recorded_pool():
    recorded = {pool["exchange"] for pool in (*PANCAKE, *PAIRS, *UNISWAP)}

    assert {"sushiswap_v3"} == {one.name for one in exchanges()} - recorded


def test_uniswaps_facts_are_those_of_the_twin():
    uniswap = [(one.factory, one.init_code_hash) for one in exchanges() if "uniswap" in one.name]

    assert [(V2_FACTORY, "0x" + V2_PAIR_CODE_HASH), (V3_FACTORY, "0x" + V3_POOL_CODE_HASH)] == (
        uniswap
    )


def test_the_allowlists_reader_knows_every_spacing():
    for one in exchanges():
        if one.kind == "v3":
            assert one.spacing_by_fee_pips.items() <= SPACING_BY_FEE.items()


def test_every_fact_names_its_source():
    assert all(one.source for one in exchanges())
