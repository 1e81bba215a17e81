"""What a batch will use of gas, and what that costs in a token.

The constants are measured on Anvil (Osaka rules) with the vault and Uniswap's published bytecode over
plain ERC-20s with non-zero balances (`bench/gas_per_leg.py`), rounded up. Tokens with costlier
transfers go beyond them: the gas limit leaves room, and the rehearsal shows what is really used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from agent.domain.plan import Position
from agent.domain.policy import Policy
from agent.domain.pool import PoolKind
from agent.domain.portfolio import PriceBook
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, ceil_div

TX_GAS_CAP = 1 << 24
"""What one transaction may use (EIP-7825)."""

BATCH_GAS = 60_000
"""A batch beside its legs: the transaction, sequence, event, and the floors of ETH and the hubs."""

LEG_GAS: Mapping[PoolKind, int] = MappingProxyType(
    {
        PoolKind.V2: 55_000,
        PoolKind.V3: 72_000,
        PoolKind.V4: 60_000,
        PoolKind.WEIGHTED: 95_000,
        PoolKind.STABLE: 140_000,
    }
)
"""A leg with its share of calldata and the floor of its coin; for v4, of the settling as well.

Weighted and stable pools are reached with an approval. A stable pool's is an estimate: its code is in
no package that could be run.
"""

TICK_GAS = 24_000
"""Crossing one initialised tick of a v3 or v4 pool."""

HEADROOM_PPM = 1_300_000
"""Gas limit over forecast."""

WEI_PER_ETH = 10**18


def leg_gas(kind: PoolKind, ticks_crossed: int) -> int:
    return LEG_GAS[kind] + ticks_crossed * TICK_GAS


def batch_gas_share(policy: Policy) -> int:
    """Return the gas that the legs of one batch may use by forecast, the batch's own included."""
    return TX_GAS_CAP * policy.batch_gas_share_ppm // ONE_HUNDRED_PERCENT_PPM


def gas_limit(gas_forecast: int) -> int:
    return min(TX_GAS_CAP, ceil_div(gas_forecast * HEADROOM_PPM, ONE_HUNDRED_PERCENT_PPM))


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPrice:
    """What one gas is expected to cost, in wei, and the prices that turn wei into other tokens."""

    wei_per_gas: int
    native: Token
    price_by_token: PriceBook

    def in_token(self, gas: int, token: Token) -> int:
        """Return what `gas` costs in base units of `token`, rounded up."""
        native, other = (Fraction(self.price_by_token[t.address].usd) for t in (self.native, token))
        wei = gas * self.wei_per_gas
        return -int(-wei * native / other * 10**token.decimals // WEI_PER_ETH)


def gas_price(position: Position, *, native: Token, price_by_token: PriceBook) -> GasPrice:
    """Return the base fee of the plan's block and the usual tip."""
    return GasPrice(
        wei_per_gas=position.block.base_fee_per_gas + position.priority_fee_per_gas,
        native=native,
        price_by_token=price_by_token,
    )
