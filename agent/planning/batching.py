"""Legs to batches: as few as the gas of one transaction allows, each with a floor for all it touches.

A later batch spends only what is held and what the floors of earlier ones guarantee: that follows
from the sizes of the orders (`agent.planning.assembling`), and `least_balances` proves it of a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from agent.domain.order import Batch, BatchLeg, Floor
from agent.domain.policy import Policy
from agent.domain.portfolio import Portfolio
from agent.domain.token import Token
from agent.domain.units import ZERO_ADDRESS, Address, Bps, min_amount_out
from agent.planning.gas import batch_gas_share, gas_limit
from agent.planning.gas_tables import OSAKA, GasTable
from agent.planning.metering import Meter

MAX_FLOORS = 256
"""Legs name the floor of a token by one byte."""

NOTHING_KNOWN: Mapping[Address, int] = MappingProxyType({})


def batches(  # noqa: PLR0913 - what bounds a batch, and what it is told apart by
    legs: Sequence[BatchLeg],
    *,
    policy: Policy,
    first_sequence: int,
    table: GasTable = OSAKA,
    held: Mapping[Address, int] = NOTHING_KNOWN,
    native_symbol: str = "ETH",
) -> tuple[Batch, ...]:
    """Return legs, in their order, in batches that stay below the policy's share of a transaction.

    `held` is what there is of tokens before the first, in base units, as far as it is known.
    """
    return tuple(
        Batch(
            index=index,
            sequence=first_sequence + index,
            legs=chunk,
            floors=floors(chunk, policy.max_slippage_bps, native_symbol),
            gas_forecast=gas,
            gas_limit=gas_limit(gas),
        )
        for index, (chunk, gas) in enumerate(_chunks(legs, batch_gas_share(policy), table, held))
    )


def _chunks(
    legs: Sequence[BatchLeg], gas_share: int, table: GasTable, held: Mapping[Address, int]
) -> Iterator[tuple[tuple[BatchLeg, ...], int]]:
    """Yield the legs of each batch, with the gas that they will use."""
    chunk: list[BatchLeg] = []
    meter = Meter(table, held)
    for leg in legs:
        longer = meter.copy()
        longer.add(leg)
        if chunk and (longer.gas > gas_share or longer.floors > MAX_FLOORS):
            yield tuple(chunk), meter.gas
            chunk, longer = [], Meter(table, meter.held)
            longer.add(leg)
        chunk.append(leg)
        meter = longer
    if chunk:
        yield tuple(chunk), meter.gas


def floors(
    legs: Sequence[BatchLeg], max_slippage_bps: Bps, native_symbol: str
) -> tuple[Floor, ...]:
    """Return the least change of every token that the legs touch, native ETH first.

    What is sold counts in full, what is bought with the policy's slippage, rounded against us; a
    token that is both counts with both.
    """
    native = Floor(token=ZERO_ADDRESS, symbol=native_symbol, min_delta=0)
    return native, *(
        Floor(
            token=token.address,
            symbol=token.symbol,
            min_delta=_min_delta(token, legs, max_slippage_bps),
        )
        for token in _tokens(legs)
    )


def _tokens(legs: Sequence[BatchLeg]) -> tuple[Token, ...]:
    return tuple(sorted({token for leg in legs for token in (leg.token_in, leg.token_out)}))


def _min_delta(token: Token, legs: Sequence[BatchLeg], max_slippage_bps: Bps) -> int:
    bought = sum(leg.amount_out for leg in legs if leg.token_out == token)
    sold = sum(leg.amount_in for leg in legs if leg.token_in == token)
    return min_amount_out(bought, max_slippage_bps) - sold


def least_balances(planned: Sequence[Batch], portfolio: Portfolio) -> Mapping[Address, int]:
    """Return the lowest balance that any batch may leave each token with, if all keep their floors.

    Negative would mean that a batch spends what nothing guarantees.
    """
    least: dict[Address, int] = {}
    balance: dict[Address, int] = {}
    for batch in planned:
        for floor in batch.floors:
            before = balance.get(floor.token, portfolio.amount(floor.token))
            balance[floor.token] = before + floor.min_delta
            least[floor.token] = min(least.get(floor.token, before), balance[floor.token])
    return least
