"""The words of calls beside the general codec, and data that is no such thing."""

from contextlib import suppress

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.abi import Read, Returned, aggregated, returned
from agent.adapters.words import address_of, bytes_at, places_at, word_at, words_at
from agent.domain.units import Address

ADDRESSES = st.integers(0, 2**160 - 1).map(address_of)
WORDS = st.integers(0, 2**256 - 1)


@given(st.lists(st.tuples(ADDRESSES, st.binary(max_size=70))))
def test_multicall_reads_what_was_packed(calls):
    data = aggregated([Read(target=target, data=data) for target, data in calls])

    (decoded,) = decode(["(address,bool,bytes)[]"], data[4:])
    assert [(target.lower(), True, data) for target, data in calls] == list(decoded)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=70))))
def test_what_multicall_answers_is_unpacked(entries):
    answer = "0x" + encode(["(bool,bytes)[]"], [entries]).hex()

    expected = [Returned(is_success=ok, data=data) for ok, data in entries]
    assert expected == returned(answer, count=len(entries))


@given(st.lists(st.lists(WORDS, max_size=9)))
def test_lists_of_lists_are_unpacked(lists):
    data = encode(["uint256[][]"], [lists])

    assert lists == [list(words_at(data, at)) for at in places_at(data, word_at(data, 0))]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), min_size=1), st.data())
def test_an_answer_that_is_cut_off_is_refused(entries, data):
    whole = encode(["(bool,bytes)[]"], [entries])
    kept = data.draw(st.integers(0, len(whole) - 33))

    with pytest.raises(ValueError, match="it ends too early"):
        returned("0x" + whole[:kept].hex(), count=len(entries))


@given(st.binary(max_size=200), st.integers(0, 2**70))
def test_noise_is_read_or_refused_and_nothing_else(noise, at):
    for reading in (word_at, words_at, places_at, bytes_at):
        with suppress(ValueError):
            reading(noise, at)


def test_a_word_s_address_has_its_checksum():
    weth = Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")

    assert weth == address_of(int(weth, 16))
