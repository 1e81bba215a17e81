import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.abi import function_abi_to_4byte_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.order import Floor
from agent.domain.units import ZERO_ADDRESS, Address
from agent.errors import CalldataError
from agent.execution.calls import (
    SELECTOR,
    CallFloor,
    CallLeg,
    ExecuteCall,
    call_of,
    decode,
    encode,
    encode_call,
)
from agent.execution.packing import CallRouterLeg, pack, unpacked
from tests.batches import BATCH, DEADLINE, INTENT_HASH, PLAN_ID, ROUTED_USDC, SELL_UNI, UNI, WETH

ARTIFACT = Path(__file__).parents[2] / "agent" / "data" / "contracts" / "Vault.json"

# The worked example of the format: sell 100 UNI for WETH, then spend WETH's surplus (a leg of
# another kind, left out here).
EXAMPLE_FLOORS = (
    "0000000000000000000000000000000000000000"
    "00000000000000000000000000000000"
    "c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
    "00000000000000000429d069189e0000"
    "1f9840a85d5af5bf1d1762f925bdaddc4201f984"
    "fffffffffffffffa9438a1d29cf00000"
)
EXAMPLE_LEG = "80000005020100000000000000056bc75e2d63100000"

EXAMPLE = replace(
    BATCH,
    legs=(SELL_UNI,),
    floors=(
        Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0),
        Floor(token=WETH.address, symbol="WETH", min_delta=3 * 10**17),
        Floor(token=UNI.address, symbol="UNI", min_delta=-100 * 10**18),
    ),
)

uint64 = st.integers(0, 2**64 - 1)
uint8 = st.integers(0, 255)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
floors = st.builds(
    CallFloor,
    token=st.just(UNI.address),
    min_delta=st.integers(-(2**127), 2**127 - 1),
)
router_legs = st.builds(
    CallRouterLeg,
    router=st.just(ROUTED_USDC.router),
    floor_in=uint8,
    amount_in=st.integers(1, 2**128 - 1),
    data=st.binary(max_size=300),
)
pool_legs = st.builds(
    CallLeg,
    page=st.integers(0, 2**16 - 1),
    record=uint8,
    is_zero_for_one=st.booleans(),
    takes_surplus=st.booleans(),
    floor_in=uint8,
    floor_out=uint8,
    amount_in=st.integers(1, 2**128 - 1),
)
calls = st.builds(
    ExecuteCall,
    sequence=uint64,
    deadline=uint64,
    plan_id=hashes,
    intent_hash=hashes,
    floors=st.lists(floors, max_size=8).map(
        lambda rest: (CallFloor(token=ZERO_ADDRESS, min_delta=0), *rest)
    ),
    legs=st.lists(pool_legs | router_legs, min_size=1, max_size=12).map(tuple),
)


def encoded(batch=BATCH):
    return encode(batch, deadline=DEADLINE, plan_id=PLAN_ID, intent_hash=INTENT_HASH)


def test_the_selector_is_that_of_the_compiled_contract():
    abi = json.loads(ARTIFACT.read_text())["abi"]
    execute = next(entry for entry in abi if entry.get("name") == "execute")

    assert SELECTOR == function_abi_to_4byte_selector(execute)


def test_calldata_is_that_of_the_published_example():
    data = encoded(EXAMPLE).hex()

    assert data.startswith("f578695f" + f"{1:064x}" + f"{DEADLINE:064x}" + PLAN_ID + INTENT_HASH)
    assert EXAMPLE_FLOORS in data
    assert data.endswith(f"{22:064x}" + EXAMPLE_LEG + "00" * 10)


def test_a_batch_decodes_to_what_it_must_say():
    expected = call_of(BATCH, deadline=DEADLINE, plan_id=PLAN_ID, intent_hash=INTENT_HASH)

    assert expected == decode(encoded())


