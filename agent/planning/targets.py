"""Which coins are wanted, and how much of each: regime, ranking, token map and policy to a basket."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from agent.domain.policy import Policy, Universe
from agent.domain.portfolio import Basket, LeftOut, Target
from agent.domain.rules import Weighting
from agent.domain.signal import RankedCoin, Ranking, Regime
from agent.domain.token import HeldAs, TokenMap
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, Ppm
from agent.errors import InfeasibleTargetError
from agent.planning.membership import Selection, border, selected
from agent.planning.stable_targets import stable_basket
from agent.planning.weights import Share, apportioned, group_weights_ppm

Obstacles = Mapping[Address, str]
"""Tokens that cannot be traded this cycle, and why."""

NO_VOLATILITIES: Mapping[Address, Ppm] = MappingProxyType({})


def basket(  # noqa: PLR0913 - all that a basket depends on, by keyword
    *,
    ranking: Ranking,
    regime: Regime,
    token_map: TokenMap,
    policy: Policy,
    obstacle_by_token: Obstacles,
    held: Collection[Address] = frozenset(),
    volatility_ppm_by_token: Mapping[Address, Ppm] = NO_VOLATILITIES,
) -> Basket:
    """Return what is wanted: the index when bullish, the policy's stablecoins when bearish.

    A coin whose token has an obstacle counts as one that cannot be held; the rest is reweighted.
    The order of the ranking's rows does not matter, their ranks do. `held` are the tokens that are
    held already, which stay a while beyond the index's border; volatilities are a year's.

    Raises:
        InfeasibleTargetError: nothing can be held, or not under the policy's cap.
    """
    if regime is Regime.BEARISH:
        return stable_basket(token_map, policy, obstacle_by_token)
    rows = sorted(ranking.coins, key=lambda coin: (coin.rank, coin.coin_id))
    chosen = selected(
        rows, token_map=token_map, policy=policy, obstacle_by_token=obstacle_by_token, held=held
    )
    return _index(rows, chosen, policy, volatility_ppm_by_token)


def _index(
    rows: Sequence[RankedCoin],
    chosen: Selection,
    policy: Policy,
    volatility_ppm_by_token: Mapping[Address, Ppm],
) -> Basket:
    if not chosen.members:
        raise InfeasibleTargetError(
            field="universe",
            value=policy.universe,
            mend=f"none of {len(rows)} ranked coins can be held and traded: "
            "allowlist pools, or extend the token map",
        )
    weights = group_weights_ppm(
        [_part(coin, held_as, policy, volatility_ppm_by_token) for coin, held_as in chosen.members],
        policy.index.cap_ppm_by_sector,
    )
    places = border(policy)
    top = rows[places.first - 1 : places.last]
    share_by_coin, cap_of_top = _top_shares(top), _cap(top)
    return Basket(
        targets=tuple(
            Target(held_as=held_as, rank=coin.rank, weight_ppm=weight)
            for (coin, held_as), weight in zip(chosen.members, weights, strict=True)
        ),
        left_out=tuple(
            LeftOut(
                coin_id=coin.coin_id,
                symbol=coin.symbol,
                rank=coin.rank,
                share_ppm=share_by_coin.get(coin.coin_id) or _share(coin, cap_of_top),
                reason=reason,
            )
            for coin, reason in chosen.passed_over
        ),
        covered_ppm=Ppm(sum(share_by_coin.get(coin.coin_id, 0) for coin, _ in chosen.members)),
        notes=_notes(policy, len(chosen.members), len(rows)),
    )


def _part(
    coin: RankedCoin,
    held_as: HeldAs,
    policy: Policy,
    volatility_ppm_by_token: Mapping[Address, Ppm],
) -> Share:
    rules, highest = policy.index, policy.max_coin_weight_ppm
    most = Ppm(ONE_HUNDRED_PERCENT_PPM) if highest is None else highest
    match rules.weighting:
        case Weighting.CAP:
            size = Fraction(coin.market_cap_usd)
        case Weighting.EQUAL:
            size = Fraction(1)
        case Weighting.VOLATILITY:
            assumed = policy.drift.assumed_volatility_ppm
            size = Fraction(1, volatility_ppm_by_token.get(held_as.token.address, assumed))
    return Share(
        size=size,
        cap_ppm=min(most, rules.cap_ppm_by_coin.get(coin.coin_id, most)),
        group=rules.sector_by_coin.get(coin.coin_id, ""),
    )


def _top_shares(top: Sequence[RankedCoin]) -> Mapping[str, Ppm]:
    whole = _cap(top)
    shares = apportioned([Fraction(coin.market_cap_usd) / whole for coin in top])
    return {coin.coin_id: share for coin, share in zip(top, shares, strict=True)}


def _cap(coins: Sequence[RankedCoin]) -> Fraction:
    """Return what the coins are worth together, in USD."""
    return sum((Fraction(coin.market_cap_usd) for coin in coins), start=Fraction(0))


def _share(coin: RankedCoin, whole: Fraction) -> Ppm:
    """Return a coin's market cap in ppm of `whole`, rounded down."""
    return Ppm(int(ONE_HUNDRED_PERCENT_PPM * Fraction(coin.market_cap_usd) / whole))


def _notes(policy: Policy, members: int, rows: int) -> tuple[str, ...]:
    if (
        policy.universe is Universe.STRICT
        or members >= border(policy).enter - policy.index.first_place + 1
    ):
        return ()
    note = (
        f"{members} of the {policy.top_n} coins wanted: no more of the {rows} ranked can be held "
        "and traded; a longer ranking or more allowlisted pools would fill the rest"
    )
    return (note,)
