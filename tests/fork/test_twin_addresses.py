"""The twin's contracts and pools stand where mainnet's do, and are the same code."""

import pytest
from eth_utils.crypto import keccak

from anvil import addresses as at
from anvil import bytecode
from anvil.abi import create2_address, created_address
from anvil.assets import mainnet_pools
from anvil.calls import read

PUBLISHED_PAIRS = {
    (at.USDC, at.WETH): "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc",
    (at.WETH, at.USDT): "0x0d4a11d5EEaaC28EC3F61d100daF4d40471f1852",
    (at.DAI, at.WETH): "0xA478c2975Ab1Ea89e8196811F51A7B7Ade33eB11",
    (at.WBTC, at.WETH): "0xBb2b8038a1640196FbE3e38816F3e67Cba72D940",
}
V3_FACTS = [fact for fact in mainnet_pools() if fact["kind"] == "v3"]
V4_FACTS = [fact for fact in mainnet_pools() if fact["kind"] == "v4"]


@pytest.mark.parametrize(
    ("address", "deployer", "nonce"),
    [
        (at.WETH, at.WETH_DEPLOYER, 446),
        (at.MULTICALL3, at.MULTICALL3_DEPLOYER, 0),
        (at.V2_FACTORY, at.V2_DEPLOYER, 0),
        (at.V2_ROUTER, at.V2_DEPLOYER, 3),
        (at.V3_FACTORY, at.V3_DEPLOYER, 0),
        (at.V3_QUOTER, at.V3_DEPLOYER, 3),
        (at.V3_SWAP_ROUTER, at.V3_DEPLOYER, 4),
        (at.V3_POSITION_MANAGER, at.V3_DEPLOYER, 8),
        (at.QUOTER_V2, at.V3_DEPLOYER, 13),
        (at.SWAP_ROUTER_02, at.V3_DEPLOYER, 14),
    ],
)
def test_addresses_follow_from_the_real_deployer_and_nonce(address, deployer, nonce):
    assert address == created_address(deployer, nonce)


@pytest.mark.parametrize(
    ("address", "name"), [(at.STATE_VIEW, "StateView"), (at.V4_QUOTER, "V4Quoter")]
)
def test_v4_lenses_hash_to_their_mainnet_addresses(address, name):
    pool_manager = bytes.fromhex(at.V4_POOL_MANAGER[2:]).rjust(32, b"\0")
    init_code = bytecode.creation_code(bytecode.V4_PERIPHERY, name) + pool_manager

    assert address == create2_address(at.CREATE2_DEPLOYER, bytes(32), keccak(init_code))


def test_pair_code_hash_is_the_published_one():
    assert (
        at.V2_PAIR_CODE_HASH
        == keccak(bytecode.creation_code(bytecode.V2_CORE, "UniswapV2Pair")).hex()
    )


def test_pool_code_hash_is_the_published_one():
    assert (
        at.V3_POOL_CODE_HASH
        == keccak(bytecode.creation_code(bytecode.V3_CORE, "UniswapV3Pool")).hex()
    )


def test_every_contract_has_code(fork, twin):
    codes = {name: fork.rpc("eth_getCode", a, "latest") for name, a in twin["contracts"].items()}

    assert [] == [name for name, code in codes.items() if code == "0x"]


@pytest.mark.parametrize("pair", PUBLISHED_PAIRS)
def test_v2_pairs_stand_at_their_mainnet_addresses(fork, pair):
    found = read(fork, at.V2_FACTORY, "getPair(address,address)", *pair, returns="address")

    assert PUBLISHED_PAIRS[pair].lower() == found


@pytest.mark.parametrize("fact", V3_FACTS, ids=lambda fact: fact["address"])
def test_v3_pools_stand_at_their_mainnet_addresses(fork, fact):
    key = fact["token0"], fact["token1"], fact["fee_pips"]
    found = read(fork, at.V3_FACTORY, "getPool(address,address,uint24)", *key, returns="address")

    assert fact["address"].lower() == found


@pytest.mark.parametrize("fact", V4_FACTS, ids=lambda fact: fact["pool_id"][:10])
def test_v4_pools_have_their_mainnet_ids(fork, twin, fact):
    listed = {pool["pool_id"] for pool in twin["pools"]}
    price = read(
        fork,
        at.STATE_VIEW,
        "getSlot0(bytes32)",
        bytes.fromhex(fact["pool_id"][2:]),
        returns="uint160,int24,uint24,uint24",
    )[0]

    assert fact["pool_id"] in listed
    assert price > 0


def test_pool_manager_knows_its_own_address_and_owner(fork):
    code = fork.rpc("eth_getCode", at.V4_POOL_MANAGER, "latest")

    assert at.V4_POOL_MANAGER[2:].lower() in code
    assert at.GOVERNANCE.lower() == read(fork, at.V4_POOL_MANAGER, "owner()", returns="address")


def test_permit2_signs_for_mainnet(fork):
    types = "EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    domain = keccak(text=types) + keccak(text="Permit2") + (1).to_bytes(32)
    expected = keccak(domain + bytes.fromhex(at.PERMIT2[2:]).rjust(32, b"\0"))

    assert expected == read(fork, at.PERMIT2, "DOMAIN_SEPARATOR()", returns="bytes32")


def test_routers_know_the_factories(fork):
    assert at.V2_FACTORY.lower() == read(fork, at.V2_ROUTER, "factory()", returns="address")
    assert at.V3_FACTORY.lower() == read(fork, at.SWAP_ROUTER_02, "factory()", returns="address")
    assert at.V2_FACTORY.lower() == read(fork, at.SWAP_ROUTER_02, "factoryV2()", returns="address")
    assert at.V3_FACTORY.lower() == read(fork, at.QUOTER_V2, "factory()", returns="address")
    assert at.V4_POOL_MANAGER.lower() == read(
        fork, at.STATE_VIEW, "poolManager()", returns="address"
    )
