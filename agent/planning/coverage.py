"""Coverage: a basket against the list of coins that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt

from agent.domain.coverage import NO_COVERAGE, Coverage, CoveredCoin, Holds
from agent.domain.plan import PlanInputs
from agent.domain.portfolio import Basket, LeftOut, Target
from agent.domain.signal import RankedCoin, Regime
from agent.domain.token import CannotHold, Form
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Ppm
from agent.planning.membership import border
from agent.planning.weights import apportioned

OWN_VOLATILITY_PPM = 600_000
"""What a coin is assumed to move in a year beside the whole market: with it and no correlation, a
weight that is off by a contributes a times this to the tracking error (Grinold and Kahn, Active
Portfolio Management, chapter 3: residual risk). What all coins do together is no tracking error."""


def coverage(inputs: PlanInputs, basket: Basket) -> Coverage:
    """Return which coins of the list are held, how, and with what weight against their share."""
    if inputs.stance.regime is Regime.BEARISH:
        return NO_COVERAGE
    places = border(inputs.policy)
    rows = sorted(inputs.ranking.coins, key=lambda coin: (coin.rank, coin.coin_id))
    listed = rows[places.first - 1 : places.last]
    targets = {target.held_as.coin_id: target for target in basket.targets}
    left_out = {coin.coin_id: coin for coin in basket.left_out}
    coins = [
        _covered(row, share, targets.get(row.coin_id), left_out.get(row.coin_id), inputs)
        for row, share in zip(listed, _shares(listed), strict=True)
    ]
    beyond = [t.weight_ppm for c, t in targets.items() if c not in {row.coin_id for row in listed}]
    active = [*(coin.weight_ppm - coin.share_ppm for coin in coins), *beyond]
    sums = {h: sum(c.share_ppm for c in coins if c.holds is h) for h in Holds}
    return Coverage(
        coins=tuple(coins),
        native_ppm=Ppm(sums[Holds.NATIVE]),
        wrapped_ppm=Ppm(sums[Holds.WRAPPED]),
        missing_ppm=Ppm(sums[Holds.NOT]),
        redistributed_ppm=Ppm(sum(a for a in active if a > 0)),
        tracking_error_ppm=tracking_error_ppm(active),
    )


def tracking_error_ppm(active_ppm: Sequence[int]) -> Ppm:
    """Return a year's tracking error of weights that are off by so much each, rounded down."""
    return Ppm(
        isqrt(sum(a * a for a in active_ppm)) * OWN_VOLATILITY_PPM // ONE_HUNDRED_PERCENT_PPM
    )


def _shares(listed: Sequence[RankedCoin]) -> list[Ppm]:
    whole = sum((Fraction(coin.market_cap_usd) for coin in listed), start=Fraction(0))
    return apportioned([Fraction(coin.market_cap_usd) / whole for coin in listed]) if whole else []


def _covered(
    row: RankedCoin, share: Ppm, target: Target | None, left: LeftOut | None, inputs: PlanInputs
) -> CoveredCoin:
    held_as = None if target is None else target.held_as
    return CoveredCoin(
        coin_id=row.coin_id,
        symbol=row.symbol,
        rank=row.rank,
        share_ppm=share,
        weight_ppm=Ppm(0) if target is None else target.weight_ppm,
        holds=HOLDS[held_as.form] if held_as else Holds.NOT,
        token=held_as.token.symbol if held_as else "",
        wrapped_by=(held_as.wrapped_by or "") if held_as else "",
        reason="" if held_as else _why_not(row, left, inputs),
    )


def _why_not(row: RankedCoin, left: LeftOut | None, inputs: PlanInputs) -> str:
    if left is not None:
        return left.reason
    found = inputs.token_map.lookup(row.coin_id)
    return found.reason if isinstance(found, CannotHold) else "no member of the index"


HOLDS: Mapping[Form, Holds] = {Form.NATIVE: Holds.NATIVE, Form.WRAPPED: Holds.WRAPPED}
