"""Balancing what is due: buys that cash and sells do not pay for, and cash that nothing needs.

Drifts within their bands are no reason to trade, but where money is short or idle they are where it
comes from and where it goes, largest first, and never beyond their targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from agent.domain.order import Side
from agent.domain.policy import Policy
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, ONE_HUNDRED_PERCENT_PPM
from agent.planning.money import ZERO, amount_of, usd_of
from agent.planning.pricing import Market
from agent.planning.rebalance import HubAim, Wants, buy, sell
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
    sells, aims = list(wants.sells), {aim.hub: aim for aim in wants.aims}
    for stand in _in_band(wants, standing, market, policy, side=Side.SELL):
        if short < policy.min_notional_usd:
            break
        if stand.token in aims:
            usd = min(stand.drift_usd, short)
            aims[stand.token] = _released(aims[stand.token], usd, market)
            short -= usd
        else:
            usd = min(stand.drift_usd, short / _kept(policy))
            sells.append(sell(stand, usd, market))
            short -= usd * _kept(policy)
    return replace(wants, sells=tuple(sells), aims=tuple(aims.values()))


def _released(aim: HubAim, usd: Decimal, market: Market) -> HubAim:
    price = market.price_by_token[aim.hub.address]
    return replace(aim, keep=max(0, aim.keep - amount_of(usd, aim.hub, price)))


def _spent(
    wants: Wants, standing: Standing, idle: Decimal, *, market: Market, policy: Policy
) -> Wants:
    buys, aims = list(wants.buys), {aim.hub: aim for aim in wants.aims}
    for stand in _in_band(wants, standing, market, policy, side=Side.BUY):
        if idle < policy.min_notional_usd:
            break
        usd = min(-stand.drift_usd, idle)
        if stand.token in aims:
            aims[stand.token] = replace(aims[stand.token], more_usd=usd)
        else:
            buys.append(buy(stand, usd))
        idle -= usd
    return replace(wants, buys=tuple(buys), aims=tuple(aims.values()))


def _in_band(
    wants: Wants, standing: Standing, market: Market, policy: Policy, *, side: Side
) -> Iterator[Stand]:
    """Yield the coins of the basket that are left alone on one side, largest drift first."""
    sign = 1 if side is Side.SELL else -1
    found = (
        stand
        for stand in standing.stands
        if stand.token in wants.reason_by_token
        and stand.is_target
        and stand.token.address not in market.doubt_by_token
        and sign * stand.drift_usd >= policy.min_notional_usd
        and stand.drift_usd != 0
    )
    return iter(sorted(found, key=lambda s: (-abs(s.drift_usd), s.rank, s.coin_id)))
