"""Shares to orders and legs, in the integers of the pools; what contradicts the wants is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.domain.order import Leg, Order, Side
from agent.domain.pool import PoolKind, PoolState, swap_fee_pips
from agent.domain.swap import SwapResult, Unfillable
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address, Ppm
from agent.errors import LogVerificationError
from agent.planning.desk import Desk
from agent.planning.metering import swap_gas
from agent.planning.money import cents
from agent.planning.rebalance import Want, Wants
from agent.planning.splits import (
    Share,
    Splits,
    another_coin,
    conversion_id,
    name,
    name_of,
    order_id,
)
from agent.planning.swapping import mid_amount_out, swap_exact_in

NO_SIDE = "no want sells or buys through it"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Wants by token, and what else names and ranks the orders that serve them."""

    wants: Wants
    desk: Desk

    @cached_property
    def sell_by_token(self) -> Mapping[Address, Want]:
        return {want.stand.token.address: want for want in self.wants.sells}

    @cached_property
    def buy_by_token(self) -> Mapping[Address, Want]:
        return {want.stand.token.address: want for want in self.wants.buys}

    @cached_property
    def token_by_address(self) -> Mapping[Address, Token]:
        coins = (want.stand.token for want in (*self.wants.sells, *self.wants.buys))
        return {token.address: token for token in (*self.desk.hubs, *coins)}

    @cached_property
    def rank_by_token(self) -> Mapping[Token, int]:
        return {token: rank for rank, token in enumerate(self.token_by_address.values())}

    def side(self, token_in: Address, token_out: Address) -> Side | None:
        """Return which orders a swap serves; None where it serves none."""
        hubs = {hub.address for hub in self.desk.hubs}
        if token_in in self.sell_by_token and token_out in hubs | self.buy_by_token.keys():
            return Side.SELL
        if token_in not in hubs:
            return None
        if token_out in self.buy_by_token:
            return Side.BUY
        return Side.CONVERT if token_out in hubs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One pool's part of an order: the swap, and the leg that makes it."""

    pool: PoolState
    zero_for_one: bool
    swap: SwapResult
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """Orders in the order of their execution, each with its fills."""

    orders: tuple[Order, ...]
    fills_by_order: Mapping[str, tuple[Fill, ...]]

    @property
    def legs(self) -> tuple[Leg, ...]:
        return tuple(f.leg for order in self.orders for f in self.fills_by_order[order.id])


def assembled(splits: Splits, wants: Wants, desk: Desk) -> Assembled:
    """Return the orders that the shares make up, and their legs.

    Sells come first, then conversions as the shares have them, then buys. Legs through v4 pools stand
    where those of two sides meet, since in a row they settle together; no pool is used twice, so each
    brings the same wherever it stands.

    Raises:
        LogVerificationError: the shares are not those of these wants.
    """
    asked = Asked(wants=wants, desk=desk)
    shares_by_pair: dict[tuple[Address, Address], list[Share]] = {}
    for share in splits.shares:
        shares_by_pair.setdefault(_pair(share, desk), []).append(share)
    _check_pools(splits.shares)
    found = [_order(pair, shares, asked) for pair, shares in shares_by_pair.items()]
    orders = tuple(sorted(found, key=lambda order: _rank(order, asked)))
    fills = {order.id: _fills(order, shares_by_pair, desk) for order in orders}
    made = Assembled(orders=orders, fills_by_order=fills)
    _check_wants(orders, splits, wants)
    _check_covered(made.legs, wants, desk)
    return made


def _refused(where: str, reason: str) -> LogVerificationError:
    return LogVerificationError(where=f"split of {where}", reason=reason)


def _pair(share: Share, desk: Desk) -> tuple[Address, Address]:
    pool = desk.pools.get(share.pool)
    if pool is not None and share.amount_in > 0:
        token0, token1 = pool.ref.token0, pool.ref.token1
        if share.token_in in {token0, token1}:
            return share.token_in, token1 if share.token_in == token0 else token0
    reason = f"{share.amount_in} of {share.token_in} cannot be swapped there"
    raise _refused(f"pool {share.pool}", reason)


def _check_pools(shares: Sequence[Share]) -> None:
    pools = [share.pool for share in shares]
    for pool in pools:
        if pools.count(pool) > 1:
            raise _refused(f"pool {pool}", "it is used twice")


def _order(pair: tuple[Address, Address], shares: Sequence[Share], asked: Asked) -> Order:
    side = asked.side(*pair)
    if side is None:
        raise _refused(f"pool {shares[0].pool}", NO_SIDE)
    token_in, token_out = (asked.token_by_address[token] for token in pair)
    amount_in = sum(share.amount_in for share in shares)
    order_id, coin_id, drift_ppm = _identity(side, token_in, token_out, asked)
    return Order(
        id=order_id,
        side=side,
        coin_id=coin_id,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount_in,
        notional_usd=cents(asked.desk.usd(amount_in, token_in)),
        drift_ppm=drift_ppm,
    )


