"""Liquidity pools as a venue: the state of all that requests could use, read at one block in one request.

The reading is done by `contracts/src/PoolLens.sol`, which nodes run without its being deployed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector

from agent.adapters.abi import at_block, sensible
from agent.adapters.rpc import Call, Ride, Rpc
from agent.adapters.words import address_of, packed, places_at, word_at, words_at
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef, PoolState, Tick, V2Pool, V3Pool, V4Pool
from agent.domain.quote import QuoteRequest
from agent.domain.units import ceil_div
from agent.errors import NodeUnfitError

LENS = "0x000000000000000000000000706F6F6C4C656e73"
"""An address that nobody has: the lens stands there for the length of a call."""

READ = function_signature_to_4byte_selector("read((address,uint8,uint24,bytes32,int24)[])")
KIND_CODES = {PoolKind.V2: 2, PoolKind.V3: 3, PoolKind.V4: 4}

REACH_TICKS = 2_232
"""A price change of 25 % either way (1.0001^2232 = 1.25); no order may move a price that far."""

CALL_GAS = 2**24
"""What a transaction may use (EIP-7825), which some nodes hold calls to as well."""

EXPECTED_GAS = CALL_GAS // 4
"""What a call is filled with by expectation: the rest is for the answer, and for pools with more ticks."""

V2_GAS = 40_000
V3_GAS = 900_000
"""What a pool is expected to need: for v3 and v4, 70 ticks. What does not fit is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What was asked for before it was known to be wanted."""

    chunks: Sequence[tuple[PoolRef, ...]]
    block: Block
    ride: Ride


Unread = Callable[[PoolRef, str], None]
"""Told of an allowlisted pool that is left out, and why."""


class PoolVenue:
    """Uniswap v2 pairs, v3 pools and their forks, and v4 pools without hooks behind one node."""

    name = "pools"

    def __init__(self, rpc: Rpc, *, unread: Unread, reach_ticks: int = REACH_TICKS) -> None:
        self._rpc = rpc
        self._unread = unread
        self._reach_ticks = reach_ticks
        self._last: tuple[PoolRef, ...] = ()
        self._foreseen: Foreseen | None = None

    def ping(self) -> None:
        """Raise NodeUnfitError or RpcUnavailableError unless the node runs the lens."""
        self._answers([()], "latest")

    def foresee(self, *, block: Block) -> None:
        """Have the pools of last time read at `block` along with the next request to the node."""
        chunks = _chunks(self._last)
        calls = [_call(chunk, self._reach_ticks, at_block(block)) for chunk in chunks]
        self._foreseen = Foreseen(chunks=chunks, block=block, ride=self._rpc.ride(calls))

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[PoolState, ...]:
        """Return the states, in one round trip; in more where pools have uncommonly many ticks.

        What was foreseen at this block is not asked for again.

        Fee and tick spacing of a v3 pool are the pool's own word. A pool that does not answer as
        its allowlist entry says is left out and told of.

        Raises:
            NodeUnfitError, RpcUnavailableError.
        """
        pairs = {frozenset((r.token_in.address, r.token_out.address)) for r in requests}
        wanted = [pool for pool in pools if frozenset((pool.token0, pool.token1)) in pairs]
        words_by_pool = self._foreseen_words(block)
        chunks = _chunks([pool for pool in wanted if pool not in words_by_pool])
        while chunks:
            answers = self._answers(chunks, at_block(block))
            left: list[PoolRef] = []
            for chunk, words in zip(chunks, answers, strict=True):
                words_by_pool.update(zip(chunk, words, strict=False))
                left.extend(chunk[len(words) :])
            chunks = [(pool,) for pool in left]
        self._last = tuple(wanted)
        states = (self._state(pool, words_by_pool[pool]) for pool in wanted)
        return tuple(state for state in states if state is not None)

    def _foreseen_words(self, block: Block) -> dict[PoolRef, Sequence[int]]:
        """Return the words of the pools that were read already at this block."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is None or foreseen.block != block or foreseen.ride.answers is None:
            return {}
        found: dict[PoolRef, Sequence[int]] = {}
        for chunk, answer in zip(foreseen.chunks, foreseen.ride.answers, strict=True):
            # What went wrong is asked for again, and then told.
            with suppress(LookupError, TypeError, ValueError):
                found.update(zip(chunk, _decoded(answer.result, asked=len(chunk)), strict=False))
        return found

    def _answers(
        self, chunks: Sequence[Sequence[PoolRef]], at: object
    ) -> list[Sequence[Sequence[int]]]:
        """Return for each chunk the words of its first pools: of one at least, if there is any."""
        results = self._rpc.batch([_call(chunk, self._reach_ticks, at) for chunk in chunks])
        if any(result == "0x" for result in results):
            raise NodeUnfitError(
                endpoint=self._rpc.endpoint,
                lacks="state overrides in eth_call",
                mend="use a node that honours them, as geth, reth and Nethermind do",
            )
        with sensible(self._rpc, "eth_call"):
            return [
                _decoded(result, asked=len(chunk))
                for chunk, result in zip(chunks, results, strict=True)
            ]

    def _state(self, pool: PoolRef, words: Sequence[int]) -> PoolState | None:
        if not words:
            self._unread(pool, f"it does not answer as a {pool.kind} pool")
            return None
        if pool.kind is PoolKind.V4:
            with sensible(self._rpc, "eth_call"):
                return _v4_pool(pool, words)
        tokens = (int(pool.token0, 16), int(pool.token1, 16))
        if tokens != tuple(words[:2]):
            told = " and ".join(address_of(word) for word in words[:2])
            self._unread(pool, f"its tokens are {told}, not those of the allowlist")
            return None
        with sensible(self._rpc, "eth_call"):
            return _v2_pool(pool, words) if pool.kind is PoolKind.V2 else _v3_pool(pool, words)


