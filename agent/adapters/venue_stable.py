"""Curve's plain stable pools as a venue: read at one block, kept where they quote as we do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.adapters.abi import Read, Returned, read
from agent.adapters.asked import asked, useful
from agent.adapters.rpc import Rpc
from agent.domain.block import Block
from agent.domain.pool import PoolKind, PoolRef, StablePool
from agent.domain.quote import QuoteRequest
from agent.domain.units import ONE_HUNDRED_PERCENT_PIPS, Address, ceil_div

FEE_DENOMINATOR = 10**10
LISTS = ("coins", "balances")
NUMBERS = ("A_precise", "A", "fee", "admin_fee", "future_A_time")
MOST_COINS = 8
NEW_PRECISION = 100
"""Of the amplification, in all pools but the first; these have no `A_precise`."""

EQUAL_DIGITS = 36
"""A rate is 10 to this less the decimals of its coin."""

SAMPLE_TOKENS = 1_000
QUOTE_SLACK_UNITS = 1
"""Quotes of the first pools take the fee after rounding to the coin's units, swaps before."""

Unread = Callable[[PoolRef, str], None]
"""Told of a pool that is left out, and why."""

Quoted = Callable[[StablePool, int], int | None]
"""(pool, input of token0) -> what our integers say it pays; None where they refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a pool says of itself."""

    ref: PoolRef
    coins: tuple[Address, ...]
    balances: tuple[int, ...]
    amplification: int
    a_precision: int
    fee: int
    admin_fee: int


class StableVenue:
    """Stable pools behind one node.

    A pool is kept where its own quote for a thousand of token0 is what `quoted` says. So pools of
    other formulas, which answer to the same names, are left out: those with rates, lending, a base
    pool or fees that change with the balances. So are pools whose amplification is on its way.
    """

    name = "stable pools"

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
    ) -> tuple[StablePool, ...]:
        """Return the states of the stable pools that a request could use, in two round trips.

        The second asks for quotes, once the coins' places are known.

        Raises:
            NodeUnfitError, RpcUnavailableError.
        """
        decimals = {t.address: t.decimals for r in requests for t in (r.token_in, r.token_out)}
        wanted = useful(pools, requests, kind=PoolKind.STABLE)
        answers = asked(self._rpc, [one for pool in wanted for one in _reads(pool)], block=block)
        each = len(answers) // max(len(wanted), 1)
        found = [
            facts
            for number, pool in enumerate(wanted)
            if (facts := self._facts(pool, answers[number * each :][:each], block))
        ]
        told = iter(
            asked(self._rpc, [r for one in found for r in _checks(one, decimals)], block=block)
        )
        states = (
            self._state(one, [next(told) for _ in one.coins], next(told), decimals) for one in found
        )
        return tuple(state for state in states if state is not None)

    def _facts(self, ref: PoolRef, answers: Sequence[Returned], block: Block) -> _Facts | None:
        *listed, precise, plain, fee, admin_fee, until = answers
        coins = tuple(one.address() for one in listed[:MOST_COINS] if one.words())
        balances = tuple(one.word() for one in listed[MOST_COINS:] if one.words())
        if not all(one.words() for one in (plain, fee, admin_fee)) or len(coins) != len(balances):
            self._unread(ref, "it does not answer as a plain stable pool")
            return None
        if not {ref.token0, ref.token1} <= set(coins):
            self._unread(ref, f"its coins are {', '.join(coins)}, not those of the allowlist")
            return None
        if until.words() and until.word() > block.timestamp:
            self._unread(ref, f"its amplification changes until {until.word()}")
            return None
        return _Facts(
            ref=ref,
            coins=coins,
            balances=balances,
            amplification=(precise if precise.words() else plain).word(),
            a_precision=NEW_PRECISION if precise.words() else 1,
            fee=fee.word(),
            admin_fee=admin_fee.word(),
        )

    def _state(
        self,
        facts: _Facts,
        digits: Sequence[Returned],
        quote: Returned,
        decimals: Mapping[Address, int],
    ) -> StablePool | None:
        found = [one.word() if one.words() else EQUAL_DIGITS + 1 for one in digits]
        if max(found) > EQUAL_DIGITS:
            self._unread(facts.ref, "a coin of it does not say its decimals")
            return None
        pool = _pool(facts, found)
        ours = self._quoted(pool, _sample(facts.ref, decimals))
        told = quote.word() if quote.words() else None
        if ours is None or told is None or abs(told - ours) > QUOTE_SLACK_UNITS:
            self._unread(facts.ref, f"it quotes {told} for a swap, its formula says {ours}")
            return None
        return pool


def _pool(facts: _Facts, decimals: Sequence[int]) -> StablePool:
    fee_pips = ceil_div(facts.fee * ONE_HUNDRED_PERCENT_PIPS, FEE_DENOMINATOR)
    return StablePool(
        ref=replace(facts.ref, fee_pips=fee_pips),
        balances=facts.balances,
        rates=tuple(10 ** (EQUAL_DIGITS - digits) for digits in decimals),
        coin0=facts.coins.index(facts.ref.token0),
        coin1=facts.coins.index(facts.ref.token1),
        amplification=facts.amplification,
        a_precision=facts.a_precision,
        fee=facts.fee,
        admin_fee=facts.admin_fee,
    )


def _reads(ref: PoolRef) -> list[Read]:
    each = [read(ref.address, f"{name}(uint256)", n) for name in LISTS for n in range(MOST_COINS)]
    return each + [read(ref.address, f"{name}()") for name in NUMBERS]


def _checks(facts: _Facts, decimals: Mapping[Address, int]) -> list[Read]:
    places = [facts.coins.index(token) for token in (facts.ref.token0, facts.ref.token1)]
    quote = read(
        facts.ref.address,
        "get_dy(int128,int128,uint256)",
        *places,
        _sample(facts.ref, decimals),
    )
    return [*(read(coin, "decimals()") for coin in facts.coins), quote]


def _sample(ref: PoolRef, decimals: Mapping[Address, int]) -> int:
    return SAMPLE_TOKENS * int(10 ** decimals[ref.token0])
