"""The basket of a bearish regime: the policy's stablecoins, as far as they can be traded and priced."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from agent.domain.policy import Policy
from agent.domain.portfolio import Basket, LeftOut, Target
from agent.domain.token import Form, HeldAs, TokenMap
from agent.domain.units import Address, Ppm
from agent.errors import InfeasibleTargetError
from agent.planning.weights import Share, group_weights_ppm


def stable_basket(
    token_map: TokenMap, policy: Policy, obstacle_by_token: Mapping[Address, str]
) -> Basket:
    """Return the stablecoins in the policy's proportions, those with an obstacle left out.

    Raises:
        InfeasibleTargetError: a stablecoin is not known, or none can be held.
    """
    weights = {c: w for c, w in sorted(policy.stablecoin_weight_by_coin.items()) if w > 0}
    _check_known(weights, token_map)
    tokens = {coin: token_map.stablecoin_by_coin[coin].token for coin in weights}
    usable = [coin for coin, token in tokens.items() if token.address not in obstacle_by_token]
    if not usable:
        raise InfeasibleTargetError(
            field="stablecoin_weight_by_coin",
            value=dict(weights),
            mend="none of these can be traded and priced now: allowlist a pool against a hub, "
            "or name another stablecoin",
        )
    left_out = tuple(
        LeftOut(
            coin_id=coin,
            symbol=token.symbol,
            rank=0,
            share_ppm=weights[coin],
            reason=obstacle_by_token[token.address],
        )
        for coin, token in tokens.items()
        if coin not in usable
    )
    shares, is_capped = _shares({coin: weights[coin] for coin in usable}, token_map, policy)
    return Basket(
        targets=tuple(
            Target(
                held_as=HeldAs(coin_id=coin, token=tokens[coin], form=Form.NATIVE),
                rank=0,
                weight_ppm=share,
            )
            for coin, share in zip(usable, shares, strict=True)
        ),
        left_out=left_out,
        covered_ppm=Ppm(0),
        notes=(
            *(f"{o.symbol} is left out of the stablecoins: {o.reason}" for o in left_out),
            *(
                ()
                if is_capped
                else ("no basket keeps the caps of issuers: the way out goes first",)
            ),
        ),
    )


def _shares(
    weights: Mapping[str, Ppm], token_map: TokenMap, policy: Policy
) -> tuple[list[Ppm], bool]:
    """Return the shares of the usable stablecoins, and whether they keep the caps of issuers."""
    parts = [
        Share(size=Fraction(weight), group=token_map.stablecoin_by_coin[coin].issuer)
        for coin, weight in weights.items()
    ]
    try:
        return group_weights_ppm(parts, policy.stable.cap_ppm_by_issuer), True
    except InfeasibleTargetError:
        return group_weights_ppm(parts, {}), False


def _check_known(weights: Mapping[str, Ppm], token_map: TokenMap) -> None:
    known = token_map.stablecoin_by_coin
    for coin in sorted(weights.keys() - known.keys()):
        raise InfeasibleTargetError(
            field=f"stablecoin_weight_by_coin.{coin}",
            value=weights[coin],
            mend=f"name one of {', '.join(sorted(known))}",
        )
