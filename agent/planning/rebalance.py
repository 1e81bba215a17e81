"""What is to be sold, bought and kept in the hubs: a standing to wants, and drifts left alone with reasons.

A token of the basket is due when it is out of its band, one that is not wanted when it is worth the
trade. What is due decides; what is not is only drawn on to balance it
(`agent.planning.funding`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from agent.domain.order import Side
from agent.domain.policy import Policy
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.money import ZERO, amount_of
from agent.planning.pricing import Market
from agent.planning.standing import Stand, Standing

MOTE_USD = Decimal("0.01")
"""What is worth less is as good as nothing."""

RESERVE_SLACK = Decimal("0.02")
"""What of a reserve may be missing: the sales that raise it pay fees out of what they bring."""

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


NO_VETOES: Mapping[Token, str] = MappingProxyType({})
NO_RESERVES: Mapping[Token, Decimal] = MappingProxyType({})


def wants(  # noqa: PLR0913 - all that a rebalance depends on, by keyword
    standing: Standing,
    *,
    hubs: tuple[Token, ...],
    market: Market,
    policy: Policy,
    resting: Collection[Address],
    veto_by_token: Mapping[Token, str] = NO_VETOES,
    reserve_by_hub: Mapping[Token, Decimal] = NO_RESERVES,
) -> Wants:
    """Return what is due. `hubs` are those with a price, the wrapped native token first.

    `resting` are tokens that are left alone unless something else must go: stablecoins, while the
    regime is bearish. A veto leaves a drift alone that would be due; a reserve in dollars stays in its
    hub, or is brought there.
    """
    reasons = {
        stand.token: reason
        for stand in standing.stands
        if (reason := _why_not(stand, market, policy) or veto_by_token.get(stand.token))
    }
    due = [s for s in standing.stands if s.token not in reasons]
    if all(stand.token.address in resting for stand in due):
        reasons |= {stand.token: RESTING for stand in due}
        due = []
    coins = [stand for stand in due if stand.token not in hubs]
    by_token = {stand.token: stand for stand in standing.stands}
    return Wants(
        sells=tuple(sell(s, s.due_usd, market) for s in coins if s.is_sell),
        buys=tuple(buy(s, s.due_usd) for s in coins if not s.is_sell),
        aims=tuple(
            _aim(
                hub,
                by_token.get(hub),
                market,
                is_due=hub not in reasons,
                is_cash=hub != hubs[0],
                reserve_usd=reserve_by_hub.get(hub, ZERO),
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
        return market.doubt_by_token[stand.token.address]
    if is_in_band(stand, policy):
        return f"within its drift band of {stand.band_ppm} ppm"
    if stand.due_usd < policy.min_notional_usd or stand.due_usd == 0:
        return below_minimum(stand.due_usd, policy)
    return None


def is_in_band(stand: Stand, policy: Policy) -> bool:
    """Tell whether a drift is too small to be due; of an entry none is where the policy says so."""
    if policy.drift.trades_constituents and is_entry(stand, policy):
        return False
    return stand.is_target and abs(stand.drift_ppm) <= stand.band_ppm


def is_entry(stand: Stand, policy: Policy) -> bool:
    """Tell whether a coin is wanted of which nothing is held, or too little to count."""
    return stand.is_target and stand.held_usd < max(policy.min_notional_usd, MOTE_USD)


def _aim(  # noqa: PLR0913 - all that an aim depends on, by keyword
    hub: Token,
    stand: Stand | None,
    market: Market,
    *,
    is_due: bool,
    is_cash: bool,
    reserve_usd: Decimal,
) -> HubAim:
    amount = stand.amount if stand else 0
    keep, more_usd = 0, ZERO
    if hub.address in market.doubt_by_token:
        keep = amount
    elif stand is not None and stand.is_target:
        keep = amount
        if is_due and stand.is_sell:
            kept_usd = stand.target_usd + stand.keep_usd
            keep = amount_of(kept_usd, hub, market.price_by_token[hub.address])
        elif is_due:
            more_usd = stand.due_usd
    elif reserve_usd:
        keep = min(amount, amount_of(reserve_usd, hub, market.price_by_token[hub.address]))
        short_usd = reserve_usd - (stand.held_usd if stand else ZERO)
        more_usd = short_usd if short_usd > reserve_usd * RESERVE_SLACK else ZERO
    return HubAim(hub=hub, stand=stand, amount=amount, keep=keep, more_usd=more_usd, rests=is_cash)
