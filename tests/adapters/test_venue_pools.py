"""The pools' venue against a node that answers as the lens would, and as broken nodes do."""

from dataclasses import replace

import pytest
from eth_abi.abi import decode, encode

from agent.adapters.venue_pools import LENS, READ, PoolVenue
from agent.domain.block import Block
from agent.domain.pool import PoolKind, Tick, V2Pool, V3Pool, V4Pool
from agent.domain.quote import QuoteRequest
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import NodeUnfitError, RpcUnavailableError
from tests.adapters.nodes import RefusedError, TableNode, rpc_of
from tests.pools import TOKEN0, TOKEN1, pool_ref

BLOCK = Block(chain_id=1, number=100, hash="0x" + "ab" * 32, timestamp=5, base_fee_per_gas=10**9)
OTHER = Address("0x" + "33" * 20)
PAIR = pool_ref(PoolKind.V2, fee_pips=3000, number=0)
POOL = replace(pool_ref(PoolKind.V3, fee_pips=3000, number=1), tick_spacing=0)
TOKENS = [int(TOKEN0, 16), int(TOKEN1, 16)]
PAIR_WORDS = [*TOKENS, 10**20, 10**21]


def word(value: int) -> int:
    return value % 2**256


def tick_word(index: int, net: int) -> int:
    return index % 2**24 << 128 | net % 2**128


POOL_WORDS = [
    *TOKENS, 1 << 96, word(-1), 10**18, 500, 10, word(-7680), 7670,
    tick_word(-600, 10**18), tick_word(600, -(10**18)),
]  # fmt: skip


def request(token0=TOKEN0, token1=TOKEN1) -> QuoteRequest:
    token_in, token_out = (
        Token(chain_id=1, address=address, symbol="T", decimals=18) for address in (token0, token1)
    )
    return QuoteRequest(order_id="o", token_in=token_in, token_out=token_out, amounts_in=(1,))


def _key(query) -> int:
    """Return the number that a query names a pool by: its address, or its id."""
    return int.from_bytes(query[3], "big") or int(query[0], 16)


class Lens:
    """A node that answers lens calls from words by pool, at most `per_call` pools in each."""

    def __init__(self, words_by_pool, *, per_call=1000):
        self.words_by_pool = words_by_pool
        self.per_call = per_call
        self.asked: list[list[str]] = []
        self.node = TableNode({"eth_call": self.answer})

    def answer(self, call, at, overrides):
        assert {"blockHash": BLOCK.hash, "requireCanonical": True} == at
        assert LENS == call["to"]
        assert overrides[LENS]["code"].startswith("0x60")
        data = bytes.fromhex(call["input"][2:])
        assert READ == data[:4]
        (queries,) = decode(["(address,uint8,uint24,bytes32,int24)[]"], data[4:])
        self.asked.append([query[0] for query in queries])
        self.queries = queries
        done = min(len(queries), self.per_call)
        words = [self.words_by_pool.get(_key(query), []) for query in queries[:done]]
        return (
            "0x"
            + encode(["uint256", "uint256[][]"], [done, words + [[]] * (len(queries) - done)]).hex()
        )


REQUESTS = (request(),)


def fetched(lens, pools, requests=REQUESTS):
    left_out = []
    venue = PoolVenue(rpc_of(lens.node), unread=lambda pool, why: left_out.append((pool, why)))
    return venue.fetch_liquidity(requests=requests, pools=pools, block=BLOCK), left_out


def lens_of(*found):
    return Lens({int(ref.address, 16): words for ref, words in found})


MANAGER = Address("0x" + "44" * 20)
KEPT = replace(
    pool_ref(PoolKind.V3, fee_pips=3000, number=2),
    address=Address("0x" + "c0ffee" + "00" * 29),
    kind=PoolKind.V4,
    manager=MANAGER,
)


