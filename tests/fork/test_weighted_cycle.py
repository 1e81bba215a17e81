"""A whole cycle over the allowlist's pools and weighted ones: read, split, rehearsed, landed, replayed."""

import json
from decimal import Decimal

import pytest
from eth_utils.crypto import keccak

from anvil.abi import call_data
from anvil.balancer import VAULT, factories, place_vault, weighted_pool
from anvil.calls import read, transact
from anvil.stage import OWNER
from tests.fork.deployments import agent, edit, staged

DEPTH_USD = 20_000_000
SYMBOLS = ("UNI", "LINK", "AAVE", "USDC")


@pytest.fixture(scope="module")
def stage():
    with staged() as ready:
        place_vault(ready.node)
        transact(
            ready.node,
            OWNER,
            ready.vault,
            call_data("setRouter(address,bool)", VAULT, True),  # noqa: FBT003
        )
        yield ready


@pytest.fixture(scope="module")
def places(stage, twin):
    """Deep and cheap pools of some tokens with WETH, at the twin's prices."""
    factory = factories(stage.node)[2]
    by_symbol = {token["symbol"]: token for token in twin["tokens"]}
    return [
        weighted_pool(
            stage.node,
            factory,
            version=2,
            balances=dict(
                sorted(
                    (
                        (one["address"], worth(one))
                        for one in (by_symbol[symbol], by_symbol["WETH"])
                    ),
                    key=lambda held: int(held[0], 16),
                )
            ),
            weights=[5 * 10**17] * 2,
            fee=10**14,
        )
        for symbol in SYMBOLS
    ]


def worth(token):
    whole = Decimal(DEPTH_USD) / Decimal(token["price_usd"])
    return int(whole.scaleb(token["decimals"]))


@pytest.fixture
def deployed(stage, places, tmp_path):
    """Settings with the weighted pools, and the Vault's code pinned."""
    pin = "0x" + keccak(hexstr=stage.node.rpc("eth_getCode", VAULT, "latest")).hex()
    listed = ", ".join(
        f'{{ pool_id = "{place.pool_id}", token0 = "{place.tokens[0]}", '
        f'token1 = "{place.tokens[1]}" }}'
        for place in places
    )
    with stage.node.undone():
        settings = stage.deploy(tmp_path / "agent")
        edit(settings, "weighted = []", f"weighted = [{listed}]")
        edit(settings, "# code_hashes = {", f'code_hashes = {{ "{VAULT}" = "{pin}" }}  # {{')
        yield settings


def held(stage, place):
    tokens = "address[],uint256[],uint256"
    return read(
        stage.node,
        VAULT,
        "getPoolTokens(bytes32)",
        bytes.fromhex(place.pool_id[2:]),
        returns=tokens,
    )[1]


def test_a_cycle_trades_in_weighted_pools_and_can_be_replayed(stage, deployed, places):
    before = [held(stage, place) for place in places]
    result = agent("run", "--once", "--settings", deployed)
    after = [held(stage, place) for place in places]

    assert result.exit_code == 0, result.stderr
    assert "went well" in result.stdout
    assert before != after
    log = deployed.parent / "log.jsonl"
    assert agent("log", "export", "--settings", deployed, log).exit_code == 0
    key = deployed.parent / "checkpoint.pub"
    verified = agent("log", "verify", log, "--key", key, "--rpc", stage.node.url)
    assert verified.exit_code == 0, verified.stderr
    replayed = agent("log", "replay", "--settings", deployed)
    assert "computed anew, the plan is the same" in replayed.stdout


def weighted_finding(settings):
    findings = json.loads(agent("check", "--settings", settings, "--json").stdout)["findings"]
    (found,) = [one for one in findings if one["name"] == "weighted pools"]
    return found["verdict"], found["words"]


def test_a_check_says_what_is_missing(stage, deployed):
    assert ("ok", "4 named, Balancer's Vault is as pinned") == weighted_finding(deployed)

    edit(deployed, "code_hashes = { ", "# code_hashes = { ")
    verdict, words = weighted_finding(deployed)
    assert verdict == "wrong"
    assert "is not pinned" in words

    forbidden = call_data("setRouter(address,bool)", VAULT, False)  # noqa: FBT003
    transact(stage.node, OWNER, stage.vault, forbidden)
    verdict, words = weighted_finding(deployed)
    assert verdict == "wrong"
    assert f"does not allow Balancer's Vault {VAULT} as a router" in words


def test_nothing_is_sent_through_a_vault_that_is_not_pinned(stage, deployed):
    edit(deployed, "code_hashes = { ", "# code_hashes = { ")
    result = agent("run", "--once", "--settings", deployed)

    assert result.exit_code != 0
    assert "is not pinned" in result.stderr
    assert stage.nonce() == 0
