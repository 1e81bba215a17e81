"""Orders between hubs: what one lacks from what others have to spare, and excess to the stable hub."""

from __future__ import annotations

from collections.abc import Mapping

from agent.domain.order import Order, Side
from agent.domain.token import Token
from agent.domain.units import Ppm
from agent.planning.desk import Desk
from agent.planning.money import cents
from agent.planning.purse import Purse
from agent.planning.rebalance import HubAim


def conversions(
    aims: tuple[HubAim, ...],
    need_by_hub: Mapping[Token, int],
    purse: Purse,
    desk: Desk,
    *,
    drift_ppm: Ppm,
) -> tuple[Order, ...]:
    """Return the orders that cover `need_by_hub` (base units) as far as there is something to spare.

    They are sized at the feeds' prices: what fee and impact take, the buys that follow go without.
    `drift_ppm` is that of the wrapped native token.
    """
    spare = {aim.hub: purse.sure(aim.hub) - need_by_hub[aim.hub] for aim in aims}
    amounts: dict[tuple[Token, Token], int] = {}
    sources = sorted(spare, key=lambda hub: (hub != desk.stable_hub, desk.hubs.index(hub)))
    for wanting in desk.hubs:
        for source in sources:
            amount = _payment(spare, source, wanting, desk)
            if amount:
                amounts[source, wanting] = amount
                spare[source] -= amount
                spare[wanting] += desk.amount(desk.usd(amount, source), wanting)
    for aim in aims:
        pair, amount = (aim.hub, desk.stable_hub), spare[aim.hub]
        if _is_excess(aim, amount, purse, desk):
            amounts[pair] = amounts.get(pair, 0) + amount
    return tuple(
        _order(source, wanting, amount, desk, drift_ppm)
        for (source, wanting), amount in amounts.items()
    )


def _payment(spare: Mapping[Token, int], source: Token, wanting: Token, desk: Desk) -> int:
    """Return what `source` can give for what `wanting` lacks; 0 where that is not worth an order."""
    if spare[source] <= 0 or spare[wanting] >= 0 or not desk.book.trades(source, wanting):
        return 0
    lacking_usd = -desk.usd(spare[wanting], wanting)
    amount = min(spare[source], desk.amount(lacking_usd, source) + 1)
    return amount if _is_worthwhile(amount, source, desk) else 0


def _is_excess(aim: HubAim, amount: int, purse: Purse, desk: Desk) -> bool:
    """Tell whether a hub with `amount` to spare is expected to end with more than it may."""
    hub = aim.hub
    if aim.ceiling_usd is None or not desk.book.trades(hub, desk.stable_hub):
        return False
    left_usd = desk.usd(aim.keep + amount + purse.above_floors(hub), hub) + aim.more_usd
    return left_usd > aim.ceiling_usd and _is_worthwhile(amount, hub, desk)


def _is_worthwhile(amount: int, hub: Token, desk: Desk) -> bool:
    return amount > 0 and desk.usd(amount, hub) >= desk.policy.min_notional_usd


def _order(source: Token, wanting: Token, amount_in: int, desk: Desk, drift_ppm: Ppm) -> Order:
    return Order(
        id=f"{Side.CONVERT}:{source.symbol}:{wanting.symbol}",
        side=Side.CONVERT,
        coin_id=f"{source.symbol}-{wanting.symbol}",
        token_in=source,
        token_out=wanting,
        amount_in=amount_in,
        notional_usd=cents(desk.usd(amount_in, source)),
        drift_ppm=drift_ppm,
    )