@settings(max_examples=300)
@given(calls)
def test_decode_is_the_inverse_of_encode(call):
    assert call == decode(encode_call(call))


@settings(max_examples=200)
@given(st.data())
def test_no_flipped_bit_decodes_to_the_same_call(data):
    whole = encoded()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8

    try:
        found = decode(bytes(flipped))
    except CalldataError:
        return
    assert found != decode(whole)


@pytest.mark.parametrize("mangle", [lambda d: d + b"\0", lambda d: d[:-1], lambda d: d[:40]])
def test_bytes_too_many_or_too_few_are_refused(mangle):
    with pytest.raises(CalldataError):
        decode(mangle(encoded()))


def test_calldata_of_another_function_is_refused():
    with pytest.raises(CalldataError, match="selector 0xdeadbeef"):
        decode(b"\xde\xad\xbe\xef" + encoded()[4:])


def test_a_router_leg_is_that_of_the_published_example():
    leg = replace(
        ROUTED_USDC,
        router=Address("0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45"),
        token_in=UNI,
        amount_in=5 * 10**18,
        calldata=bytes.fromhex("deadbeef"),
    )
    data = encoded(replace(EXAMPLE, legs=(leg,))).hex()

    assert (
        "0168b3465833fb72a70ecdf485e0e4c7bd8665fc450200000000000000004563918244f40000000004deadbeef"
    ) in data


def test_a_router_leg_that_is_cut_off_is_refused():
    cut = pack(CallRouterLeg(router=ROUTED_USDC.router, floor_in=1, amount_in=5, data=b"12345"))

    for size in (1, 30, len(cut) - 1):
        with pytest.raises(CalldataError, match="no leg of"):
            list(unpacked(cut[:size]))


def test_legs_of_other_kinds_are_refused():
    data = encoded(EXAMPLE).hex().replace(EXAMPLE_LEG, "03" + EXAMPLE_LEG[2:])

    with pytest.raises(CalldataError, match="op 0x03"):
        decode(bytes.fromhex(data))


def test_a_leg_whose_token_has_no_floor_is_refused():
    with pytest.raises(CalldataError, match="moves LINK unfloored"):
        encoded(replace(BATCH, floors=BATCH.floors[:-1]))


def test_two_floors_for_one_token_are_refused():
    with pytest.raises(CalldataError, match="two floors"):
        encoded(replace(BATCH, floors=(*BATCH.floors, BATCH.floors[-1])))


def test_floors_without_ether_first_are_refused():
    with pytest.raises(CalldataError, match="ETH first"):
        encoded(replace(BATCH, floors=BATCH.floors[1:] + BATCH.floors[:1]))


@pytest.mark.parametrize(
    "change",
    [
        {"amount_in": 2**128},
        {"amount_in": -1},
        {"page": 2**16},
        {"record": 256},
    ],
)
def test_a_leg_out_of_range_is_refused(change):
    with pytest.raises(CalldataError, match="out of range"):
        encoded(replace(BATCH, legs=(replace(SELL_UNI, **change),)))


def test_a_leg_that_sells_nothing_is_refused():
    with pytest.raises(CalldataError, match="sells nothing"):
        encoded(replace(BATCH, legs=(replace(SELL_UNI, amount_in=0),)))


@pytest.mark.parametrize("plan_id", ["11" * 31, "0x" + "11" * 32, "1 " * 32, "AB" * 32])
def test_a_hash_that_is_not_64_hex_digits_is_refused(plan_id):
    with pytest.raises(CalldataError, match="out of range"):
        encode(BATCH, deadline=DEADLINE, plan_id=plan_id, intent_hash=INTENT_HASH)


def test_more_than_256_floors_are_refused():
    many = tuple(Floor(token=Address(f"0x{i:040x}"), symbol="T", min_delta=0) for i in range(257))

    with pytest.raises(CalldataError, match="257 floors"):
        encoded(replace(BATCH, floors=many, legs=()))
