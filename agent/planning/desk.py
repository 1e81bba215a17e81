"""What turning wants into orders needs at hand: hubs, prices, policy, pools and the price of gas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.order import SkippedOrder
from agent.domain.policy import Policy
from agent.domain.pool import PoolState
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.gas import GasPrice
from agent.planning.money import amount_of, cents, usd_of
from agent.planning.pricing import Market
from agent.planning.rebalance import Want


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`hubs` are those with a price, the wrapped native token first; `pools` as they are at the block."""

    hubs: tuple[Token, ...]
    stable_hub: Token
    market: Market
    policy: Policy
    gas_price: GasPrice
    pools: Mapping[Address, PoolState]

    def usd(self, amount: int, token: Token) -> Decimal:
        return usd_of(amount, token, self.market.price_by_token[token.address])

    def amount(self, usd: Decimal, token: Token) -> int:
        """Return base units, rounded towards zero."""
        return amount_of(usd, token, self.market.price_by_token[token.address])


def skipped_want(want: Want, reason: str) -> SkippedOrder:
    return SkippedOrder(
        coin_id=want.stand.coin_id,
        symbol=want.stand.token.symbol,
        side=want.side,
        notional_usd=cents(want.notional_usd),
        drift_ppm=want.stand.drift_ppm,
        reason=reason,
    )
