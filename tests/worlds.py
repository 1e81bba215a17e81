"""Realistic fake planning inputs: a ranking, prices, pools and a portfolio that agree with each other.

`world()` is a Monday on a chain with 120 coins, each of which trades against WETH and often USDC,
on v2 and v3. Every keyword bends one thing, and `dataclasses.replace` bends the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

from agent.domain.block import Block
from agent.domain.order import Leg
from agent.domain.plan import (
    ChainBook,
    ContractState,
    FeedAnswer,
    Plan,
    PlanInputs,
    Position,
)
from agent.domain.policy import Policy, Universe
from agent.domain.pool import PoolKind, PoolRef, PoolState, Tick, V2Pool, V3Pool
from agent.domain.portfolio import Holding, Portfolio
from agent.domain.regime import RegimeRules, Stance
from agent.domain.signal import RankedCoin, Ranking, Regime, RegimeSignal
from agent.domain.swap import SwapResult
from agent.domain.token import Form, HeldAs, Stablecoin, Token, TokenMap
from agent.domain.units import Address, Bps, Ppm, base_units
from agent.domain.vetting import NO_FINDINGS, QuarantineRules
from agent.planning.swapping import swap_exact_in
from agent.planning.tick_math import MAX_TICK, tick_at_sqrt_ratio

NOW = 1_795_392_000
"""The block's time: 2026-11-23T00:00Z, a Monday."""

VAULT = Address("0x00000000000000000000000000000000000Fa017")
AGENT = Address("0x000000000000000000000000000000000000A6e7")
OWNER = Address("0x0000000000000000000000000000000000000123")
ETH_USD = Decimal(3000)
ETHER = 10**18
SPACING_BY_FEE = {100: 1, 500: 10, 3000: 60, 10_000: 200}


def address(number: int, prefix: str = "70") -> Address:
    return Address(f"0x{prefix}{number:038x}")


def token(number: int, symbol: str, decimals: int = 18) -> Token:
    return Token(chain_id=1, address=address(number), symbol=symbol, decimals=decimals)


WBTC = token(1, "WBTC", 8)
WETH = token(2, "WETH")
USDC = token(3, "USDC", 6)
USDT = token(4, "USDT", 6)
DAI = token(5, "DAI")
BOOK = ChainBook(
    chain_id=1,
    hubs=(WETH, USDC, USDT),
    stable_hub=USDC,
    native_usd_feed=address(2, "fe"),
)
STABLECOINS = {"usd-coin": USDC, "tether": USDT, "dai": DAI}
STABLECOIN_RANK = {"tether": 3, "usd-coin": 6, "dai": 20}

POLICY = Policy(
    universe=Universe.STRICT,
    top_n=100,
    max_coin_weight_ppm=None,
    stablecoin_weight_by_coin={"usd-coin": Ppm(500_000), "tether": Ppm(500_000)},
    drift_band_ppm=Ppm(500),
    drift_band_of_target_ppm=Ppm(100_000),
    min_notional_usd=Decimal(50),
    max_slippage_bps=Bps(50),
    max_price_deviation_bps=Bps(500),
    max_feed_age_s=90_000,
    max_order_usd=Decimal(1_000_000),
    max_cycle_usd=Decimal(5_000_000),
    max_turnover_ppm=Ppm(2_000_000),
    max_cost_bps=Bps(150),
    max_fee_per_gas_wei=100 * 10**9,
    min_gas_reserve_wei=5 * 10**16,
    batch_gas_share_ppm=Ppm(900_000),
    deadline_s=1_800,
    max_price_move_bps=Bps(1_000),
)


REGIME_RULES = RegimeRules(
    exit_probability=Decimal("0.5"),
    entry_probability=Decimal("0.6"),
    exit_confirmations=1,
    entry_confirmations=2,
    min_out_s=86_400,
    max_reentries=2,
)


QUARANTINE = QuarantineRules(
    list_ranks=110,
    max_rank_jump=40,
    max_cap_mismatch_ppm=Ppm(100_000),
    max_supply_jump_ppm=Ppm(250_000),
    min_age_days=30,
    readings_back=2,
    max_turnover_ppm=Ppm(250_000),
    min_depth_usd=Decimal(0),
    exempt=(),
)


def coin_token(number: int) -> Token:
    """Return the token of the coin `coin-<number>`; every seventh has 8 decimals."""
    return token(1_000 + number, f"C{number:03d}", 8 if number % 7 == 0 else 18)


def coin_price(number: int) -> Decimal:
    return Decimal(5000) / (number * number)


