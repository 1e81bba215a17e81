"""Weighted pools on a fork, created by Balancer's own factories, and random swaps that the Vault answers."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pydantic import SecretStr

from agent.adapters.rpc import Rpc
from agent.adapters.venue_weighted import WeightedVenue, query
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef, PoolState, WeightedPool
from agent.domain.quote import QuoteRequest
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.swapping import swap_exact_in
from anvil.abi import decoded
from anvil.balancer import VAULT, WeightedPlace, factories, place_vault, weighted_pool
from anvil.calls import read
from anvil.node import Node
from tests.fork.exact_out import OutCase
from tests.fork.exactness import GAS, Case, answers

ONE = 10**18
PERCENT = ONE // 100
VERSIONS = (1, 2)


def random_pools(
    node: Node, rng: random.Random, tokens: Sequence[str], count: int
) -> list[WeightedPlace]:
    """Place the Vault and create pools of two to four plain tokens, even weights and odd ones."""
    place_vault(node)
    factory_by_version = factories(node)
    return [
        _random_pool(node, rng, tokens, factory_by_version, VERSIONS[number % 2])
        for number in range(count)
    ]


def _random_pool(
    node: Node, rng: random.Random, tokens: Sequence[str], factory: dict[int, str], version: int
) -> WeightedPlace:
    chosen = sorted(rng.sample(tokens, rng.choice((2, 2, 3, 4))), key=lambda token: int(token, 16))
    return weighted_pool(
        node,
        factory[version],
        version=version,
        balances={
            token: int(10 ** (rng.uniform(-1, 8) + _decimals(node, token))) for token in chosen
        },
        weights=_weights(rng, len(chosen)),
        fee=rng.choice((10**12, 17609 * 10**11, 3 * 10**15, 10**16, 10**17)),
    )


def _decimals(node: Node, token: str) -> int:
    return int(read(node, token, "decimals()", returns="uint8"))


def _weights(rng: random.Random, count: int) -> list[int]:
    """Return weights that sum to one: halves, 80 to 20 (whole powers), or anything from 1 %."""
    if count == 2 and rng.random() < 0.7:
        first = rng.choice((50, 80, 20, 67, 99, 1)) * PERCENT
        return [first, ONE - first]
    raw = [rng.uniform(1, 10) for _ in range(count)]
    weights = [int(ONE * part / sum(raw)) for part in raw]
    return [*weights[:-1], ONE - sum(weights[:-1])]


def refs_of(places: Sequence[WeightedPlace], rng: random.Random) -> list[PoolRef]:
    """Return one pair of each pool, in either order."""
    return [
        PoolRef(
            address=Address(place.pool_id),
            kind=PoolKind.WEIGHTED,
            token0=Address(pair[0]),
            token1=Address(pair[1]),
            fee_pips=0,
            tick_spacing=0,
            page=0,
            record=number,
            manager=Address(VAULT),
        )
        for number, place in enumerate(places)
        for pair in [rng.sample(place.tokens, 2)]
    ]


def requests_of(node: Node, refs: Sequence[PoolRef]) -> list[QuoteRequest]:
    tokens = {
        token: Token(chain_id=1, address=token, symbol="", decimals=_decimals(node, token))
        for ref in refs
        for token in (ref.token0, ref.token1)
    }
    return [
        QuoteRequest(
            order_id="", token_in=tokens[ref.token0], token_out=tokens[ref.token1], amounts_in=(1,)
        )
        for ref in refs
    ]


def head(node: Node) -> Block:
    tree = node.head()
    return Block(
        chain_id=1,
        number=int(tree["number"], 16),
        hash=tree["hash"],
        timestamp=int(tree["timestamp"], 16),
        base_fee_per_gas=int(tree["baseFeePerGas"], 16),
    )


def quoted(pool: WeightedPool, amount_in: int) -> int | None:
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=amount_in)
    return swap.amount_out if isinstance(swap, SwapResult) else None


def states_of(
    node: Node, refs: Sequence[PoolRef]
) -> tuple[tuple[WeightedPool, ...], list[tuple[PoolRef, str]]]:
    """Return the pools as the venue's adapter reads them at the head, and what it left out."""
    left_out = list[tuple[PoolRef, str]]()
    with Rpc(SecretStr(node.url)) as rpc:
        venue = WeightedVenue(
            rpc, unread=lambda ref, why: left_out.append((ref, why)), quoted=quoted
        )
        found = venue.fetch_liquidity(
            requests=requests_of(node, refs), pools=refs, block=head(node)
        )
    return found, left_out


def weighted_mismatches(node: Node, cases: Sequence[Case]) -> list[str]:
    """Return where the Vault's simulated swap pays something else than we say."""
    calls = [simulated(c.pool, c.amount_in, zero_for_one=c.zero_for_one) for c in cases]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        ((_, change),) = decoded(["int256[]"], answer)
        assert isinstance(case.swap, SwapResult)
        if -change != case.swap.amount_out:
            found.append(f"{case}: the Vault pays {-change}, we say {case.swap.amount_out}")
    return found


def weighted_out_mismatches(node: Node, cases: Sequence[OutCase]) -> list[str]:
    """Return where the Vault's simulated swap asks for something else than we say."""
    calls = [
        simulated(c.pool, c.amount_out, zero_for_one=c.zero_for_one, exact_in=False) for c in cases
    ]
    found = []
    for case, answer in zip(cases, answers(node, calls), strict=True):
        ((asked, _),) = decoded(["int256[]"], answer)
        if asked != case.amount_in:
            found.append(f"{case}: the Vault asks for {asked}, we say {case.amount_in}")
    return found


def simulated(
    pool: PoolState, amount: int, *, zero_for_one: bool = True, exact_in: bool = True
) -> tuple[str, list[object]]:
    data = query(pool.ref, amount, zero_for_one=zero_for_one, exact_in=exact_in)
    return ("eth_call", [{"to": VAULT, "data": "0x" + data.hex(), "gas": GAS}, "latest"])
