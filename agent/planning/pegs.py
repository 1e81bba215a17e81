"""The depeg guard: which stablecoins are off their peg, by Chainlink's feed or by their deepest pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from agent.domain.plan import PlanInputs
from agent.domain.pool import PoolState
from agent.domain.signal import Regime
from agent.domain.token import Token
from agent.domain.units import ONE_HUNDRED_PERCENT_BPS, Address
from agent.errors import DepeggedError
from agent.planning.pricing import Market, virtual_reserve
from agent.planning.swapping import mid_price

LEAST_DEPTH_USD = 100_000
"""A shallower pool says nothing of a stablecoin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a pool says of a stablecoin: dollars per coin, and the dollars of the other side."""

    usd: Fraction
    depth_usd: Fraction
    pool: Address


def off_peg(inputs: PlanInputs, market: Market) -> Mapping[Address, str]:
    """Return the stablecoins of the map that are off one dollar by more than the policy's band, and why."""
    band = inputs.policy.stable.max_depeg_bps
    found: dict[Address, str] = {}
    for coin, stablecoin in sorted(inputs.token_map.stablecoin_by_coin.items()):
        token = stablecoin.token
        if not band or token.address not in market.price_by_token:
            continue
        for where, usd in _prices(inputs, market, coin, token):
            apart = int(abs(usd - 1) * ONE_HUNDRED_PERCENT_BPS)
            if apart > band:
                words = (
                    f"{where} says {_dollars(usd)} USD, {apart} bps off its peg, the band is {band}"
                )
                found.setdefault(token.address, words)
    return found


def check_pegs(inputs: PlanInputs, off: Mapping[Address, str]) -> None:
    """Return if a way out has somewhere to go.

    Raises:
        DepeggedError: every stablecoin that the policy names is off its peg.
    """
    if inputs.stance.regime is not Regime.BEARISH:
        return
    known = inputs.token_map.stablecoin_by_coin
    named = [
        known[c] for c, w in inputs.policy.stablecoin_weight_by_coin.items() if w and c in known
    ]
    if named and all(s.token.address in off for s in named):
        said = tuple(f"{s.token.symbol}: {off[s.token.address]}" for s in named)
        raise DepeggedError(said=said)


def free_to_leave(inputs: PlanInputs, market: Market, off: Mapping[Address, str]) -> Market:
    """Return the market in which, on the way out, a fallen stablecoin may be sold.

    A ranking still has it at a dollar when it falls: that its price is in doubt is no reason to keep it.
    """
    if inputs.stance.regime is not Regime.BEARISH:
        return market
    doubts = {t: why for t, why in market.doubt_by_token.items() if t not in off}
    return replace(market, doubt_by_token=doubts)


def _prices(
    inputs: PlanInputs, market: Market, coin: str, token: Token
) -> Iterator[tuple[str, Fraction]]:
    if coin in inputs.token_map.usd_feed_by_coin:
        price = market.price_by_token[token.address]
        yield price.source, Fraction(price.usd)
    pools = sorted(_pools(inputs, market, token), key=lambda s: (-s.depth_usd, s.pool))
    if pools and pools[0].depth_usd >= LEAST_DEPTH_USD:
        yield f"pool {pools[0].pool}", pools[0].usd


def _pools(inputs: PlanInputs, market: Market, token: Token) -> Iterator[_Seen]:
    """Yield what each pool says of a token against another hub that is not off its own peg by feed.

    Else one stablecoin's fall would look like the others' rise.
    """
    native, *_ = inputs.chain_book.hubs
    hubs = {
        hub.address: hub
        for hub in inputs.chain_book.hubs
        if hub != token and (hub == native or _is_on_peg(hub, inputs, market))
    }
    for pool in inputs.pools:
        for is_token0, (own, other) in (
            (True, (pool.ref.token0, pool.ref.token1)),
            (False, (pool.ref.token1, pool.ref.token0)),
        ):
            if own == token.address and other in hubs and other in market.price_by_token:
                seen = _seen(pool, token, hubs[other], market, is_token0=is_token0)
                if seen is not None:
                    yield seen


def _is_on_peg(hub: Token, inputs: PlanInputs, market: Market) -> bool:
    price = market.price_by_token.get(hub.address)
    if price is None:
        return False
    apart = abs(Fraction(price.usd) - 1) * ONE_HUNDRED_PERCENT_BPS
    return apart <= inputs.policy.stable.max_depeg_bps


def _seen(
    pool: PoolState, token: Token, hub: Token, market: Market, *, is_token0: bool
) -> _Seen | None:
    price = mid_price(pool, zero_for_one=is_token0)
    if price is None:
        return None
    hub_unit = Fraction(market.price_by_token[hub.address].usd) / 10**hub.decimals
    depth = virtual_reserve(pool, is_token0=not is_token0) * hub_unit
    return _Seen(usd=price * hub_unit * 10**token.decimals, depth_usd=depth, pool=pool.ref.address)


def _dollars(usd: Fraction) -> str:
    return f"{Decimal(usd.numerator) / Decimal(usd.denominator):.4f}"