def tokens_by_coin(coins: int) -> dict[str, Token]:
    """Return the tokens of `coins` coins that can be held, bitcoin and ethereum first."""
    rest = {f"coin-{n:03d}": coin_token(n) for n in range(3, coins + 1)}
    return {"bitcoin": WBTC, "ethereum": WETH, **rest}


def prices_by_coin(coins: int) -> dict[str, Decimal]:
    rest = {f"coin-{n:03d}": coin_price(n) for n in range(3, coins + 1)}
    return {"bitcoin": Decimal(90_000), "ethereum": ETH_USD, **rest}


def ranking(coins: int = 120) -> Ranking:
    """Return a ranking of `coins` coins that can be held, with three stablecoins in between."""
    price = prices_by_coin(coins)
    caps = {coin: _cap(n) for n, coin in enumerate(price, start=1)}
    caps |= {coin: _cap(rank) for coin, rank in STABLECOIN_RANK.items()}
    ordered = sorted(caps, key=lambda coin: (-caps[coin], coin))
    rows = tuple(
        RankedCoin(
            rank=rank,
            coin_id=coin,
            symbol=coin.upper(),
            name=coin.title(),
            market_cap_usd=caps[coin],
            price_usd=price.get(coin, Decimal(1)),
        )
        for rank, coin in enumerate(ordered, start=1)
    )
    return Ranking(
        issued_at=datetime.fromtimestamp(NOW - 3_600, UTC), source="test", coins=rows, sha256="aa"
    )


