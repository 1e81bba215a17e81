"""Balancing what is due: buys that cash and sells do not pay for, and cash that nothing needs.

Drifts within their bands are no reason to trade, but where money is short or idle they are where it
comes from and where it goes, largest first, and never beyond their targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from agent.domain.order import Side
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ONE_HUNDRED_PERCENT_PPM
from agent.planning.money import ZERO, amount_of, usd_of
from agent.planning.pricing import Market
from agent.planning.rebalance import HubAim, Want, Wants, buy, sell
from agent.planning.standing import Stand, Standing, idle_band_ppm


def balanced(wants: Wants, standing: Standing, *, market: Market, policy: Policy) -> Wants:
    """Return the wants with sells added that pay for the buys, or buys that spend idle cash.

    Idle is what the sells should bring and nothing needs, beyond a band; spent is what they surely do.
    """
    sold = sum((s.notional_usd for s in wants.sells), start=ZERO)
    needed = _needed(wants) - cash_usd(wants, market)
    sure = sold * _kept(policy) - needed
    idle_band = standing.total_usd * idle_band_ppm(policy) / ONE_HUNDRED_PERCENT_PPM
    if sure < 0:
        return _raised(wants, standing, -sure, market=market, policy=policy)
    if sold - needed > idle_band:
        return _spent(wants, standing, sure, market=market, policy=policy)
    return wants


def cash_usd(wants: Wants, market: Market) -> Decimal:
    """Return what the hubs hold beyond what they keep."""
    spare = (
        usd_of(aim.amount - aim.keep, aim.hub, market.price_by_token[aim.hub.address])
        for aim in wants.aims
    )
    return sum(spare, start=ZERO)


def _kept(policy: Policy) -> Decimal:
    """Return the least share of their notional that sells may bring."""
    return Decimal(ONE_HUNDRED_PERCENT_BPS - policy.max_slippage_bps) / ONE_HUNDRED_PERCENT_BPS


def _needed(wants: Wants) -> Decimal:
    bought = sum((b.notional_usd for b in wants.buys), start=ZERO)
    return bought + sum((aim.more_usd for aim in wants.aims), start=ZERO)


def _raised(
    wants: Wants, standing: Standing, short: Decimal, *, market: Market, policy: Policy
) -> Wants:
    sells = {want.stand.token: want for want in wants.sells}
    aims = {aim.hub: aim for aim in wants.aims}
    for stand, room in _spare(wants, standing, market, policy, side=Side.SELL):
        if short < policy.min_notional_usd:
            break
        if stand.token in aims:
            usd = min(room, short)
            aims[stand.token] = _released(aims[stand.token], usd, market)
            short -= usd
        else:
            usd = min(room, short / _kept(policy))
            sells[stand.token] = sell(stand, usd + _asked(sells, stand), market)
            short -= usd * _kept(policy)
    return replace(wants, sells=tuple(sells.values()), aims=tuple(aims.values()))


def _released(aim: HubAim, usd: Decimal, market: Market) -> HubAim:
    price = market.price_by_token[aim.hub.address]
    return replace(aim, keep=max(0, aim.keep - amount_of(usd, aim.hub, price)))


def _spent(
    wants: Wants, standing: Standing, idle: Decimal, *, market: Market, policy: Policy
) -> Wants:
    buys = {want.stand.token: want for want in wants.buys}
    aims = {aim.hub: aim for aim in wants.aims}
    for stand, room in _spare(wants, standing, market, policy, side=Side.BUY):
        if idle < policy.min_notional_usd:
            break
        usd = min(room, idle)
        if stand.token in aims:
            aim = aims[stand.token]
            aims[stand.token] = replace(aim, more_usd=aim.more_usd + usd)
        else:
            buys[stand.token] = buy(stand, usd + _asked(buys, stand))
        idle -= usd
    return replace(wants, buys=tuple(buys.values()), aims=tuple(aims.values()))


def _asked(wants: Mapping[Token, Want], stand: Stand) -> Decimal:
    return wants[stand.token].notional_usd if stand.token in wants else ZERO


def _spare(
    wants: Wants, standing: Standing, market: Market, policy: Policy, *, side: Side
) -> Iterator[tuple[Stand, Decimal]]:
    """Yield the coins of the basket with a drift to one side, largest first, and what is not due of it.

    That is all of a drift that is left alone, and of one that is due what lies within its band; what a
    strong runner is not trimmed by stays in it.
    """
    found = []
    for stand in standing.stands:
        if not stand.is_target or stand.token.address in market.doubt_by_token:
            continue
        if stand.is_runner:
            continue
        is_left_alone = stand.token in wants.reason_by_token
        room = abs(stand.drift_usd) if is_left_alone else stand.keep_usd
        least = policy.min_notional_usd if is_left_alone else ZERO
        if stand.is_sell is (side is Side.SELL) and room >= least and room > 0:
            found.append((stand, room))
    return iter(sorted(found, key=lambda it: (-abs(it[0].drift_usd), it[0].rank, it[0].coin_id)))
