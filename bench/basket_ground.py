"""A fork of the twin with a vault that may use all its pools, on which legs are executed and valued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from eth_utils.address import to_checksum_address
from pydantic import SecretStr

from agent.adapters.chain import RpcChain
from agent.adapters.rpc import Rpc
from agent.adapters.venue_pools import PoolVenue
from agent.domain.intent import LogEntry
from agent.domain.order import Batch, Leg, Side
from agent.domain.pool import PoolRef, PoolState, swap_fee_pips
from agent.domain.quote import QuoteRequest
from agent.domain.swap import SwapResult
from agent.domain.token import Token
from agent.domain.units import Address, Bps, Ppm
from agent.execution.calls import encode
from agent.execution.events import swaps
from agent.planning.batching import batches
from agent.planning.gas_tables import OSAKA
from agent.planning.optimum.problem import BasketLeg
from agent.planning.pricing import virtual_reserve
from agent.planning.swapping import mid_price, swap_exact_in
from anvil.addresses import USDC, USDT, WETH
from anvil.calls import transact
from anvil.discovery import found_pools
from anvil.fund import balance, fund
from anvil.node import Node
from anvil.stage import OWNER, allow_pools, deploy_vault
from anvil.twin import forked_twin, manifest
from tests.worlds import POLICY

ETH_USD = Decimal(3200)
WEI_PER_GAS = 10**9
HUBS = (WETH, USDC, USDT)
KEPT = Decimal("0.98")
FAR_AHEAD_S = 10**6
BATCH_POLICY = replace(POLICY, max_slippage_bps=Bps(0), batch_gas_share_ppm=Ppm(700_000))
"""No slippage at all: every batch must bring what was planned, to the base unit, or revert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Pools at the fork's block by address, and the fair price of a base unit of every token.

    `room_usd` is what the coins' pools take of each at a loss of 2 %, in dollars.
    """

    node: Node
    vault: Address
    states: Mapping[Address, PoolState]
    tokens: Mapping[Address, Token]
    usd: Mapping[Address, Decimal]
    room_usd: Mapping[Address, Decimal]

    @property
    def coins(self) -> tuple[Address, ...]:
        """The tokens that are no hubs, those with most room first."""
        return tuple(sorted(self.room_usd, key=lambda coin: (-self.room_usd[coin], coin)))

    def legs(self, wanted: Sequence[BasketLeg]) -> tuple[Leg, ...]:
        """Return the swaps one after the other, each on what those before have left of the pools."""
        states, found = dict(self.states), []
        for number, one in enumerate(wanted):
            pool = states[one.pool.ref.address]
            swap = swap_exact_in(pool, zero_for_one=one.zero_for_one, amount_in=one.amount_in)
            assert isinstance(swap, SwapResult), "a leg that was planned is taken"  # noqa: S101
            states[pool.ref.address] = swap.pool_after
            found.append(self._leg(f"{Side.SELL}:{number}", pool, one, swap))
        return tuple(found)

    def _leg(self, order_id: str, pool: PoolState, one: BasketLeg, swap: SwapResult) -> Leg:
        return Leg(
            order_id=order_id,
            pool=pool.ref.address,
            kind=pool.ref.kind,
            page=pool.ref.page,
            record=pool.ref.record,
            zero_for_one=one.zero_for_one,
            token_in=self.tokens[one.token_in],
            token_out=self.tokens[one.token_out],
            amount_in=one.amount_in,
            amount_out=swap.amount_out,
            mid_amount_out=0,
            fee_pips=swap_fee_pips(pool, zero_for_one=one.zero_for_one),
            gas=OSAKA.leg(pool.ref.kind, swap.ticks_crossed),
        )

    def executed(self, legs: Sequence[Leg], held: Mapping[Address, int]) -> Executed:
        """Run the legs from these holdings on the fork, and take the fork back afterwards."""
        with self.node.undone():
            for token, amount in held.items():
                fund(self.node.rpc, token, self.vault, amount)
            before = self._worth_usd(legs)
            gas, differences = 0, 0
            for batch in batches(legs, policy=BATCH_POLICY, first_sequence=1):
                receipt = transact(self.node, OWNER, self.vault, "0x" + self._calldata(batch).hex())
                gas += int(receipt["gasUsed"], 16)
                differences += self._differences(batch, receipt["logs"])
            lost = before - self._worth_usd(legs)
        return Executed(
            lost_usd=lost,
            gas_usd=Decimal(gas * WEI_PER_GAS).scaleb(-18) * ETH_USD,
            legs=len(legs),
            differences=differences,
        )

    def _calldata(self, batch: Batch) -> bytes:
        deadline = int(self.node.head()["timestamp"], 16) + FAR_AHEAD_S
        return encode(batch, deadline=deadline, plan_id="00" * 32, intent_hash="00" * 32)

    def _differences(self, batch: Batch, logs: Sequence[Mapping[str, object]]) -> int:
        """Return how many legs paid anything else than planned, by the pools' own events."""
        entries = [
            LogEntry(
                address=Address(to_checksum_address(str(log["address"]))),
                topics=tuple(map(str, log["topics"])),  # type: ignore[call-overload] # a list
                data=str(log["data"]),
                index=int(str(log["logIndex"]), 16),
            )
            for log in logs
        ]
        pools = frozenset(leg.pool for leg in batch.legs)
        paid = [swap.amount_out for swap in swaps(entries, pools, by=self.vault)]
        assert len(paid) == len(batch.legs), "each leg has its event"  # noqa: S101
        return sum(leg.amount_out != out for leg, out in zip(batch.legs, paid, strict=True))

    def _worth_usd(self, legs: Sequence[Leg]) -> Decimal:
        tokens = {token for leg in legs for token in (leg.token_in.address, leg.token_out.address)}
        return sum(
            (balance(self.node.rpc, token, self.vault) * self.usd[token] for token in tokens),
            start=Decimal(0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What was lost against fair prices, and paid for gas; `differences` are legs not to the wei."""

    lost_usd: Decimal
    gas_usd: Decimal
    legs: int
    differences: int

    @property
    def cost_usd(self) -> Decimal:
        return self.lost_usd + self.gas_usd


@contextmanager
def ground() -> Iterator[Ground]:
    """Provide the fork, its pools between plain tokens and hubs, and their prices."""
    with forked_twin() as node, Rpc(SecretStr(node.url)) as rpc:
        listed = [t for t in manifest()["tokens"] if t["contract"] == "Token"]
        listed += [t for t in manifest()["tokens"] if t["address"] in HUBS]
        tokens = {Address(t["address"]): _token(t) for t in listed}
        vault = Address(deploy_vault(node, agent=OWNER))
        allow_pools(node, vault, found_pools(node.rpc, tokens=sorted(tokens), hubs=HUBS))
        chain = RpcChain(rpc, chain_id=1, contract=vault)
        head = chain.fetch_head()
        refs = chain.fetch_position(block=head, tokens=(), feeds=()).pools
        venue = PoolVenue(rpc, unread=_unread)
        found = venue.fetch_liquidity(requests=_requests(tokens, refs), pools=refs, block=head)
        states = {state.ref.address: state for state in found}
        usd = _priced(found)
        yield Ground(
            node=node,
            vault=vault,
            states=states,
            tokens=tokens,
            usd=usd,
            room_usd=_rooms(found, usd),
        )


def _token(found: Mapping[str, object]) -> Token:
    return Token(
        chain_id=1,
        address=Address(str(found["address"])),
        symbol=str(found["symbol"]),
        decimals=int(str(found["decimals"])),
    )


def _requests(tokens: Mapping[Address, Token], refs: Sequence[PoolRef]) -> list[QuoteRequest]:
    pairs = {(ref.token0, ref.token1) for ref in refs}
    return [
        QuoteRequest(
            order_id=f"{one}:{other}",
            token_in=tokens[one],
            token_out=tokens[other],
            amounts_in=(1,),
        )
        for one, other in sorted(pairs)
    ]


def _unread(ref: PoolRef, reason: str) -> None:
    print(f"  left out: {ref.address}: {reason}")


def _priced(states: Sequence[PoolState]) -> dict[Address, Decimal]:
    """Return each token's price per base unit off its deepest pool, that of WETH given."""
    usd = {Address(WETH): ETH_USD.scaleb(-18)}
    depth: dict[Address, Decimal] = {}
    for hub in map(Address, HUBS):
        for pool, coin in _against(states, hub):
            price = mid_price(pool, zero_for_one=pool.ref.token0 == coin)
            worth = virtual_reserve(pool, is_token0=pool.ref.token0 == hub) * usd[hub]
            if price and worth > depth.get(coin, 0) and coin != WETH:
                depth[coin] = worth
                usd[coin] = Decimal(price.numerator) / price.denominator * usd[hub]
    return usd


def _against(states: Sequence[PoolState], hub: Address) -> Iterator[tuple[PoolState, Address]]:
    for pool in states:
        ends = {pool.ref.token0, pool.ref.token1}
        if hub in ends:
            yield pool, next(iter(ends - {hub}))


def _rooms(states: Sequence[PoolState], usd: Mapping[Address, Decimal]) -> dict[Address, Decimal]:
    found: dict[Address, Decimal] = {}
    for hub in map(Address, HUBS):
        for pool, coin in _against(states, hub):
            if coin not in HUBS:
                found[coin] = found.get(coin, Decimal(0)) + _room(pool, coin, hub, usd)
    return {coin: room for coin, room in found.items() if room > 0}


def _room(pool: PoolState, coin: Address, hub: Address, usd: Mapping[Address, Decimal]) -> Decimal:
    """Return the largest power of two of dollars that the pool takes at the loss allowed; 0 if none."""
    for power in range(24, 7, -1):
        amount_in = int(Decimal(2**power) / usd[coin])
        swap = swap_exact_in(pool, zero_for_one=pool.ref.token0 == coin, amount_in=amount_in)
        if isinstance(swap, SwapResult) and swap.amount_out * usd[hub] > 2**power * KEPT:
            return Decimal(2**power)
    return Decimal(0)