def _cap(rank: int) -> Decimal:
    """Return caps that fall as steeply as real ones: bitcoin two thirds, the hundredth 0.005 %."""
    return Decimal(2 * 10**12 if rank == 1 else 15 * 10**11 // rank**2)


def token_map(coins: int = 120) -> TokenMap:
    held = {
        coin: HeldAs(
            coin_id=coin,
            token=held_as,
            form=Form.WRAPPED if coin in {"bitcoin", "ethereum"} else Form.NATIVE,
        )
        for coin, held_as in tokens_by_coin(coins).items()
    }
    return TokenMap(
        chain_id=1,
        held_by_coin=held,
        reason_by_coin=dict.fromkeys(STABLECOINS, "a stablecoin; not an index member"),
        stablecoin_by_coin={
            coin: Stablecoin(coin_id=coin, token=stable, issuer="test")
            for coin, stable in STABLECOINS.items()
        },
        usd_feed_by_coin={coin: address(n, "fe") for n, coin in enumerate(STABLECOINS, start=10)},
        sha256="bb",
    )


def feeds(price_by_stablecoin: Mapping[str, Decimal] | None = None) -> tuple[FeedAnswer, ...]:
    """Return fresh 8-decimal answers of the native feed and of the stablecoins' feeds."""
    stable = {coin: Decimal(1) for coin in STABLECOINS} | dict(price_by_stablecoin or {})
    by_feed = {BOOK.native_usd_feed: ETH_USD}
    by_feed |= {token_map(2).usd_feed_by_coin[coin]: price for coin, price in stable.items()}
    return tuple(
        FeedAnswer(feed=feed, answer=int(price * 10**8), decimals=8, updated_at=NOW - 600)
        for feed, price in by_feed.items()
    )


def ref(  # noqa: PLR0913
    number: int, kind: PoolKind, one: Token, other: Token, fee_pips: int, *, record: int = 0
) -> PoolRef:
    token0, token1 = sorted((one.address, other.address))
    return PoolRef(
        address=address(number, "90"),
        kind=kind,
        token0=token0,
        token1=token1,
        fee_pips=fee_pips,
        tick_spacing=SPACING_BY_FEE[fee_pips] if kind is PoolKind.V3 else 0,
        page=record // 200,
        record=record % 200,
    )


def v2_pool(  # noqa: PLR0913
    number: int, coin: Token, price: Decimal, hub: Token, hub_price: Decimal, *, depth_usd: int
) -> V2Pool:
    """Return a pair that holds `depth_usd` dollars on each side."""
    reserves = {
        coin.address: base_units(depth_usd / price, coin.decimals),
        hub.address: base_units(depth_usd / hub_price, hub.decimals),
    }
    where = ref(number, PoolKind.V2, coin, hub, 3000, record=number)
    return V2Pool(ref=where, reserve0=reserves[where.token0], reserve1=reserves[where.token1])


def v3_pool(  # noqa: PLR0913 - a pool has this many degrees of freedom
    number: int,
    coin: Token,
    price: Decimal,
    hub: Token,
    hub_price: Decimal,
    *,
    depth_usd: int,
    fee_pips: int = 3000,
    positions: int = 6,
) -> V3Pool:
    """Return a pool of nested positions, the narrowest deepest, two ticks each.

    At its price it trades like a pair with `depth_usd` dollars on each side.
    """
    where = ref(number, PoolKind.V3, coin, hub, fee_pips, record=number)
    sides = {coin.address: (coin, price), hub.address: (hub, hub_price)}
    (token0, price0), (token1, price1) = sides[where.token0], sides[where.token1]
    ratio = (
        Fraction(price0) / Fraction(price1) * Fraction(10) ** (token1.decimals - token0.decimals)
    )
    root = isqrt((ratio.numerator << 192) // ratio.denominator)
    depth1 = base_units(depth_usd / price1, token1.decimals)
    ticks, liquidity = _nested(
        tick_at_sqrt_ratio(root), (depth1 << 96) // root, where.tick_spacing, positions
    )
    greatest = MAX_TICK // where.tick_spacing * where.tick_spacing
    return V3Pool(
        ref=where,
        sqrt_price_x96=root,
        tick=tick_at_sqrt_ratio(root),
        liquidity=liquidity,
        ticks=ticks,
        scanned_from=-greatest,
        scanned_to=greatest,
    )


def _nested(
    tick: int, liquidity: int, spacing: int, positions: int
) -> tuple[tuple[Tick, ...], int]:
    """Return the ticks of positions of equal size around `tick`, and their liquidity in all."""
    each = max(liquidity // positions, 1)
    centre = tick // spacing
    reach = max(1, 8_000 // spacing // positions)
    lower = [
        Tick(index=(centre - k * reach) * spacing, liquidity_net=each)
        for k in range(1, positions + 1)
    ]
    upper = [
        Tick(index=(centre + k * reach) * spacing, liquidity_net=-each)
        for k in range(1, positions + 1)
    ]
    return tuple(sorted((*lower, *upper))), each * positions


def pools(coins: int = 120, *, positions: int = 6, deeper: int = 1) -> tuple[PoolState, ...]:
    """Return every coin's pools, about two and a half each, deep for the first ranks; and the hubs'."""
    price = prices_by_coin(coins)
    found: list[PoolState] = list(hub_pools(positions=positions, deeper=deeper))
    for n, (coin, held_as) in enumerate(tokens_by_coin(coins).items(), start=1):
        if held_as == WETH:
            continue
        depth = deeper * max(40_000_000 // n, 1_000_000)
        args = held_as, price[coin]
        found.append(v3_pool(10 * n, *args, WETH, ETH_USD, depth_usd=depth, positions=positions))
        if n % 2:
            found.append(v2_pool(10 * n + 1, *args, WETH, ETH_USD, depth_usd=depth // 2))
        if n % 3:
            found.append(
                v3_pool(
                    10 * n + 2, *args, USDC, Decimal(1), depth_usd=depth // 3, positions=positions
                )
            )
        if n % 5 == 0:
            found.append(v2_pool(10 * n + 3, *args, USDT, Decimal(1), depth_usd=depth // 4))
    return tuple(found)


def hub_pools(*, positions: int = 6, deeper: int = 1) -> tuple[PoolState, ...]:
    one = Decimal(1)
    deep: dict[str, Any] = {"depth_usd": deeper * 200_000_000, "positions": positions}
    return (
        v3_pool(1, WETH, ETH_USD, USDC, one, fee_pips=500, **deep),
        v2_pool(2, WETH, ETH_USD, USDC, one, depth_usd=deeper * 40_000_000),
        v3_pool(3, WETH, ETH_USD, USDT, one, fee_pips=500, **deep),
        v3_pool(4, USDC, one, USDT, one, fee_pips=100, **deep),
        v3_pool(5, DAI, one, USDC, one, fee_pips=100, **deep),
    )


def portfolio(usd_by_token: Mapping[Token, Decimal | int], *, coins: int = 120) -> Portfolio:
    """Return holdings worth so many dollars, by token."""
    price = {tokens_by_coin(coins)[coin]: usd for coin, usd in prices_by_coin(coins).items()}
    holdings = (
        Holding(token=held, amount=base_units(usd / price.get(held, Decimal(1)), held.decimals))
        for held, usd in ((t, Decimal(u)) for t, u in usd_by_token.items())
    )
    return Portfolio(account=VAULT, holdings=tuple(holdings))


def drifted(coins: int = 100, *, total_usd: int = 1_000_000) -> dict[Token, Decimal]:
    """Return a portfolio that once followed the ranking: a third too much, a third too little, some gone."""
    held = list(tokens_by_coin(coins).values())
    caps = [_cap(n) for n in range(1, coins + 1)]
    bend = {0: Decimal("1.3"), 1: Decimal("0.7"), 2: Decimal("1.02"), 3: Decimal(0)}
    worth = {t: cap * bend[n % 4] for n, (t, cap) in enumerate(zip(held, caps, strict=True))}
    whole = sum(worth.values())
    return {t: usd * total_usd / whole for t, usd in worth.items()}


def world(  # noqa: PLR0913 - each keyword bends one thing
    *,
    coins: int = 120,
    regime: Regime = Regime.BULLISH,
    usd_by_token: Mapping[Token, Decimal | int] | None = None,
    policy: Policy = POLICY,
    states: Iterable[PoolState] | None = None,
    positions: int = 6,
) -> PlanInputs:
    """Return the inputs of one cycle; without more said, of a drifted $1M portfolio."""
    known = tuple(pools(coins, positions=positions) if states is None else states)
    worth = drifted(min(coins, 100)) if usd_by_token is None else usd_by_token
    position = Position(
        block=Block(
            chain_id=1,
            number=25_000_000,
            hash="0x" + "ab" * 32,
            timestamp=NOW,
            base_fee_per_gas=10**9,
        ),
        contract=ContractState(
            address=VAULT,
            code_hash="0x" + "cd" * 32,
            owner=OWNER,
            agent=AGENT,
            sequence=7,
            is_paused=False,
            agent_nonce=11,
            agent_wei=2 * ETHER,
        ),
        portfolio=portfolio(worth, coins=coins),
        feeds=feeds(),
        pools=tuple(state.ref for state in known),
        priority_fee_per_gas=10**8,
    )
    return PlanInputs(
        cycle_id="index-2026-11-23T0000Z",
        ranking=ranking(coins),
        regime=RegimeSignal(
            regime=regime,
            probability=Decimal("0.8"),
            issued_at=datetime.fromtimestamp(NOW - 3_600, UTC),
            source="test",
            sha256="cc",
        ),
        stance=Stance(
            regime=regime, since=datetime.fromtimestamp(NOW - 3_600, UTC), why="a test says so"
        ),
        vetting=NO_FINDINGS,
        token_map=token_map(coins),
        chain_book=BOOK,
        policy=policy,
        position=position,
        pools=known,
    )


def with_policy(inputs: PlanInputs, **changes: Any) -> PlanInputs:
    return replace(inputs, policy=replace(inputs.policy, **changes))


def with_pools(inputs: PlanInputs, states: Iterable[PoolState]) -> PlanInputs:
    """Return the inputs with other pools, in the allowlist and read."""
    known = tuple(states)
    position = replace(inputs.position, pools=tuple(state.ref for state in known))
    return replace(inputs, position=position, pools=known)


def with_holdings(inputs: PlanInputs, holdings: Iterable[Holding]) -> PlanInputs:
    held = replace(inputs.position.portfolio, holdings=tuple(holdings))
    return replace(inputs, position=replace(inputs.position, portfolio=held))


def with_contract(inputs: PlanInputs, **changes: Any) -> PlanInputs:
    contract = replace(inputs.position.contract, **changes)
    return replace(inputs, position=replace(inputs.position, contract=contract))


def outcome(inputs: PlanInputs, planned: Plan) -> PlanInputs:
    """Return the inputs as they stand once every leg has paid exactly what was planned.

    Each leg is swapped anew against the pools, which must agree with the plan to the base unit.
    """
    states = {state.ref.address: state for state in inputs.pools}
    amounts = {h.token: h.amount for h in inputs.position.portfolio.holdings}
    for leg in (leg for batch in planned.batches for leg in batch.legs):
        assert isinstance(leg, Leg)
        swap = swap_exact_in(
            states[leg.pool], zero_for_one=leg.zero_for_one, amount_in=leg.amount_in
        )
        assert isinstance(swap, SwapResult)
        assert leg.amount_out == swap.amount_out
        states[leg.pool] = swap.pool_after
        amounts[leg.token_in] -= leg.amount_in
        assert amounts[leg.token_in] >= 0, f"{leg.order_id} spends more than there is"
        amounts[leg.token_out] = amounts.get(leg.token_out, 0) + leg.amount_out
    holdings = tuple(Holding(token=t, amount=amount) for t, amount in amounts.items() if amount)
    sequence = inputs.position.contract.sequence + len(planned.batches)
    return replace(
        with_contract(with_holdings(inputs, holdings), sequence=sequence),
        pools=tuple(states.values()),
    )
