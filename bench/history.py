"""The decisions replayed weekly over real prices and market caps: turnover, churn at the border, switches.

    AGENT_HISTORY_DIR=DIR .venv/bin/python -m bench.history

DIR holds prices_daily.parquet (asset, date, price_usd, market_cap_usd) and token_universe.csv (asset,
class). No pool is known of that time: orders trade at the day's price less a flat cost, and the gate
that needs a pool's cost lets everything pass. Members, weights, bands and budgets are the planner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate, pairwise

from agent.domain.memory import NOTHING_REMEMBERED
from agent.domain.policy import Policy
from agent.domain.portfolio import Holding, Portfolio, Price
from agent.domain.regime import BEGINNING, RegimeRead, RegimeRules, after
from agent.domain.rules import IndexRules
from agent.domain.signal import Regime
from agent.domain.token import Token, TokenMap
from agent.domain.units import Address, Ppm, base_units, whole_tokens
from agent.planning.bands import banded
from agent.planning.budgets import left, within_budget
from agent.planning.funding import balanced
from agent.planning.gas import GasPrice
from agent.planning.money import reckoned
from agent.planning.order_costs import CostEstimator
from agent.planning.pricing import Market
from agent.planning.rebalance import Wants, wants
from agent.planning.standing import Standing, standing
from agent.planning.targets import basket
from agent.settings.index import DriftSettings
from agent.settings.model import PolicySettings
from agent.settings.regime import RegimeSettings
from bench.history_data import (
    DECIMALS,
    FILES,
    FIRST,
    PLACE,
    History,
    Row,
    load,
    noon,
    place,
    ranking_of,
    token_map_of,
)

START_USD = Decimal(1_000_000)
COST = Decimal("0.003")
MEAN_DAYS = 200
NATIVE = Token(chain_id=1, address=Address("0xN"), symbol="N", decimals=DECIMALS)
CASH = Token(chain_id=1, address=Address("0xC"), symbol="CASH", decimals=DECIMALS)
HUBS = (NATIVE, CASH)


@dataclass(kw_only=True)
class Replay:
    """What came of the weeks: shares of the portfolio in ppm, and counts."""

    weeks: int = 0
    turnover_ppm: list[int] = field(default_factory=list)
    entries: int = 0
    exits: int = 0
    back_again: int = 0
    orders: int = 0
    end_usd: Decimal = Decimal(0)

    @property
    def churn_a_year(self) -> float:
        """Return the entries and exits of a year, the first basket not counted."""
        return (self.entries + self.exits) * 52 / self.weeks

    @property
    def turnover_a_year(self) -> float:
        """Return sells and buys together in portfolios a year, the first purchase not counted."""
        later = self.turnover_ppm[1:]
        return sum(later) * 52 / len(later) / 1_000_000


def replay(history: History, policy: Policy) -> Replay:
    """Return what the policy would have done, week by week, from cash."""
    weeks, found = sorted(history.mondays), Replay()
    token_map = token_map_of(history)
    amounts: dict[Token, int] = {CASH: base_units(START_USD, DECIMALS)}
    before: frozenset[str] = frozenset()
    ever: set[str] = set()
    for day in weeks:
        asked, members = _decided(history.mondays[day], day, token_map, policy, amounts)
        if found.weeks:
            found.entries += len(members - before)
            found.exits += len(before - members)
            found.back_again += len((members - before) & ever)
        ever |= members
        before = members
        found.weeks += 1
        found.orders += len(asked.wants.sells) + len(asked.wants.buys)
        found.turnover_ppm.append(_trade(asked, amounts))
        found.end_usd = asked.standing.total_usd
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    standing: Standing
    wants: Wants
    market: Market


@reckoned
def _decided(
    rows: Mapping[str, Row],
    day: date,
    token_map: TokenMap,
    policy: Policy,
    amounts: Mapping[Token, int],
) -> tuple[_Asked, frozenset[str]]:
    """Return what the planner's functions want of a Monday, and the index's members."""
    prices = {NATIVE.address: _price(Decimal(1)), CASH.address: _price(Decimal(1))}
    for asset, row in rows.items():
        if asset in token_map.held_by_coin:
            prices[token_map.held_by_coin[asset].token.address] = _price(row.price_usd)
    market = Market(price_by_token=prices, obstacle_by_token={}, doubt_by_token={})
    portfolio = Portfolio(
        account=Address("0x"),
        holdings=tuple(Holding(token=t, amount=n) for t, n in sorted(amounts.items()) if n > 0),
    )
    held = frozenset(h.token.address for h in portfolio.holdings if _worth(h, prices) >= 1)
    wanted = basket(
        ranking=ranking_of(rows, day),
        regime=Regime.BULLISH,
        token_map=token_map,
        policy=policy,
        obstacle_by_token={},
        held=held,
    )
    stood = standing(
        portfolio=portfolio,
        basket=wanted,
        market=market,
        policy=policy,
        coin_by_token={h.token.address: coin for coin, h in token_map.held_by_coin.items()},
        native=NATIVE,
    )
    asked = _wanted(stood, market, policy, day)
    return asked, frozenset(target.held_as.coin_id for target in wanted.targets)


def _wanted(stood: Standing, market: Market, policy: Policy, day: date) -> _Asked:
    gas = GasPrice(wei_per_gas=1, native=NATIVE, price_by_token=market.price_by_token)
    estimator = CostEstimator((), hubs=HUBS, market=market, gas_price=gas)
    stands = banded(
        stood,
        policy=policy,
        is_trending=False,
        estimator=estimator,
        memory=NOTHING_REMEMBERED,
        now=int(noon(day).timestamp()),
        native=NATIVE,
    )
    due = wants(stands, hubs=HUBS, market=market, policy=policy, resting=())
    fitting = within_budget(
        balanced(due, stands, market=market, policy=policy),
        left(policy, NOTHING_REMEMBERED, stands.total_usd),
        total_usd=stands.total_usd,
        market=market,
        policy=policy,
        estimator=estimator,
    )
    return _Asked(standing=stands, wants=fitting, market=market)


def _trade(asked: _Asked, amounts: dict[Token, int]) -> int:
    """Carry the wants out at the day's prices less the flat cost, and return the turnover in ppm."""
    traded = Decimal(0)
    for want in asked.wants.sells:
        amounts[want.stand.token] -= want.amount
        traded += want.notional_usd
        amounts[CASH] += base_units(want.notional_usd * (1 - COST), DECIMALS)
    cash = whole_tokens(amounts[CASH], DECIMALS)
    needed = sum((want.notional_usd for want in asked.wants.buys), start=Decimal(0))
    share = min(Decimal(1), cash / needed) if needed else Decimal(0)
    for want in asked.wants.buys:
        usd, token = want.notional_usd * share, want.stand.token
        price = asked.market.price_by_token[token.address].usd
        amounts[token] = amounts.get(token, 0) + base_units(usd * (1 - COST) / price, DECIMALS)
        amounts[CASH] -= base_units(usd, DECIMALS)
        traded += usd
    return int(traded * 1_000_000 / asked.standing.total_usd)


