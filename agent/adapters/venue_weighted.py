"""Balancer v2's weighted pools as a venue: read from the Vault at one block, kept where it quotes as we do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from eth_utils.address import to_checksum_address

from agent.adapters.abi import Read, Returned, read
from agent.adapters.asked import asked, useful
from agent.adapters.rpc import Rpc
from agent.adapters.words import packed, word_at, words_at
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef, WeightedPool
from agent.domain.quote import QuoteRequest
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS, Address, ceil_div

ONE = 10**18
LONGEST_SCALE = 18

_QUERY = bytes.fromhex("f84d066e")
"""Of `queryBatchSwap(uint8,(bytes32,uint256,uint256,uint256,bytes)[],address[],(address,bool,address,bool))`."""

_POOL_IDS = 40
"""Hex digits of a pool id that are the pool's own address."""

Unread = Callable[[PoolRef, str], None]
"""Told of a pool that is left out, and why."""

Quoted = Callable[[WeightedPool, int], int | None]
"""(pool, input of token0) -> what our integers say it pays; None where they refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What was asked of one pool."""

    kept: Returned
    weights: Returned
    fee: Returned
    paused: Returned
    rates: Returned
    quote: Returned


class WeightedVenue:
    """Weighted pools behind one node.

    A pool is kept where the Vault's own simulated swap of a thousandth of token0 pays what `quoted`
    says, to the base unit. So pools that only look alike, managed ones say, are left out.
    """

    name = "weighted pools"

    def __init__(self, rpc: Rpc, *, unread: Unread, quoted: Quoted) -> None:
        self._rpc = rpc
        self._unread = unread
        self._quoted = quoted

    def ping(self) -> None:
        """Raise NodeUnfitError or RpcUnavailableError unless the node answers."""
        self._rpc.batch([("eth_chainId", [])])

    def foresee(self, *, block: Block) -> None:
        """Read nothing ahead."""

    def fetch_liquidity(
        self, *, requests: Sequence[QuoteRequest], pools: Sequence[PoolRef], block: Block
    ) -> tuple[WeightedPool, ...]:
        """Return the states of the weighted pools that a request could use, in one round trip.

        Raises:
            NodeUnfitError, RpcUnavailableError.
        """
        decimals = {t.address: t.decimals for r in requests for t in (r.token_in, r.token_out)}
        wanted = useful(pools, requests, kind=PoolKind.WEIGHTED)
        reads = [one for pool in wanted for one in _reads(pool, decimals)]
        answers = asked(self._rpc, reads, block=block)
        each = len(reads) // max(len(wanted), 1)
        states = (
            self._state(
                pool, _Answers(**dict(zip(_Answers.__slots__, part, strict=True))), decimals
            )
            for number, pool in enumerate(wanted)
            for part in [answers[number * each :][:each]]
        )
        return tuple(state for state in states if state is not None)

    def _state(
        self, ref: PoolRef, answers: _Answers, decimals: Mapping[Address, int]
    ) -> WeightedPool | None:
        why = _why_not(ref, answers, decimals)
        if why:
            self._unread(ref, why)
            return None
        try:
            pool = _pool(ref, answers, decimals)
        except (LookupError, ValueError):
            self._unread(ref, "the Vault does not keep this pair in it")
            return None
        told, ours = _paid(answers.quote), self._quoted(pool, _sample(ref, decimals))
        if told != ours:
            self._unread(ref, f"a simulated swap pays {told}, its formula {ours}")
            return None
        return pool


def _why_not(ref: PoolRef, answers: _Answers, decimals: Mapping[Address, int]) -> str:
    """Return why a pool cannot be used at all, or nothing."""
    if not answers.weights.words() or not answers.fee.words() or not answers.kept.words():
        return "it does not answer as a weighted pool"
    if answers.paused.words() and answers.paused.word():
        return "it is paused"
    deep = [token for token in (ref.token0, ref.token1) if decimals[token] > LONGEST_SCALE]
    return f"{deep[0]} has more than 18 decimals, which weighted pools refuse" if deep else ""


def _reads(ref: PoolRef, decimals: Mapping[Address, int]) -> list[Read]:
    pool = Address(to_checksum_address(ref.address[: 2 + _POOL_IDS]))
    return [
        read(ref.manager, "getPoolTokens(bytes32)", int(ref.address, 16)),
        read(pool, "getNormalizedWeights()"),
        read(pool, "getSwapFeePercentage()"),
        read(pool, "getPausedState()"),
        # Pools that have rate providers are of the later version, which multiplies.
        read(pool, "getRateProviders()"),
        Read(target=ref.manager, data=query(ref, _sample(ref, decimals))),
    ]


def _sample(ref: PoolRef, decimals: Mapping[Address, int]) -> int:
    return max(int(10 ** decimals[ref.token0]) // 1000, 1)


def query(
    ref: PoolRef, amount_in: int, *, zero_for_one: bool = True, exact_in: bool = True
) -> bytes:
    """Return the Vault's simulation of one swap: it answers both balances' changes, from its own side.

    With `exact_in` false, `amount_in` is the output that is wanted.
    """
    tokens = (ref.token0, ref.token1) if zero_for_one else (ref.token1, ref.token0)
    swap = packed(int(ref.address, 16), 0, 1, amount_in, 160, 0)
    nobody = int(ref.manager, 16)
    swaps = packed(1, 32) + swap
    assets = packed(2, *(int(token, 16) for token in tokens))
    head = packed(0 if exact_in else 1, 7 * 32, 7 * 32 + len(swaps), nobody, 0, nobody, 0)
    return _QUERY + head + swaps + assets


def _paid(answer: Returned) -> int | None:
    """Return the output of a simulated swap; None where the Vault refuses it."""
    if not answer.is_success:
        return None
    try:
        _, change = words_at(answer.data, word_at(answer.data, 0))
    except ValueError:
        return None
    return -change % 2**256


def _pool(ref: PoolRef, answers: _Answers, decimals: Mapping[Address, int]) -> WeightedPool:
    """Return the pool; raises LookupError or ValueError where the answers are not those of its pair."""
    data = answers.kept.data
    tokens = [int(token, 16) for token in (ref.token0, ref.token1)]
    kept = words_at(data, word_at(data, 0))
    places = [kept.index(token) for token in tokens]
    balances = words_at(data, word_at(data, 32))
    weights = words_at(answers.weights.data, word_at(answers.weights.data, 0))
    fee = answers.fee.word()
    scale0, scale1 = (10 ** (18 - decimals[token]) for token in (ref.token0, ref.token1))
    return WeightedPool(
        ref=replace(ref, fee_pips=ceil_div(fee * ONE_HUNDRED_PERCENT_PIPS, ONE)),
        balance0=balances[places[0]],
        balance1=balances[places[1]],
        weight0=weights[places[0]],
        weight1=weights[places[1]],
        scale0=scale0,
        scale1=scale1,
        fee=fee,
        multiplies=answers.rates.is_success and bool(answers.rates.data),
    )
