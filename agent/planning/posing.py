"""Wants to the problem that the optimum solves: what is for sale, what there is to spend, and on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agent.domain.order import Side
from agent.domain.pool import PoolKind, PoolState
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address
from agent.planning.desk import Desk
from agent.planning.money import ZERO
from agent.planning.optimum.problem import BasketProblem, GasWei, Hub, Purchase, Sale
from agent.planning.rebalance import HubAim, Want, Wants
from agent.planning.splits import name

UNPAID = "too little cash for it after what comes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What is left out, by name with the reason, and pairs of hubs that nothing is converted between."""

    reason_by_name: Mapping[str, str] = field(default_factory=dict)
    closed: frozenset[frozenset[Address]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A problem, None where nothing is to be traded, and the buys that there is no money for, by name."""

    problem: BasketProblem | None
    unpaid: tuple[str, ...]


def posed(wants: Wants, desk: Desk, refused: Refusals) -> Posed:
    """Return the problem of what is wanted and not refused."""
    asked = without(wants, refused.reason_by_name)
    funds = available_usd(asked, desk)
    buys, dropped = affordable(asked, funds, desk)
    needed = _sum(want.notional_usd for want in buys) + _sum(aim.more_usd for aim in asked.aims)
    aims, surplus = _resting(asked.aims, max(ZERO, funds - needed), desk)
    if not buys and not asked.sells and needed == 0 and surplus < desk.policy.min_notional_usd:
        return Posed(problem=None, unpaid=dropped)
    traded = [want.stand.token for want in (*asked.sells, *buys)]
    problem = BasketProblem(
        hubs=tuple(Hub(token=a.hub.address, amount=a.amount, keep=a.keep) for a in aims),
        cash=desk.stable_hub.address,
        sales=tuple(Sale(token=w.stand.token.address, amount_in=w.amount) for w in asked.sells),
        purchases=_purchases(buys, aims, surplus, _surplus_hub(asked, desk, refused)),
        pools=tuple(_open_pools(desk, refused)),
        usd_by_token={token.address: _unit_usd(token, desk) for token in (*desk.hubs, *traded)},
        gas=_gas(desk),
        slippage_bps=desk.policy.max_slippage_bps,
        max_loss_bps=desk.policy.max_price_deviation_bps,
    )
    return Posed(problem=problem if problem.purchases else None, unpaid=dropped)


def without(wants: Wants, refused: Mapping[str, str]) -> Wants:
    """Return the wants that nothing was refused of; a hub that cannot be filled up stays as it is."""
    return replace(
        wants,
        sells=tuple(w for w in wants.sells if _want_name(w) not in refused and w.amount > 0),
        buys=tuple(w for w in wants.buys if _want_name(w) not in refused),
        aims=tuple(
            replace(aim, more_usd=ZERO) if aim_name(aim) in refused else aim for aim in wants.aims
        ),
    )


def _want_name(want: Want) -> str:
    return name(want.side, want.stand.coin_id)


def aim_name(aim: HubAim) -> str:
    """Return what filling up a hub goes by."""
    return name(Side.BUY, aim.stand.coin_id if aim.stand else aim.hub.symbol)


def available_usd(wants: Wants, desk: Desk) -> Decimal:
    """Return what the hubs hold beyond what they keep, and what the sells surely bring."""
    kept = Decimal(ONE_HUNDRED_PERCENT_BPS - desk.policy.max_slippage_bps) / ONE_HUNDRED_PERCENT_BPS
    held = _sum(desk.usd(aim.amount - aim.keep, aim.hub) for aim in wants.aims)
    return held + kept * _sum(desk.usd(want.amount, want.stand.token) for want in wants.sells)


def affordable(
    wants: Wants, funds: Decimal, desk: Desk
) -> tuple[tuple[Want, ...], tuple[str, ...]]:
    """Return the buys that `funds` dollars can be shared out to, and those too small then, by name.

    All are paid the same share. The smallest give way and leave their money to the others.
    """
    more = _sum(aim.more_usd for aim in wants.aims)
    ranked = sorted(wants.buys, key=lambda want: (-want.notional_usd, want.stand.coin_id))
    buys = [want for want in ranked if want.notional_usd > 0]
    needed = more + _sum(want.notional_usd for want in buys)
    dropped = [_want_name(want) for want in ranked[len(buys) :]]
    while buys:
        share = min(Decimal(1), funds / needed)
        if share == 1 or _is_enough(buys[-1].notional_usd * share, desk):
            break
        dropped.append(_want_name(buys[-1]))
        needed -= buys.pop().notional_usd
    kept = {want.stand.token for want in buys}
    return tuple(want for want in wants.buys if want.stand.token in kept), tuple(dropped)


def _is_enough(usd: Decimal, desk: Desk) -> bool:
    return usd >= desk.policy.min_notional_usd and usd > 0


def _resting(
    aims: tuple[HubAim, ...], surplus: Decimal, desk: Desk
) -> tuple[tuple[HubAim, ...], Decimal]:
    """Return the aims with what nothing needs kept where it rests, and the surplus that does not.

    The stable hub is the last to be kept: it is what most coins trade against.
    """
    kept: dict[Token, HubAim] = {}
    for aim in sorted(aims, key=lambda a: (a.hub == desk.stable_hub, -desk.hubs.index(a.hub))):
        usd = min(surplus, desk.usd(aim.amount - aim.keep, aim.hub)) if aim.rests else ZERO
        resting = min(aim.amount - aim.keep, desk.amount(usd, aim.hub) + 1) if usd else 0
        kept[aim.hub] = replace(aim, keep=aim.keep + resting)
        surplus -= usd
    return tuple(kept[aim.hub] for aim in aims), surplus


def _surplus_hub(wants: Wants, desk: Desk, refused: Refusals) -> Token | None:
    """Return the hub that money comes to which nothing needs: the first of those that it can come to."""
    aims = sorted(wants.aims, key=lambda aim: (aim.hub != desk.stable_hub, not aim.rests))
    return next((a.hub for a in aims if aim_name(a) not in refused.reason_by_name), None)


def _purchases(
    buys: Iterable[Want], aims: Iterable[HubAim], surplus: Decimal, hub: Token | None
) -> tuple[Purchase, ...]:
    budgets = {want.stand.token: want.notional_usd for want in buys}
    budgets |= {aim.hub: aim.more_usd for aim in aims}
    if hub is not None:
        budgets[hub] = budgets.get(hub, ZERO) + surplus
    return tuple(
        Purchase(token=token.address, budget_usd=usd) for token, usd in budgets.items() if usd > 0
    )


def _open_pools(desk: Desk, refused: Refusals) -> Iterable[PoolState]:
    for pool in desk.pools.values():
        if frozenset({pool.ref.token0, pool.ref.token1}) not in refused.closed:
            yield pool


def _unit_usd(token: Token, desk: Desk) -> Decimal:
    return desk.market.price_by_token[token.address].usd.scaleb(-token.decimals)


def _gas(desk: Desk) -> GasWei:
    wei, table = desk.gas_price.wei_per_gas, desk.gas_price.table
    return GasWei(
        leg_by_kind={kind: table.leg(kind, 0) * wei for kind in PoolKind}, tick=table.tick * wei
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, start=ZERO)
