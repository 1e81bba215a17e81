import pytest
from eth_abi.abi import encode

from agent.adapters.chain import RpcChain
from agent.adapters.chain.pages import Surroundings, pools_of
from agent.domain.pool import PoolKind
from agent.domain.units import Address
from agent.errors import NodeUnfitError, RpcUnavailableError, SettingsError, WrongChainError
from tests.adapters.nodes import RefusedError, TableNode, rpc_of
from tests.logbook import VAULT

POOL = Address("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8")
PAIR = Address("0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc")
TOKEN0 = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
TOKEN1 = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
HASH = "0x" + "ab" * 32
MANAGER = Address("0x000000000004444c5dc75cB358380D2e3dE08A90")
AROUND = Surroundings(weth=TOKEN1, pool_manager=MANAGER)
BLOCK = {"number": "0x64", "hash": HASH, "timestamp": "0x5", "baseFeePerGas": "0x7"}
ONE = "0x" + f"{1:064x}"
SEEN = [{"calls": [{"returnData": "0x"}, {"returnData": ONE}]}]


def simulate(payload, _at):
    calls = payload["blockStateCalls"][0]["calls"]
    if len(calls) == 1:
        raise RefusedError("insufficient funds", code=-38014)
    return SEEN


FIT = {
    "eth_chainId": "0x1",
    "eth_getBlockByNumber": BLOCK,
    "eth_getCode": "0x6001",
    "eth_simulateV1": simulate,
}


def chain(table):
    node = TableNode(table)
    return RpcChain(rpc_of(node), chain_id=1, contract=VAULT), node


def without(method):
    return {name: answer for name, answer in FIT.items() if name != method}


def test_a_fit_node_passes_in_one_request():
    one, node = chain(FIT)
    one.ping()

    assert 1 == len(node.requests)


def test_another_chain_is_refused_with_both_numbers():
    with pytest.raises(WrongChainError, match="serves chain 8453, settings say 1") as raised:
        chain(FIT | {"eth_chainId": "0x2105"})[0].ping()

    assert 7 == raised.value.exit_code


@pytest.mark.parametrize(
    ("table", "lacks"),
    [
        (without("eth_simulateV1"), r"lacks eth_simulateV1 \(the method"),
        (FIT | {"eth_getBlockByNumber": None}, "lacks the `finalized` block"),
        (without("eth_getBlockByNumber"), "lacks the `finalized` block"),
        (FIT | {"eth_getCode": "0x"}, "lacks Multicall3"),
        (
            FIT | {"eth_simulateV1": [{"calls": [{}, {"returnData": "0x" + "00" * 32}]}]},
            "lacks balance reads inside a simulated block",
        ),
        (FIT | {"eth_simulateV1": SEEN}, "lacks validation in eth_simulateV1"),
    ],
)
def test_a_node_that_lacks_something_is_refused_with_the_mend(table, lacks):
    with pytest.raises(NodeUnfitError, match=lacks) as raised:
        chain(table)[0].ping()

    assert raised.value.mend
    assert 7 == raised.value.exit_code


@pytest.mark.parametrize(
    "table",
    [
        FIT | {"eth_chainId": None},
        FIT | {"eth_chainId": "one"},
        FIT | {"eth_simulateV1": []},
        FIT | {"eth_simulateV1": [{"calls": [{}, {"returnData": "0x"}]}]},
        without("eth_chainId"),
    ],
)
def test_nonsense_is_no_fitness(table):
    with pytest.raises(RpcUnavailableError):
        chain(table)[0].ping()


@pytest.mark.parametrize(
    "tree", [None, {}, BLOCK | {"number": None}, BLOCK | {"hash": 5} | {"timestamp": "x"}]
)
def test_a_block_that_is_none_is_refused(tree):
    with pytest.raises(RpcUnavailableError, match="eth_getBlockByNumber is malformed"):
        chain({"eth_getBlockByNumber": tree})[0].fetch_finalized()


def test_a_block_that_is_not_there_has_no_hash():
    assert chain({"eth_getBlockByNumber": None})[0].fetch_block_hash(5) is None
    assert HASH == chain({"eth_getBlockByNumber": BLOCK})[0].fetch_block_hash(100)


