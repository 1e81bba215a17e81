"""Where a portfolio stands against a basket, token by token, in dollars and in drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.domain.policy import Policy
from agent.domain.portfolio import Basket, Portfolio
from agent.domain.token import Token
from agent.domain.units import (
    ONE_HUNDRED_PERCENT_BPS,
    ONE_HUNDRED_PERCENT_PPM,
    Address,
    Ppm,
)
from agent.planning.money import ZERO, share_ppm, usd_of
from agent.planning.pricing import Market

UNRANKED = ONE_HUNDRED_PERCENT_PPM
"""The rank of what is held and not wanted: after everything that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where one token stands; `amount` in base units, `drift_ppm` and `band_ppm` of the portfolio.

    Within its band (`band_usd` in dollars) a token of the basket (`is_target`) is left alone. A drift
    beyond it is traded back until `keep_usd` of it are left; a strong runner (`is_runner`) in steps.
    """

    coin_id: str
    token: Token
    rank: int
    amount: int
    held_usd: Decimal
    target_usd: Decimal
    drift_ppm: Ppm
    band_ppm: Ppm
    band_usd: Decimal
    is_target: bool
    keep_usd: Decimal = ZERO
    is_runner: bool = False

    @property
    def drift_usd(self) -> Decimal:
        """Return by how much too much is held; negative for too little."""
        return self.held_usd - self.target_usd

    @property
    def due_usd(self) -> Decimal:
        """Return what of the drift is to be traded, without its sign."""
        return max(ZERO, abs(self.drift_usd) - self.keep_usd)

    @property
    def is_sell(self) -> bool:
        return self.drift_usd > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A portfolio against a basket: its worth, and every priced token, best rank first."""

    total_usd: Decimal
    stands: tuple[Stand, ...]


def standing(  # noqa: PLR0913 - all that a standing depends on, by keyword
    *,
    portfolio: Portfolio,
    basket: Basket,
    market: Market,
    policy: Policy,
    coin_by_token: Mapping[Address, str],
    native: Token,
) -> Standing:
    """Return where every priced token that is held or wanted stands.

    The wrapped native token is a member of the index and a hub: what floors leave in it counts as
    idle cash does, so its band is no narrower.
    """
    amounts = {h.token: h.amount for h in portfolio.holdings if h.amount > 0}
    targets = {target.held_as.token: target for target in basket.targets}
    priced = [t for t in {**targets, **amounts} if t.address in market.price_by_token]
    worth = {
        token: usd_of(amounts.get(token, 0), token, market.price_by_token[token.address])
        for token in priced
    }
    total = sum(worth.values(), start=ZERO)
    invested = total - min(total, reserve_usd(basket, policy))

    def stand(token: Token) -> Stand:
        target = targets.get(token)
        weight = target.weight_ppm if target else Ppm(0)
        band = band_ppm(weight, policy)
        if token == native:
            band = max(band, idle_band_ppm(policy))
        target_usd = invested * weight / ONE_HUNDRED_PERCENT_PPM
        return Stand(
            coin_id=target.held_as.coin_id if target else coin_id(token, coin_by_token),
            token=token,
            rank=target.rank if target else UNRANKED,
            amount=amounts.get(token, 0),
            held_usd=worth[token],
            target_usd=target_usd,
            drift_ppm=share_ppm(worth[token] - target_usd, total),
            band_ppm=band,
            band_usd=total * band / ONE_HUNDRED_PERCENT_PPM,
            is_target=target is not None,
        )

    stands = sorted(map(stand, priced), key=lambda s: (s.rank, s.coin_id, s.token))
    return Standing(total_usd=total, stands=tuple(stands))


def reserve_usd(basket: Basket, policy: Policy) -> Decimal:
    """Return the cash that the index leaves alone; a basket of stablecoins is all cash."""
    is_index = any(target.rank > 0 for target in basket.targets)
    return policy.drift.cash_reserve_usd if is_index else ZERO


def coin_id(token: Token, coin_by_token: Mapping[Address, str]) -> str:
    """Return the coin that a token stands for, or its address where the token map has none."""
    return coin_by_token.get(token.address, token.address)


def band_ppm(weight_ppm: Ppm, policy: Policy) -> Ppm:
    """Return the larger of the policy's two bands, in ppm of the portfolio."""
    of_target = weight_ppm * policy.drift_band_of_target_ppm // ONE_HUNDRED_PERCENT_PPM
    return Ppm(max(policy.drift_band_ppm, of_target))


def idle_band_ppm(policy: Policy) -> Ppm:
    """Return the cash, in ppm of the portfolio, that is left idle in the hubs.

    A cycle that sells everything into one hub, converts it and buys leaves up to two slippages over
    its floors there; trading that again at once would not be a drift's doing.
    """
    floors_leave = 2 * policy.max_slippage_bps * ONE_HUNDRED_PERCENT_PPM // ONE_HUNDRED_PERCENT_BPS
    return Ppm(max(floors_leave, policy.drift_band_ppm))