def _identity(side: Side, token_in: Token, token_out: Token, asked: Asked) -> tuple[str, str, Ppm]:
    """Return an order's id, coin and drift."""
    if side is Side.CONVERT:
        native = asked.wants.aims[0].stand
        return (
            conversion_id(token_in.symbol, token_out.symbol),
            f"{token_in.symbol}-{token_out.symbol}",
            native.drift_ppm if native else Ppm(0),
        )
    coin, other = (token_in, token_out) if side is Side.SELL else (token_out, token_in)
    by_token = asked.sell_by_token if side is Side.SELL else asked.buy_by_token
    stand = by_token[coin.address].stand
    return order_id(side, stand.coin_id, _against(other, asked)), stand.coin_id, stand.drift_ppm


def _against(token: Token, asked: Asked) -> str:
    """Return what a coin trades against: a hub's symbol, or another coin as `coins_of` looks for it."""
    bought = asked.buy_by_token.get(token.address)
    return token.symbol if bought is None else another_coin(bought.stand.coin_id)


def _rank(order: Order, asked: Asked) -> tuple[int, int, int]:
    """Return where an order stands; conversions stay as they come, since they pay for each other."""
    rank = asked.rank_by_token
    if order.side is Side.SELL:
        return 0, rank[order.token_in], rank[order.token_out]
    if order.side is Side.CONVERT:
        return 1, 0, 0
    return 2, rank[order.token_out], rank[order.token_in]


def _fills(
    order: Order,
    shares_by_pair: Mapping[tuple[Address, Address], Sequence[Share]],
    desk: Desk,
) -> tuple[Fill, ...]:
    """Return an order's fills by pool."""
    shares = shares_by_pair[order.token_in.address, order.token_out.address]
    found = [_fill(order, share, desk) for share in shares]
    return tuple(sorted(found, key=lambda fill: fill.leg.pool))


def arranged(legs: Sequence[Leg]) -> Iterator[Leg]:
    """Yield legs with the v4 ones of the sells last and those of the buys first."""
    sides = {side: [leg for leg in legs if leg.order_id.startswith(f"{side}:")] for side in Side}
    yield from sorted(sides[Side.SELL], key=lambda leg: leg.kind is PoolKind.V4)
    yield from sides[Side.CONVERT]
    yield from sorted(sides[Side.BUY], key=lambda leg: leg.kind is not PoolKind.V4)


def _fill(order: Order, share: Share, desk: Desk) -> Fill:
    pool = desk.pools[share.pool]
    forward = share.token_in == pool.ref.token0
    swap = swap_exact_in(pool, zero_for_one=forward, amount_in=share.amount_in)
    if isinstance(swap, Unfillable):
        raise _refused(f"order {order.id}", f"a pool refuses it: {swap.shortfall}")
    leg = Leg(
        order_id=order.id,
        pool=share.pool,
        kind=pool.ref.kind,
        page=pool.ref.page,
        record=pool.ref.record,
        zero_for_one=forward,
        token_in=order.token_in,
        token_out=order.token_out,
        amount_in=share.amount_in,
        amount_out=swap.amount_out,
        mid_amount_out=mid_amount_out(pool, zero_for_one=forward, amount_in=share.amount_in),
        fee_pips=swap_fee_pips(pool, zero_for_one=forward),
        gas=swap_gas(desk.gas_price.table, pool, swap),
    )
    return Fill(pool=pool, zero_for_one=forward, swap=swap, leg=leg)


def _check_wants(orders: Sequence[Order], splits: Splits, wants: Wants) -> None:
    """Refuse shares that do not sell all that is sold, or leave out a coin without a reason."""
    sold: dict[str, int] = {}
    for order in orders:
        sold[name_of(order)] = sold.get(name_of(order), 0) + order.amount_in
    for want in wants.sells:
        called = name(want.side, want.stand.coin_id)
        if sold.get(called, 0) != (0 if called in splits.reason_by_name else want.amount):
            reason = f"it sells {sold.get(called, 0)}, recomputed the order sells {want.amount}"
            raise _refused(f"order {called}", reason)
    bought = {order.token_out for order in orders}
    for want in wants.buys:
        called = name(want.side, want.stand.coin_id)
        if (want.stand.token in bought) == (called in splits.reason_by_name):
            raise _refused(f"order {called}", "it is not either bought or left out with a reason")


def _check_covered(legs: Sequence[Leg], wants: Wants, desk: Desk) -> None:
    """Refuse legs that spend what neither is held nor follows from the floors before."""
    sure = {aim.hub: aim.amount - aim.keep for aim in wants.aims}
    kept_bps = ONE_HUNDRED_PERCENT_BPS - desk.policy.max_slippage_bps
    for leg in legs:
        if leg.token_in in sure:
            sure[leg.token_in] -= leg.amount_in
            if sure[leg.token_in] < 0:
                raise _refused(
                    f"order {leg.order_id}", "it spends what nothing before it guarantees"
                )
        if leg.token_out in sure:
            sure[leg.token_out] += leg.amount_out * kept_bps // ONE_HUNDRED_PERCENT_BPS
