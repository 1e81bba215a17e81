"""What a batch may use of gas, and what that costs in a token. What it will use, `metering` says.

Tokens with costlier transfers than a plain ERC-20's go beyond the forecast: the gas limit leaves room,
and the rehearsal shows what is really used.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from agent.domain.plan import Position
from agent.domain.policy import Policy
from agent.domain.portfolio import PriceBook
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, ceil_div
from agent.planning.gas_tables import OSAKA, TABLE_BY_FORK, GasTable, fork_at

TX_GAS_CAP = 1 << 24
"""What one transaction may use (EIP-7825)."""

HEADROOM_PPM = 1_300_000
"""Gas limit over forecast."""

WEI_PER_ETH = 10**18


def batch_gas_share(policy: Policy) -> int:
    """Return the gas that the legs of one batch may use by forecast, the batch's own included."""
    return TX_GAS_CAP * policy.batch_gas_share_ppm // ONE_HUNDRED_PERCENT_PPM


def gas_limit(gas_forecast: int) -> int:
    return min(TX_GAS_CAP, ceil_div(gas_forecast * HEADROOM_PPM, ONE_HUNDRED_PERCENT_PPM))


@dataclass(frozen=True, slots=True, kw_only=True)
class GasPrice:
    """What one gas is expected to cost, in wei, and the prices that turn wei into other tokens.

    `table` is what legs use of it under the rules that hold.
    """

    wei_per_gas: int
    native: Token
    price_by_token: PriceBook
    table: GasTable = OSAKA

    def in_token(self, gas: int, token: Token) -> int:
        """Return what `gas` costs in base units of `token`, rounded up."""
        native, other = (Fraction(self.price_by_token[t.address].usd) for t in (self.native, token))
        wei = gas * self.wei_per_gas
        return -int(-wei * native / other * 10**token.decimals // WEI_PER_ETH)


def gas_price(
    position: Position, policy: Policy, *, native: Token, price_by_token: PriceBook
) -> GasPrice:
    """Return the base fee of the plan's block and the usual tip, under the rules of its time."""
    block = position.block
    fork = fork_at(block.chain_id, block.timestamp, amsterdam_at=policy.amsterdam_at)
    return GasPrice(
        wei_per_gas=block.base_fee_per_gas + position.priority_fee_per_gas,
        native=native,
        price_by_token=price_by_token,
        table=TABLE_BY_FORK[fork],
    )
