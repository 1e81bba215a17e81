"""Storage words of tokens, feeds and pools, as their contracts lay them out.

Writing them directly is what makes the twin quick to build and the same every time. Fee growth and
price accumulators are not zero, as on any pool that has traded: a swap then costs what it costs on
mainnet, not the price of filling empty storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isqrt

from anvil import addresses as at
from anvil.abi import mapping_slot, raw
from anvil.assets import Asset, FeedSpec
from anvil.curves import gross_by_tick
from anvil.market import PoolState

GROWTH = 1 << 64
"""Stands for the fees of a past life of the pool."""

GROWTH_OUTSIDE = 1
OBSERVATIONS = 8
"""Oracle slots that v3 pools have reserved."""

V4_POOLS_SLOT = 6
HOURLY_FEEDS = {"ETH", "BTC", "LINK", "DAI", "AAVE", "UNI", "STETH", "LDO"}
HOUR_S, DAY_S = 3_600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One storage word of a contract."""

    address: str
    slot: int
    value: int


def token_words(asset: Asset, supply: int) -> Iterator[Word]:
    """Lay out anvil/contracts/Token.sol; USDT's and the others' first slots are the same."""
    owner = int.from_bytes(raw(at.TWIN_ADMIN))
    words = {
        2: supply,
        3: short_string(asset.name),
        4: short_string(asset.symbol),
        5: asset.decimals | owner << 8,
    }
    if asset.contract == "FeeToken":
        words |= {6: PAXG_FEE_PPM, 7: owner}
    for slot, value in words.items():
        yield Word(address=asset.address, slot=slot, value=value)


PAXG_FEE_PPM = 200
"""Two basis points of every transfer, PAXG's long-standing rate."""


def balance_word(token: str, holder: str, amount: int) -> Word:
    """Lay out a balance; WETH9 keeps them in slot 3, the twin's tokens in slot 0."""
    slot = mapping_slot(int(holder, 16), 3 if token == at.WETH else 0)
    return Word(address=token, slot=slot, value=amount)


def feed_words(feed: FeedSpec) -> Iterator[Word]:
    """Lay out anvil/contracts/Feed.sol."""
    heartbeat = HOUR_S if feed.pair.split(" / ")[0] in HOURLY_FEEDS else DAY_S
    packed = int.from_bytes(raw(at.TWIN_ADMIN)) | feed.decimals << 160 | heartbeat << 168
    words = {0: int(feed.price.scaleb(feed.decimals)), 1: short_string(feed.pair), 2: packed}
    for slot, value in words.items():
        yield Word(address=feed.address, slot=slot, value=value)


def v2_words(address: str, pool: PoolState, at_s: int) -> Iterator[Word]:
    """Lay out UniswapV2Pair: supply to nobody, reserves with the time, price accumulators."""
    supply = isqrt(pool.reserve0 * pool.reserve1)
    words = {
        0: supply,
        mapping_slot(0, 1): supply,
        8: pool.reserve0 | pool.reserve1 << 112 | at_s << 224,
        9: GROWTH,
        10: GROWTH,
    }
    for slot, value in words.items():
        yield Word(address=address, slot=slot, value=value)


def v3_words(address: str, pool: PoolState, slot0: int) -> Iterator[Word]:
    """Lay out UniswapV3Pool around the first slot that its initialisation wrote."""
    cardinality_next_at = 160 + 24 + 16 + 16
    words = {
        0: slot0 & ~(0xFFFF << cardinality_next_at) | OBSERVATIONS << cardinality_next_at,
        1: GROWTH,
        2: GROWTH,
        4: pool.liquidity,
    }
    words |= dict.fromkeys(range(9, 8 + OBSERVATIONS), 1)
    for slot, value in words.items():
        yield Word(address=address, slot=slot, value=value)
    yield from _tick_words(address, pool, ticks=5, bitmap=6, initialised_at=3)


def v4_words(pool: PoolState, pool_id: int, slot0: int) -> Iterator[Word]:
    """Lay out the pool's state inside v4's PoolManager."""
    base = mapping_slot(pool_id, V4_POOLS_SLOT)
    words = {
        base: slot0 | pool.protocol_fee << 184,
        base + 1: GROWTH,
        base + 2: GROWTH,
        base + 3: pool.liquidity,
    }
    for slot, value in words.items():
        yield Word(address=at.V4_POOL_MANAGER, slot=slot, value=value)
    yield from _tick_words(at.V4_POOL_MANAGER, pool, ticks=base + 4, bitmap=base + 5)


def _tick_words(
    address: str, pool: PoolState, *, ticks: int, bitmap: int, initialised_at: int | None = None
) -> Iterator[Word]:
    gross = gross_by_tick(pool.curve)
    bits: dict[int, int] = {}
    for tick, net in pool.curve:
        base = mapping_slot(tick, ticks)
        words = [gross[tick] | net % 2**128 << 128, GROWTH_OUTSIDE, GROWTH_OUTSIDE]
        if initialised_at is not None:
            words += [1 << 248]
        for offset, value in enumerate(words):
            yield Word(address=address, slot=base + offset, value=value)
        compressed = tick // pool.key.tick_spacing
        bits[compressed >> 8] = bits.get(compressed >> 8, 0) | 1 << (compressed & 0xFF)
    for position, word in bits.items():
        yield Word(address=address, slot=mapping_slot(position, bitmap), value=word)


def short_string(text: str) -> int:
    """Return the storage word of a string of at most 31 bytes; longer names are cut."""
    content = text.encode()[:31].decode(errors="ignore").encode()
    return int.from_bytes(content.ljust(32, b"\0")) | 2 * len(content)


def distinct(words: Iterable[Word]) -> Iterator[Word]:
    """Refuse to write one word twice: two layouts would overlap."""
    seen: set[tuple[str, int]] = set()
    for word in words:
        key = word.address, word.slot
        if key in seen:
            raise ValueError(f"storage slot {word.slot:#x} of {word.address} is laid out twice")
        seen.add(key)
        yield word
