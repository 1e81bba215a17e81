"""What turning wants into orders needs at hand: hubs, prices, policy, pools and the price of gas."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.domain.order import Order, Side, SkippedOrder
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.planning.gas import GasPrice
from agent.planning.money import amount_of, cents, usd_of
from agent.planning.pool_book import PoolBook
from agent.planning.pricing import Market
from agent.planning.rebalance import Want


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`hubs` are those with a price, the wrapped native token first; `book` changes as orders trade."""

    hubs: tuple[Token, ...]
    stable_hub: Token
    market: Market
    policy: Policy
    gas_price: GasPrice
    book: PoolBook

    def usd(self, amount: int, token: Token) -> Decimal:
        return usd_of(amount, token, self.market.price_by_token[token.address])

    def amount(self, usd: Decimal, token: Token) -> int:
        """Return base units, rounded towards zero."""
        return amount_of(usd, token, self.market.price_by_token[token.address])

    def alternatives(self, want: Want) -> tuple[Order, ...]:
        """Return the want as an order against each hub that its coin has a pool with."""
        orders = (self._order(want, hub) for hub in self.hubs)
        return tuple(
            order
            for order in orders
            if order.amount_in > 0 and self.book.trades(order.token_in, order.token_out)
        )

    def _order(self, want: Want, hub: Token) -> Order:
        coin, is_sell = want.stand.token, want.side is Side.SELL
        amount_in = want.amount if is_sell else self.amount(want.notional_usd, hub)
        token_in = coin if is_sell else hub
        return Order(
            id=f"{want.side}:{want.stand.coin_id}",
            side=want.side,
            coin_id=want.stand.coin_id,
            token_in=token_in,
            token_out=hub if is_sell else coin,
            amount_in=amount_in,
            notional_usd=cents(self.usd(amount_in, token_in)),
            drift_ppm=want.stand.drift_ppm,
        )


def skipped_want(want: Want, reason: str) -> SkippedOrder:
    return SkippedOrder(
        coin_id=want.stand.coin_id,
        symbol=want.stand.token.symbol,
        side=want.side,
        notional_usd=cents(want.notional_usd),
        drift_ppm=want.stand.drift_ppm,
        reason=reason,
    )