def test_no_receipt_is_none_and_silence_is_an_error():
    assert chain({"eth_getTransactionReceipt": None})[0].fetch_receipt(HASH) is None
    with pytest.raises(RpcUnavailableError):
        chain({})[0].fetch_receipt(HASH)


def aggregate(*answers):
    return "0x" + encode(["(bool,bytes)[]"], [[(True, a) for a in answers]]).hex()


def test_an_address_without_the_contract_is_a_wrong_setting():
    one, _ = chain({"eth_getBlockByNumber": BLOCK, "eth_call": aggregate(b"", b"")})
    block = one.fetch_head()

    with pytest.raises(SettingsError, match=r"portfolio\.vault.*chain 1 has no vault there"):
        one.fetch_position(block=block, tokens=(), feeds=())


def record(pool, kind, fee):
    return (
        bytes.fromhex(pool[2:] + TOKEN0[2:] + TOKEN1[2:]) + bytes((kind,)) + fee.to_bytes(3, "big")
    )


def test_pages_are_the_pools_that_may_be_traded():
    pages = [b"", record(PAIR, 2, 3000) + record(POOL, 3, 500)]

    pair, pool = pools_of(pages, AROUND)

    assert (PAIR, PoolKind.V2, TOKEN0, TOKEN1, 3000, 0, 1, 0) == (
        pair.address,
        pair.kind,
        pair.token0,
        pair.token1,
        pair.fee_pips,
        pair.tick_spacing,
        pair.page,
        pair.record,
    )
    assert (POOL, PoolKind.V3, 10, 1, 1) == (
        pool.address,
        pool.kind,
        pool.tick_spacing,
        pool.page,
        pool.record,
    )


def v4_record(currency0, currency1, *, fee, spacing):
    tokens = bytes.fromhex(currency0[2:]) + bytes.fromhex(currency1[2:])
    return spacing.to_bytes(20) + tokens + bytes([4]) + fee.to_bytes(3)


def test_a_v4_pool_goes_by_the_id_of_its_key_and_its_ether_by_weth():
    ether = "0x" + "00" * 20
    page = v4_record(ether, TOKEN0, fee=500, spacing=10)

    (pool,) = pools_of([page], AROUND)

    # Mainnet's ETH/USDC pool of 5 bps without hooks.
    assert "0x21c67e77068de97969ba93d4aab21826d33ca12bb9f565d8496e8fda8a82ca27" == pool.address
    assert (PoolKind.V4, TOKEN1, TOKEN0, 500, 10, MANAGER) == (
        pool.kind,
        pool.token0,
        pool.token1,
        pool.fee_pips,
        pool.tick_spacing,
        pool.manager,
    )


def test_a_pool_of_ether_and_its_wrapped_form_is_none_to_us():
    assert () == pools_of([v4_record("0x" + "00" * 20, TOKEN1, fee=100, spacing=1)], AROUND)


def test_a_pool_that_stands_twice_counts_where_it_stands_first():
    pages = [record(POOL, 3, 500), record(PAIR, 2, 3000) + record(POOL, 3, 3000)]

    assert [(POOL, 0, 0, 500), (PAIR, 1, 0, 3000)] == [
        (p.address, p.page, p.record, p.fee_pips) for p in pools_of(pages, AROUND)
    ]


def test_kinds_that_are_not_known_yet_are_left_out():
    assert [(PAIR, 1)] == [
        (p.address, p.record)
        for p in pools_of([record(POOL, 5, 500) + record(PAIR, 2, 3000)], AROUND)
    ]


def test_a_fee_that_says_no_spacing_leaves_it_open():
    assert [0] == [p.tick_spacing for p in pools_of([record(POOL, 3, 450)], AROUND)]


@pytest.mark.parametrize(
    ("code", "delegate"),
    [
        ("0x", None),
        ("0xef0100" + "d1" * 20, "0x" + "d1" * 20),
        ("0xef0100" + "d1" * 19, None),
        ("0x60" + "d1" * 22, None),
    ],
)
def test_a_delegated_account_is_known_by_its_code(code, delegate):
    found = chain({"eth_getCode": code})[0].fetch_delegate(POOL)

    assert delegate == (found and found.lower())


def test_code_that_is_no_hex_is_an_unusable_node():
    with pytest.raises(RpcUnavailableError):
        chain({"eth_getCode": "0xzz"})[0].fetch_delegate(POOL)