def _chunks(pools: Sequence[PoolRef]) -> list[tuple[PoolRef, ...]]:
    """Return the pools in as many parts as calls can be expected to read, like pools spread evenly.

    Low fees mean narrow ticks and many of them; dealt out like cards, such pools do not meet in one call.
    """
    gas = sum(V2_GAS if pool.kind is PoolKind.V2 else V3_GAS for pool in pools)
    hands = ceil_div(gas, EXPECTED_GAS)
    dealt = sorted(pools, key=lambda pool: (pool.kind, pool.fee_pips))
    return [tuple(dealt[hand::hands]) for hand in range(hands)]


def _call(pools: Sequence[PoolRef], reach_ticks: int, at: object) -> Call:
    queries = b"".join(_query(pool, reach_ticks) for pool in pools)
    data = READ + packed(32, len(pools)) + queries
    request = {"to": LENS, "input": "0x" + data.hex(), "gas": hex(CALL_GAS)}
    return ("eth_call", [request, at, {LENS: {"code": _lens_code()}}])


def _query(pool: PoolRef, reach_ticks: int) -> bytes:
    kind, address = KIND_CODES[pool.kind], int(pool.address, 16)
    if pool.kind is PoolKind.V4:
        return packed(int(pool.manager, 16), kind, reach_ticks, address, pool.tick_spacing)
    return packed(address, kind, reach_ticks, 0, 0)


@cache
def _lens_code() -> str:
    artifact: dict[str, Any] = json.loads(
        files("agent").joinpath("data", "contracts", "PoolLens.json").read_text()
    )
    return str(artifact["deployedBytecode"])


def _decoded(answer: str, *, asked: int) -> Sequence[Sequence[int]]:
    """Return the words of each pool that was read; raises ValueError for anything but a lens's answer."""
    data = bytes.fromhex(answer[2:])
    done, places = word_at(data, 0), places_at(data, word_at(data, 32))
    if len(places) != asked or not min(asked, 1) <= done <= asked:
        raise ValueError(f"{done} of {len(places)} answers to {asked} queries")
    return [words_at(data, at) for at in places[:done]]


def _v2_pool(pool: PoolRef, words: Sequence[int]) -> V2Pool:
    _, _, reserve0, reserve1 = words
    return V2Pool(ref=pool, reserve0=reserve0, reserve1=reserve1)


def _v3_pool(pool: PoolRef, words: Sequence[int]) -> V3Pool:
    _, _, price, tick, liquidity, fee_pips, spacing, scanned_from, scanned_to, *ticks = words
    return V3Pool(
        ref=replace(pool, fee_pips=fee_pips, tick_spacing=spacing),
        sqrt_price_x96=price,
        tick=_signed(tick, 256),
        liquidity=liquidity,
        ticks=tuple(_tick(word) for word in ticks),
        scanned_from=_signed(scanned_from, 256),
        scanned_to=_signed(scanned_to, 256),
    )


def _v4_pool(pool: PoolRef, words: Sequence[int]) -> V4Pool:
    fee0_pips, fee1_pips, price, tick, liquidity, fee_pips, _, scanned_from, scanned_to, *ticks = (
        words
    )
    return V4Pool(
        ref=replace(pool, fee_pips=fee_pips),
        sqrt_price_x96=price,
        tick=_signed(tick, 256),
        liquidity=liquidity,
        ticks=tuple(_tick(word) for word in ticks),
        scanned_from=_signed(scanned_from, 256),
        scanned_to=_signed(scanned_to, 256),
        protocol_fee0_pips=fee0_pips,
        protocol_fee1_pips=fee1_pips,
    )


def _tick(word: int) -> Tick:
    return Tick(
        index=_signed(word >> 128, 24),
        liquidity_net=_signed(word & ((1 << 128) - 1), 128),
    )


def _signed(word: int, bits: int) -> int:
    """Return a two's complement number of so many bits."""
    return word - (1 << bits) if word >> (bits - 1) else word
