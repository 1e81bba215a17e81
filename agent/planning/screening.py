"""The quarantine at work in a plan: what it leaves of ranking and token map, and which trades it holds.

It concerns the index alone; on the way out to stablecoins nothing is held back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.domain.plan import PlanInputs
from agent.domain.portfolio import Basket
from agent.domain.signal import Ranking, Regime
from agent.domain.token import HeldAs, TokenMap
from agent.domain.units import Address
from agent.domain.vetting import Rule, Verdict
from agent.planning.pricing import Market, virtual_reserve

ON_HOLD = "on hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What a basket may be made of. `hold_by_token` are the tokens that are not traded, and why."""

    ranking: Ranking
    token_map: TokenMap
    hold_by_token: Mapping[Address, str]

    def with_holds(self, market: Market) -> Market:
        """Return the market with every held token's price doubted, so that nothing trades it."""
        holds = {t: why for t, why in self.hold_by_token.items() if t in market.price_by_token}
        return replace(market, doubt_by_token={**market.doubt_by_token, **holds})

    def noted(self, basket: Basket) -> Basket:
        return replace(basket, notes=(*basket.notes, *sorted(self.hold_by_token.values())))


def screened(inputs: PlanInputs, market: Market, *, held: Collection[Address]) -> Screened:
    """Return what the quarantine leaves. `held` are the tokens that are held already."""
    if inputs.stance.regime is Regime.BEARISH:
        return Screened(ranking=inputs.ranking, token_map=inputs.token_map, hold_by_token={})
    shallow = _shallow(inputs, market)
    skips = {
        **{coin: why for coin, (token, why) in shallow.items() if token not in held},
        **inputs.vetting.reasons(Verdict.SKIP),
    }
    holds = {
        **{coin: why for coin, (token, why) in shallow.items() if token in held},
        **inputs.vetting.reasons(Verdict.HOLD),
    }
    token_map = inputs.token_map
    return Screened(
        ranking=_as_before(inputs),
        token_map=replace(
            token_map,
            held_by_coin={c: h for c, h in token_map.held_by_coin.items() if c not in skips},
            reason_by_coin={**token_map.reason_by_coin, **_quarantined(skips)},
        ),
        hold_by_token={
            token_map.held_by_coin[coin].token.address: (
                f"{ON_HOLD}: {token_map.held_by_coin[coin].token.symbol}: {why}"
            )
            for coin, why in holds.items()
            if coin in token_map.held_by_coin and coin not in skips
        },
    )


def _quarantined(skips: Mapping[str, str]) -> Mapping[str, str]:
    return {coin: f"quarantined: {why}" for coin, why in skips.items()}


def _as_before(inputs: PlanInputs) -> Ranking:
    """Return the ranking with the rows of held coins as they were in the ranking before.

    Else a cap that is not believed would still decide the weights of all the others.
    """
    kept = {f.coin_id: f.as_before for f in inputs.vetting.findings if f.as_before is not None}
    rows = (*(c for c in inputs.ranking.coins if c.coin_id not in kept), *kept.values())
    ordered = tuple(sorted(rows, key=lambda coin: (coin.rank, coin.coin_id)))
    return replace(inputs.ranking, coins=ordered)


def _shallow(inputs: PlanInputs, market: Market) -> Mapping[str, tuple[Address, str]]:
    """Return the coins whose pools hold less than the floor, with their tokens and the reason."""
    floor = inputs.vetting.min_depth_usd
    if not floor:
        return {}
    depths = depth_usd_by_token(inputs, market)
    found: dict[str, tuple[Address, str]] = {}
    for coin, held_as in inputs.token_map.held_by_coin.items():
        depth = depths.get(held_as.token.address, Fraction(0))
        if _is_measured(held_as, coin, inputs, market) and depth < floor:
            why = f"{Rule.DEPTH}: its pools hold {int(depth)} USD, min_depth_usd is {floor:f}"
            found[coin] = (held_as.token.address, why)
    return found


def _is_measured(held_as: HeldAs, coin: str, inputs: PlanInputs, market: Market) -> bool:
    """Return whether the rule is about this coin: one that has a price off pools, and is no hub."""
    address = held_as.token.address
    is_hub = any(hub.address == address for hub in inputs.chain_book.hubs)
    return address in market.price_by_token and not is_hub and coin not in inputs.vetting.exempt


def depth_usd_by_token(inputs: PlanInputs, market: Market) -> Mapping[Address, Fraction]:
    """Return the dollars in hubs that a coin's pools trade like pairs of, summed over its pools."""
    hubs = {
        hub.address: Fraction(market.price_by_token[hub.address].usd) / 10**hub.decimals
        for hub in inputs.chain_book.hubs
        if hub.address in market.price_by_token
    }
    found: dict[Address, Fraction] = {}
    for pool in inputs.pools:
        sides = (pool.ref.token0, pool.ref.token1)
        for hub, coin in (sides, sides[::-1]):
            if hub in hubs and coin not in hubs:
                depth = virtual_reserve(pool, is_token0=hub == pool.ref.token0) * hubs[hub]
                found[coin] = found.get(coin, Fraction(0)) + depth
    return found
