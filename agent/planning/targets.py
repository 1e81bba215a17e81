"""Which coins are wanted, and how much of each: regime, ranking, token map and policy to a basket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.domain.policy import Policy, Universe
from agent.domain.portfolio import Basket, LeftOut, Target
from agent.domain.signal import RankedCoin, Ranking, Regime
from agent.domain.token import CannotHold, HeldAs, TokenMap
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM, Address, Ppm
from agent.errors import InfeasibleTargetError
from agent.planning.stable_targets import stable_basket
from agent.planning.weights import apportioned, weights_ppm

Obstacles = Mapping[Address, str]
"""Tokens that cannot be traded this cycle, and why."""


def basket(
    *,
    ranking: Ranking,
    regime: Regime,
    token_map: TokenMap,
    policy: Policy,
    obstacle_by_token: Obstacles,
) -> Basket:
    """Return what is wanted: the index when bullish, the policy's stablecoins when bearish.

    A coin whose token has an obstacle counts as one that cannot be held; the rest is reweighted.
    The order of the ranking's rows does not matter, their ranks do.

    Raises:
        InfeasibleTargetError: nothing can be held, or not under the policy's cap.
    """
    if regime is Regime.BEARISH:
        return stable_basket(token_map, policy, obstacle_by_token)
    return _index(ranking, token_map, policy, obstacle_by_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """Members with what they are held as, and the coins passed over with the reason."""

    members: tuple[tuple[RankedCoin, HeldAs], ...]
    passed_over: tuple[tuple[RankedCoin, str], ...]


def _index(
    ranking: Ranking, token_map: TokenMap, policy: Policy, obstacle_by_token: Obstacles
) -> Basket:
    rows = sorted(ranking.coins, key=lambda coin: (coin.rank, coin.coin_id))
    top = rows[: policy.top_n]
    chosen = _selected(
        top if policy.universe is Universe.STRICT else rows,
        token_map,
        obstacle_by_token,
        limit=policy.top_n,
    )
    if not chosen.members:
        raise InfeasibleTargetError(
            field="universe",
            value=policy.universe,
            mend=f"none of {len(rows)} ranked coins can be held and traded: "
            "allowlist pools, or extend the token map",
        )
    weights = weights_ppm(
        [Fraction(coin.market_cap_usd) for coin, _ in chosen.members], policy.max_coin_weight_ppm
    )
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


def _selected(
    rows: Sequence[RankedCoin], token_map: TokenMap, obstacle_by_token: Obstacles, *, limit: int
) -> _Selection:
    members: list[tuple[RankedCoin, HeldAs]] = []
    passed_over: list[tuple[RankedCoin, str]] = []
    coin_by_token: dict[Address, str] = {}
    for coin in rows:
        if len(members) == limit:
            break
        held_as = _member(coin, token_map, obstacle_by_token, coin_by_token)
        if isinstance(held_as, CannotHold):
            passed_over.append((coin, held_as.reason))
        else:
            coin_by_token[held_as.token.address] = coin.coin_id
            members.append((coin, held_as))
    return _Selection(members=tuple(members), passed_over=tuple(passed_over))


def _member(
    coin: RankedCoin,
    token_map: TokenMap,
    obstacle_by_token: Obstacles,
    coin_by_token: Mapping[Address, str],
) -> HeldAs | CannotHold:
    held_as = token_map.lookup(coin.coin_id)
    if isinstance(held_as, CannotHold):
        return held_as
    token = held_as.token.address
    if token in coin_by_token:
        reason = f"held as {held_as.token.symbol} like {coin_by_token[token]}, which is in already"
    elif token in obstacle_by_token:
        reason = obstacle_by_token[token]
    elif coin.market_cap_usd <= 0:
        reason = "the ranking gives it no market cap"
    else:
        return held_as
    return CannotHold(coin_id=coin.coin_id, reason=reason)


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
    if policy.universe is Universe.STRICT or members == policy.top_n:
        return ()
    note = (
        f"{members} of the {policy.top_n} coins wanted: no more of the {rows} ranked can be held "
        "and traded; a longer ranking or more allowlisted pools would fill the rest"
    )
    return (note,)
