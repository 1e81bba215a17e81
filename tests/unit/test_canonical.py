from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.block import Block
from agent.domain.canonical import canonical_bytes, content_id, from_json, to_json
from agent.domain.pool import PoolKind, PoolRef, PoolState, Tick, V2Pool, V3Pool
from agent.domain.signal import RankedCoin, Ranking
from agent.domain.units import Address
from agent.errors import CanonicalFormError

REF = PoolRef(
    address=Address("0xP"),
    kind=PoolKind.V3,
    token0=Address("0xA"),
    token1=Address("0xB"),
    fee_pips=500,
    tick_spacing=10,
    page=0,
    record=3,
)
V3 = V3Pool(
    ref=REF,
    sqrt_price_x96=2**96,
    tick=-1,
    liquidity=10**30,
    ticks=(Tick(index=-10, liquidity_net=5), Tick(index=10, liquidity_net=-5)),
    scanned_from=-20,
    scanned_to=20,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    pools: tuple[PoolState, ...]
    reserves: dict[str, int]
    note: str | None
    raw: bytes


def test_every_integer_travels_as_a_string() -> None:
    tree = to_json(Block(chain_id=1, number=2**60, hash="0x", timestamp=0, base_fee_per_gas=7))

    assert tree == {
        "chain_id": "1",
        "number": "1152921504606846976",
        "hash": "0x",
        "timestamp": "0",
        "base_fee_per_gas": "7",
    }


def test_canonical_bytes_sort_keys_without_blanks() -> None:
    assert (
        canonical_bytes({"b": (1, None, True), "a": Decimal("1E+3")})
        == b'{"a":"1000","b":["1",null,true]}'
    )


def test_reading_back_gives_the_same_value() -> None:
    pools = (V3, V2Pool(ref=REF, reserve0=1, reserve1=2))
    value = Snapshot(pools=pools, reserves={"x": -3}, note=None, raw=b"\x01\xff")

    assert from_json(Snapshot, to_json(value)) == value


def test_times_and_decimals_survive() -> None:
    coin = RankedCoin(
        rank=1, coin_id="bitcoin", symbol="BTC", name="Bitcoin",
        market_cap_usd=Decimal("1.90"), price_usd=None,
    )  # fmt: skip
    ranking = Ranking(
        issued_at=datetime(2026, 11, 22, 11, tzinfo=UTC), source="s", coins=(coin,), sha256="00"
    )

    assert from_json(Ranking, to_json(ranking)) == ranking


def test_the_id_depends_on_every_field() -> None:
    assert content_id(V3) != content_id(V2Pool(ref=REF, reserve0=1, reserve1=2))


@pytest.mark.parametrize("tree", [{}, {"index": "1"}, {"index": 1, "liquidity_net": "2"}, [], None])
def test_a_tree_of_another_shape_is_refused(tree: object) -> None:
    with pytest.raises(CanonicalFormError, match="canonical form"):
        from_json(Tick, tree)


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(CanonicalFormError, match="float"):
        to_json(0.5)


TREES = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(TREES)
def test_the_form_is_that_of_rfc_8785(tree):
    assert rfc8785.dumps(tree) == canonical_bytes(tree)


def test_keys_are_sorted_by_their_utf16_code_units():
    assert '{"\U00010000":"1","\uffff":"2"}'.encode() == canonical_bytes(
        {"\uffff": 2, "\U00010000": 1}
    )


def test_half_a_surrogate_pair_has_no_form():
    with pytest.raises(CanonicalFormError, match="surrogate"):
        canonical_bytes("\ud800")
