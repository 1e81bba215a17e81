"""The rules of the ranking quarantine, one function each: a row against what was seen before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction

from agent.domain.signal import RankedCoin, Ranking
from agent.domain.token import Form, HeldAs, TokenMap
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM
from agent.domain.vetting import QuarantineRules, RankingMemory, Rule, Verdict
from agent.planning.kinds import is_duplicate, is_stablecoin

SUPPLY_CONTEXT = Context(prec=18)

Reason = tuple[Rule, Verdict | None, str]
"""A rule, its verdict (None: hold what is in, skip what is not), and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that the rules look at."""

    listed: Sequence[RankedCoin]
    memory: RankingMemory
    token_map: TokenMap
    rules: QuarantineRules
    first_by_symbol: Mapping[str, RankedCoin]
    issued_at: datetime
    present: frozenset[str]
    rows: int


def case_of(
    ranking: Ranking, memory: RankingMemory, token_map: TokenMap, rules: QuarantineRules
) -> Case:
    rows = sorted(ranking.coins, key=lambda coin: (coin.rank, coin.coin_id))
    first_by_symbol: dict[str, RankedCoin] = {}
    for row in rows:
        first_by_symbol.setdefault(row.symbol.upper(), row)
    return Case(
        listed=[row for row in rows if row.rank <= rules.list_ranks],
        memory=memory,
        token_map=token_map,
        rules=rules,
        first_by_symbol=first_by_symbol,
        issued_at=ranking.issued_at,
        present=frozenset(row.coin_id for row in rows),
        rows=len(rows),
    )


def implied_supply(row: RankedCoin) -> Decimal | None:
    """Return the supply that market cap and price imply, to 18 digits."""
    if row.price_usd is None or row.price_usd <= 0:
        return None
    return SUPPLY_CONTEXT.divide(row.market_cap_usd, row.price_usd)


def is_known(row: RankedCoin, token_map: TokenMap) -> bool:
    """Return whether the token map has looked at a coin: then its word counts, not the coin's name."""
    return row.coin_id in token_map.held_by_coin or row.coin_id in token_map.reason_by_coin


def _stablecoin(row: RankedCoin, case: Case) -> Reason | None:
    if is_known(row, case.token_map) or not is_stablecoin(row):
        return None
    return Rule.STABLECOIN, Verdict.SKIP, f"{row.name} at {row.price_usd} USD aims at a currency"


def _duplicate(row: RankedCoin, case: Case) -> Reason | None:
    if is_known(row, case.token_map) or not is_duplicate(row):
        return None
    return Rule.DUPLICATE, Verdict.SKIP, f"{row.name} is a form of a coin that is ranked itself"


def _sell_only(row: RankedCoin, case: Case) -> Reason | None:
    seen = case.memory.coins.get(row.coin_id)
    if seen is None or not seen.has_left or seen.back + 1 >= case.rules.readings_back:
        return None
    return (
        Rule.SELL_ONLY,
        Verdict.SKIP,
        f"it had left the list and is back for {seen.back + 1} of {case.rules.readings_back} rankings",
    )


def _young(row: RankedCoin, case: Case) -> Reason | None:
    seen = case.memory.coins.get(row.coin_id)
    since = row.listed_at
    if since is None and case.memory.began_at is not None:
        # What was there when we began to look is of unknown age, and passes.
        first = case.issued_at if seen is None else seen.first_seen_at
        since = first if first > case.memory.began_at else None
    if since is None or case.issued_at - since >= timedelta(days=case.rules.min_age_days):
        return None
    days = (case.issued_at - since).days
    return Rule.YOUNG, Verdict.SKIP, f"{days} days old, min_age_days is {case.rules.min_age_days}"


def _ticker(row: RankedCoin, case: Case) -> Reason | None:
    first = case.first_by_symbol[row.symbol.upper()]
    if first.coin_id == row.coin_id:
        return None
    return (
        Rule.TICKER,
        None,
        f"{row.symbol} is also {first.coin_id}, rank {first.rank}: which of them was meant is not sure",
    )


def _contract(row: RankedCoin, case: Case) -> Reason | None:
    held = case.token_map.lookup(row.coin_id)
    if row.contract is None or not isinstance(held, HeldAs) or held.form is Form.WRAPPED:
        return None
    if row.contract.lower() == held.token.address.lower():
        return None
    return (
        Rule.CONTRACT,
        None,
        f"the feed says {row.contract}, the token map {held.token.address}",
    )


def _rank_jump(row: RankedCoin, case: Case) -> Reason | None:
    if not case.memory.coins or not case.rules.max_rank_jump:
        return None
    seen = case.memory.coins.get(row.coin_id)
    before = case.memory.rows + 1 if seen is None else seen.rank
    places = abs(before - row.rank)
    if places <= case.rules.max_rank_jump:
        return None
    return (
        Rule.RANK_JUMP,
        None,
        f"from {before} to {row.rank}, {places} places, max_rank_jump is {case.rules.max_rank_jump}",
    )


def _cap_mismatch(row: RankedCoin, case: Case) -> Reason | None:
    supply, most = row.circulating_supply, case.rules.max_cap_mismatch_ppm
    if row.price_usd is None or not supply or not most:
        return None
    product = Fraction(row.price_usd) * Fraction(supply)
    apart_ppm = _apart_ppm(Fraction(row.market_cap_usd), product)
    if apart_ppm <= most:
        return None
    return (
        Rule.CAP_MISMATCH,
        None,
        (
            f"its cap of {row.market_cap_usd:.0f} USD and price x supply are {apart_ppm} ppm apart, "
            f"max_cap_mismatch_ppm is {most}"
        ),
    )


def _supply_jump(row: RankedCoin, case: Case) -> Reason | None:
    seen, most = case.memory.coins.get(row.coin_id), case.rules.max_supply_jump_ppm
    supply = implied_supply(row)
    if seen is None or not seen.supply or not supply or not most:
        return None
    apart_ppm = _apart_ppm(Fraction(supply), Fraction(seen.supply))
    if apart_ppm <= most:
        return None
    return (
        Rule.SUPPLY_JUMP,
        None,
        (
            f"cap and price imply {supply:.0f} coins, the ranking before {seen.supply:.0f}: "
            f"{apart_ppm} ppm apart, max_supply_jump_ppm is {most}"
        ),
    )


RULES: Sequence[Callable[[RankedCoin, Case], Reason | None]] = (
    _stablecoin,
    _duplicate,
    _sell_only,
    _young,
    _ticker,
    _contract,
    _rank_jump,
    _cap_mismatch,
    _supply_jump,
)


def _apart_ppm(one: Fraction, other: Fraction) -> int:
    low, high = sorted((one, other))
    return int((high / low - 1) * ONE_HUNDRED_PERCENT_PPM)