def test_a_v4_pool_is_asked_of_its_manager_by_id_and_says_its_own_fees():
    words = [10, 20, 1 << 96, word(-1), 10**18, 2500, 60, word(-7680), 7670, tick_word(-600, 7)]
    lens = lens_of((KEPT, words))
    states, left_out = fetched(lens, [KEPT])

    assert (
        V4Pool(
            ref=replace(KEPT, fee_pips=2500),
            sqrt_price_x96=1 << 96,
            tick=-1,
            liquidity=10**18,
            ticks=(Tick(index=-600, liquidity_net=7),),
            scanned_from=-7680,
            scanned_to=7670,
            protocol_fee0_pips=10,
            protocol_fee1_pips=20,
        ),
    ) == states
    assert [] == left_out
    assert ((MANAGER.lower(), 4, 2232, bytes.fromhex(KEPT.address[2:]), 60),) == lens.queries


def test_states_of_both_kinds_come_in_one_request():
    lens = lens_of((PAIR, PAIR_WORDS), (POOL, POOL_WORDS))
    states, left_out = fetched(lens, [PAIR, POOL])

    assert (
        V2Pool(ref=PAIR, reserve0=10**20, reserve1=10**21),
        V3Pool(
            ref=replace(POOL, fee_pips=500, tick_spacing=10),
            sqrt_price_x96=1 << 96,
            tick=-1,
            liquidity=10**18,
            ticks=(
                Tick(index=-600, liquidity_net=10**18),
                Tick(index=600, liquidity_net=-(10**18)),
            ),
            scanned_from=-7680,
            scanned_to=7670,
        ),
    ) == states
    assert [] == left_out
    assert 1 == len(lens.node.requests)


def test_only_pools_of_requested_pairs_are_read():
    stranger = replace(POOL, address=Address("0x" + "77" * 20), token1=OTHER)
    lens = lens_of((PAIR, PAIR_WORDS))
    fetched(lens, [PAIR, stranger], [request(TOKEN1, TOKEN0), request(TOKEN0, TOKEN0)])

    assert [[PAIR.address]] == lens.asked


def test_nothing_is_asked_without_pools():
    lens = lens_of()

    assert ((), []) == fetched(lens, [])
    assert [] == lens.node.requests


def test_a_pool_that_does_not_answer_is_left_out_with_its_reason():
    states, left_out = fetched(lens_of((PAIR, PAIR_WORDS)), [PAIR, POOL])

    assert [PAIR] == [state.ref for state in states]
    assert [(POOL, "it does not answer as a v3 pool")] == left_out


def test_a_pool_of_other_tokens_than_allowed_is_left_out():
    words = [TOKENS[0], int(OTHER, 16), 1, 1]
    states, left_out = fetched(lens_of((PAIR, words)), [PAIR])

    assert () == states
    assert (PAIR, f"its tokens are {TOKEN0} and {OTHER}, not those of the allowlist") == left_out[0]


def test_what_did_not_fit_is_asked_for_again_one_by_one():
    pools = [replace(PAIR, address=Address(f"0x{n:040x}"), record=n) for n in range(1, 4)]
    lens = Lens(dict.fromkeys(range(1, 4), PAIR_WORDS), per_call=1)
    states, _ = fetched(lens, pools)

    assert pools == [state.ref for state in states]
    assert [[p.address for p in pools], [pools[1].address], [pools[2].address]] == lens.asked
    assert 2 == len(lens.node.requests)


def test_many_pools_are_dealt_over_calls_of_one_request():
    pools = [
        replace(POOL, address=Address(f"0x{n:040x}"), fee_pips=fee, record=n)
        for n, fee in enumerate([100] * 20 + [10_000] * 20, start=1)
    ]
    lens = Lens(dict.fromkeys(range(1, 41), POOL_WORDS))
    states, _ = fetched(lens, pools)
    narrow = {pool.address for pool in pools[:20]}

    assert [pool.address for pool in pools] == [state.ref.address for state in states]
    assert 1 == len(lens.node.requests)
    assert len(lens.asked) > 1
    held = [len(narrow & set(asked)) for asked in lens.asked]
    assert max(held) - min(held) <= 1


def test_a_node_that_ignores_state_overrides_is_unfit():
    lens = lens_of()
    lens.node.table["eth_call"] = "0x"

    with pytest.raises(NodeUnfitError, match="lacks state overrides in eth_call: use a node that"):
        fetched(lens, [PAIR])