def switches(history: History, rules: RegimeRules) -> tuple[int, int]:
    """Return how often bitcoin crossed its 200-day mean, and how often the stance followed."""
    reads = list(_reads(history, rules))
    crossings = sum(a.regime is not b.regime for a, b in pairwise(reads))
    states = list(accumulate(reads, after, initial=BEGINNING))[1:]
    turns = sum(a.stance is not b.stance for a, b in pairwise(states))
    return crossings, turns


def _reads(history: History, rules: RegimeRules) -> Iterator[RegimeRead]:
    days = sorted(history.bitcoin)
    for n in range(MEAN_DAYS, len(days)):
        if days[n] < FIRST:
            continue
        mean = sum(history.bitcoin[d] for d in days[n - MEAN_DAYS : n]) / MEAN_DAYS
        is_up = history.bitcoin[days[n]] > mean
        yield RegimeRead(
            regime=Regime.BULLISH if is_up else Regime.BEARISH,
            probability=Decimal("0.7"),
            issued_at=noon(days[n]),
            sha256="",
            at=noon(days[n]),
            rules=rules,
        )


def _price(usd: Decimal) -> Price:
    return Price(usd=usd, source="history")


def _worth(holding: Holding, prices: Mapping[Address, Price]) -> Decimal:
    price = prices.get(holding.token.address)
    whole = whole_tokens(holding.amount, holding.token.decimals)
    return Decimal(0) if price is None else whole * price.usd


def policies() -> Mapping[str, Policy]:
    """Return the default policy without and with the buffer, and with narrower and wider bands."""
    plain = replace(
        PolicySettings().policy(), drift=DriftSettings(risk_aversion=Decimal(0)).rules()
    )
    buffered = IndexRules(enter_place=95, leave_place=110)
    return {
        "no buffer": plain,
        "buffer 95/110": replace(plain, index=buffered),
        "buffer, bands doubled": replace(
            plain, index=buffered, drift=replace(plain.drift, range_band_ppm=Ppm(2_000_000))
        ),
    }


def main() -> None:
    directory = place()
    if directory is None:
        raise SystemExit(f"set {PLACE} to a directory with {' and '.join(FILES)}")
    history = load(directory)
    print(f"{len(history.mondays)} Mondays from {min(history.mondays)} to {max(history.mondays)}")
    print(
        f"{'':24}{'turnover/y':>12}{'churn/y':>10}{'back again':>12}{'orders/week':>13}{'end':>14}"
    )
    for name, policy in policies().items():
        seen = replay(history, policy)
        print(
            f"{name:24}{seen.turnover_a_year:>11.2f}x{seen.churn_a_year:>10.1f}{seen.back_again:>12}"
            f"{seen.orders / seen.weeks:>13.1f}{seen.end_usd:>14,.0f}"
        )
    crossings, turns = switches(history, RegimeSettings().rules())
    print(f"bitcoin against its {MEAN_DAYS}-day mean: {crossings} crossings, {turns} switches")


if __name__ == "__main__":
    main()
