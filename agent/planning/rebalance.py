"""What is to be sold, bought and kept in the hubs: a standing to wants, and drifts left alone with reasons.

A token of the basket is due when it is out of its band, one that is not wanted when it is worth the
trade; both trade to the target. What is due decides; what is not is only drawn on to balance it
(`agent.planning.funding`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.order import Side
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.money import ZERO, amount_of
from agent.planning.pricing import Market
from agent.planning.standing import Stand, Standing

RESTING = "stablecoins are left as they are while the regime stays bearish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A coin to be sold or bought for `notional_usd`; `amount` is what is sold, base units, 0 for a buy."""

    stand: Stand
    side: Side
    notional_usd: Decimal
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAim:
    """What a hub is to end with: `keep` base units untouched, and `more_usd` on top.

    What it holds beyond that pays for others. What nothing needs of it goes to the stable hub, unless
    it `rests`: then it stays. `stand` is None for a hub that is neither held nor wanted.
    """

    hub: Token
    stand: Stand | None
    amount: int
    keep: int
    more_usd: Decimal
    rests: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What a rebalance asks for. `reason_by_token` says why each other drift is left alone."""

    sells: tuple[Want, ...]
    buys: tuple[Want, ...]
    aims: tuple[HubAim, ...]
    reason_by_token: Mapping[Token, str]


def wants(
    standing: Standing,
    *,
    hubs: tuple[Token, ...],
    market: Market,
    policy: Policy,
    resting: Collection[Address],
) -> Wants:
    """Return what is due. `hubs` are those with a price, the wrapped native token first.

    `resting` are tokens that are left alone unless something else must go: stablecoins, while the
    regime is bearish.
    """
    reasons = {
        stand.token: reason
        for stand in standing.stands
        if (reason := _why_not(stand, market, policy)) is not None
    }
    due = [s for s in standing.stands if s.token not in reasons]
    if all(stand.token.address in resting for stand in due):
        reasons |= {stand.token: RESTING for stand in due}
        due = []
    coins = [stand for stand in due if stand.token not in hubs]
    by_token = {stand.token: stand for stand in standing.stands}
    return Wants(
        sells=tuple(sell(s, s.drift_usd, market) for s in coins if s.drift_usd > 0),
        buys=tuple(buy(s, -s.drift_usd) for s in coins if s.drift_usd < 0),
        aims=tuple(
            _aim(
                hub,
                by_token.get(hub),
                market,
                is_due=hub not in reasons,
                is_cash=hub != hubs[0],
            )
            for hub in hubs
        ),
        reason_by_token=reasons,
    )


def sell(stand: Stand, usd: Decimal, market: Market) -> Want:
    """Return the sale of `usd` dollars' worth, or of all there is of a token that is not wanted."""
    amount = stand.amount
    if stand.is_target:
        price = market.price_by_token[stand.token.address]
        amount = min(amount, amount_of(usd, stand.token, price))
    return Want(stand=stand, side=Side.SELL, notional_usd=usd, amount=amount)


def buy(stand: Stand, usd: Decimal) -> Want:
    return Want(stand=stand, side=Side.BUY, notional_usd=usd, amount=0)


def below_minimum(usd: Decimal, policy: Policy) -> str:
    return f"{usd:.2f} USD is below min_notional_usd ({policy.min_notional_usd})"


def _why_not(stand: Stand, market: Market, policy: Policy) -> str | None:
    """Return why a drift is left alone; None where it is due."""
    if stand.token.address in market.doubt_by_token:
        return f"its price is in doubt: {market.doubt_by_token[stand.token.address]}"
    if stand.is_target and abs(stand.drift_ppm) <= stand.band_ppm:
        return f"within its drift band of {stand.band_ppm} ppm"
    if abs(stand.drift_usd) < policy.min_notional_usd or stand.drift_usd == 0:
        return below_minimum(abs(stand.drift_usd), policy)
    return None


def _aim(hub: Token, stand: Stand | None, market: Market, *, is_due: bool, is_cash: bool) -> HubAim:
    amount = stand.amount if stand else 0
    keep, more_usd = 0, ZERO
    if hub.address in market.doubt_by_token:
        keep = amount
    elif stand is not None and stand.is_target:
        keep = amount
        if is_due and stand.drift_usd > 0:
            keep = amount_of(stand.target_usd, hub, market.price_by_token[hub.address])
        elif is_due:
            more_usd = -stand.drift_usd
    return HubAim(hub=hub, stand=stand, amount=amount, keep=keep, more_usd=more_usd, rests=is_cash)