def test_ping_asks_for_no_pool():
    node = TableNode({"eth_call": "0x" + encode(["uint256", "uint256[][]"], [0, []]).hex()})
    PoolVenue(rpc_of(node), unread=lambda *_: None).ping()
    node.table["eth_call"] = "0x"

    with pytest.raises(NodeUnfitError):
        PoolVenue(rpc_of(node), unread=lambda *_: None).ping()


@pytest.mark.parametrize(
    "answer",
    [
        "0x12",
        "0xzz",
        None,
        "0x" + "ff" * 96,
        "0x" + encode(["uint256", "uint256[][]"], [0, [[]]]).hex(),
        "0x" + encode(["uint256", "uint256[][]"], [2, [PAIR_WORDS, PAIR_WORDS]]).hex(),
        "0x" + encode(["uint256", "uint256[][]"], [1, [PAIR_WORDS[:3]]]).hex(),
        "0x" + encode(["uint256", "uint256[][]"], [1, [[*PAIR_WORDS, 1]]]).hex(),
    ],
)
def test_answers_that_are_not_the_lens_s_are_refused(answer):
    lens = lens_of()
    lens.node.table["eth_call"] = answer

    with pytest.raises(RpcUnavailableError, match="its answer"):
        fetched(lens, [PAIR])


def test_a_call_that_fails_is_not_taken_for_an_empty_pool():
    def out_of_gas(*_):
        raise RefusedError("out of gas")

    lens = lens_of()
    lens.node.table["eth_call"] = out_of_gas

    with pytest.raises(RpcUnavailableError, match="out of gas"):
        fetched(lens, [PAIR])


def test_a_pool_on_two_pages_is_read_for_each():
    twin = replace(PAIR, page=1)
    lens = lens_of((PAIR, PAIR_WORDS))
    states, _ = fetched(lens, [PAIR, twin])

    assert [PAIR, twin] == [state.ref for state in states]


def test_what_was_read_last_time_is_read_ahead_along_with_the_next_request():
    lens = lens_of((PAIR, PAIR_WORDS), (POOL, POOL_WORDS))
    rpc = rpc_of(lens.node)
    venue = PoolVenue(rpc, unread=lambda *_: None)
    first = venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR, POOL], block=BLOCK)
    lens.node.table["eth_chainId"] = "0x1"
    lens.node.requests.clear()

    venue.foresee(block=BLOCK)
    assert ["0x1"] == rpc.batch([("eth_chainId", [])])
    assert first == venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR, POOL], block=BLOCK)
    assert [["eth_chainId", "eth_call"]] == lens.node.requests


def test_a_pool_that_was_not_foreseen_is_asked_for_alone():
    lens = lens_of((PAIR, PAIR_WORDS), (POOL, POOL_WORDS))
    rpc = rpc_of(lens.node)
    venue = PoolVenue(rpc, unread=lambda *_: None)
    venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR], block=BLOCK)
    lens.node.table["eth_chainId"] = "0x1"
    venue.foresee(block=BLOCK)
    rpc.batch([("eth_chainId", [])])
    lens.asked.clear()

    states = venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR, POOL], block=BLOCK)
    assert [PAIR.address, POOL.address] == [state.ref.address for state in states]
    assert [[POOL.address.lower()]] == lens.asked


def test_what_was_foreseen_at_another_block_is_read_anew():
    lens = lens_of((PAIR, PAIR_WORDS))
    rpc = rpc_of(lens.node)
    venue = PoolVenue(rpc, unread=lambda *_: None)
    venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR], block=BLOCK)
    venue.foresee(block=replace(BLOCK, number=99))
    lens.node.table["eth_chainId"] = "0x1"
    rpc.batch([("eth_chainId", [])])
    lens.asked.clear()

    assert 1 == len(venue.fetch_liquidity(requests=REQUESTS, pools=[PAIR], block=BLOCK))
    assert [[PAIR.address.lower()]] == lens.asked
