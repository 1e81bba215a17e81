"""Wants to orders and legs: the best trades for all of them at once, or recorded ones done again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from agent.domain.order import BatchLeg, Order, Side, SkippedOrder
from agent.domain.quote import Quote
from agent.domain.units import Ppm
from agent.planning.assembling import arranged, assembled
from agent.planning.considering import considered
from agent.planning.desk import Desk, skipped_want
from agent.planning.money import cents
from agent.planning.posing import aim_name
from agent.planning.rebalance import Wants
from agent.planning.solving import solved
from agent.planning.splits import Splits, conversion_name, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What became of wants: orders with their legs, the rest with the reason, all quotes."""

    orders: tuple[Order, ...]
    legs: tuple[BatchLeg, ...]
    quotes: tuple[Quote, ...]
    skipped: tuple[SkippedOrder, ...]


def traded(wants: Wants, desk: Desk, proposed: Splits | None = None) -> Routed:
    """Return what the wants come to, legs in the order of their execution.

    Raises:
        LogVerificationError: the proposed splits are not those of these wants.
    """
    splits = solved(wants, desk).splits if proposed is None else proposed
    made = assembled(splits, wants, desk)
    return Routed(
        orders=made.orders,
        legs=tuple(arranged(made.legs)),
        quotes=tuple(considered(made, splits, wants, desk)),
        skipped=tuple(_skipped(splits, wants, desk)),
    )


def _skipped(splits: Splits, wants: Wants, desk: Desk) -> Iterator[SkippedOrder]:
    reasons = splits.reason_by_name
    for want in (*wants.sells, *wants.buys):
        reason = reasons.get(name(want.side, want.stand.coin_id))
        if reason is not None:
            yield skipped_want(want, reason)
    for aim in wants.aims:
        if aim.more_usd > 0 and aim.stand is not None and aim_name(aim) in reasons:
            yield SkippedOrder(
                coin_id=aim.stand.coin_id,
                symbol=aim.hub.symbol,
                side=Side.BUY,
                notional_usd=cents(aim.more_usd),
                drift_ppm=aim.stand.drift_ppm,
                reason=reasons[aim_name(aim)],
            )
    yield from _conversions(splits, wants, desk)


def _conversions(splits: Splits, wants: Wants, desk: Desk) -> Iterator[SkippedOrder]:
    """Yield the conversions that were left out, at what is held to spare of the hub they start from."""
    for aim, other in permutations(wants.aims, 2):
        called = conversion_name(aim.hub.symbol, other.hub.symbol)
        if called in splits.reason_by_name:
            native = wants.aims[0].stand
            yield SkippedOrder(
                coin_id=f"{aim.hub.symbol}-{other.hub.symbol}",
                symbol=aim.hub.symbol,
                side=Side.CONVERT,
                notional_usd=cents(desk.usd(aim.amount - aim.keep, aim.hub)),
                drift_ppm=native.drift_ppm if native else Ppm(0),
                reason=splits.reason_by_name[called],
            )
