"""The ranking quarantine: a ranking against what was seen before it, to a verdict on each odd coin.

What is merely suspicious is not acted on for one reading: a coin that is in is held, one that is not
stays out. What is no index member by nature is skipped. Too much at once stops the ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from agent.domain.signal import RankedCoin, Ranking
from agent.domain.token import TokenMap
from agent.domain.units import ONE_HUNDRED_PERCENT_PPM
from agent.domain.vetting import (
    Finding,
    QuarantineRules,
    RankingMemory,
    Rule,
    SeenCoin,
    Verdict,
    Vetting,
)
from agent.planning.quarantine_rules import RULES, Case, case_of, implied_supply


def vetted(
    ranking: Ranking, *, memory: RankingMemory, token_map: TokenMap, rules: QuarantineRules
) -> Vetting:
    """Return a verdict for each coin that some rule objects to; of several the first rule counts.

    Whether too much changed at once is `stops`.
    """
    case = case_of(ranking, memory, token_map, rules)
    found = [*_odd_coins(case), *_missing_coins(case)]
    return Vetting(
        findings=tuple(sorted(found, key=lambda f: (f.rank, f.coin_id))),
        min_depth_usd=rules.min_depth_usd,
        exempt=tuple(sorted(rules.exempt)),
    )


def stops(
    ranking: Ranking, *, memory: RankingMemory, token_map: TokenMap, rules: QuarantineRules
) -> str | None:
    """Return why the ranking as a whole is not to be acted on, None if it is."""
    if not memory.coins or not rules.max_turnover_ppm:
        return None
    case = case_of(ranking, memory, token_map, rules)
    before = {coin: seen for coin, seen in memory.coins.items() if seen.is_listed}
    now = {coin.coin_id: coin for coin in case.listed}
    gone = sorted(before.keys() - now.keys())
    turned_ppm = len(gone) * ONE_HUNDRED_PERCENT_PPM // max(1, len(before))
    if turned_ppm > rules.max_turnover_ppm:
        return (
            f"{len(gone)} of {len(before)} coins left the list at once ({_most(turned_ppm, rules)})"
        )
    moved_ppm = _moved_ppm(
        {coin: Fraction(seen.market_cap_usd) for coin, seen in before.items()},
        {coin: Fraction(row.market_cap_usd) for coin, row in now.items()},
    )
    if moved_ppm > rules.max_turnover_ppm:
        return f"{moved_ppm} ppm of the list's weight moved at once ({_most(moved_ppm, rules)})"
    return None


def remembered(
    ranking: Ranking, vetting: Vetting, *, memory: RankingMemory, rules: QuarantineRules
) -> RankingMemory:
    """Return the memory once a ranking is acted on."""
    rows = {coin.coin_id: coin for coin in ranking.coins}
    held = vetting.reasons(Verdict.HOLD)
    coins = {
        coin: _seen(rows.get(coin), memory.coins.get(coin), ranking, rules, is_held=coin in held)
        for coin in sorted({*rows, *memory.coins})
    }
    return RankingMemory(
        began_at=memory.began_at or ranking.issued_at,
        issued_at=ranking.issued_at,
        ranking_sha256=ranking.sha256,
        rows=len(ranking.coins),
        coins={coin: seen for coin, seen in coins.items() if coin in rows or _is_to_keep(seen)},
    )


def _is_to_keep(seen: SeenCoin) -> bool:
    """Return whether a coin without a row is kept in mind: it may come back."""
    return seen.is_listed or seen.has_left


def _seen(
    row: RankedCoin | None,
    before: SeenCoin | None,
    ranking: Ranking,
    rules: QuarantineRules,
    *,
    is_held: bool,
) -> SeenCoin:
    """Return what is known of a coin from now on; `is_held` is whether the quarantine holds it."""
    is_listed = row is not None and row.rank <= rules.list_ranks
    was_listed = before is not None and before.is_listed
    had_left = before is not None and before.has_left
    back = before.back + 1 if before is not None and had_left and is_listed else 0
    is_back = had_left and back >= max(1, rules.readings_back)
    has_left = (had_left and not is_back) or (was_listed and not is_listed and not is_held)
    seen = before if row is None else _seen_row(row, before, ranking)
    assert seen is not None, "a coin has a row or a past"  # noqa: S101
    return replace(
        seen,
        rank=len(ranking.coins) + 1 if row is None else row.rank,
        is_listed=is_listed or (was_listed and is_held),
        has_left=has_left,
        back=back if has_left else 0,
    )


def _seen_row(row: RankedCoin, before: SeenCoin | None, ranking: Ranking) -> SeenCoin:
    return SeenCoin(
        symbol=row.symbol,
        rank=row.rank,
        market_cap_usd=row.market_cap_usd,
        supply=implied_supply(row),
        first_seen_at=ranking.issued_at if before is None else before.first_seen_at,
        is_listed=False,
        has_left=False,
        back=0,
    )


def _odd_coins(case: Case) -> Iterator[Finding]:
    for row in case.listed:
        if row.coin_id in case.rules.exempt:
            continue
        found = next((r for rule in RULES if (r := rule(row, case)) is not None), None)
        if found is not None:
            rule, verdict, reason = found
            seen = case.memory.coins.get(row.coin_id)
            verdict = verdict or _of_suspicion(seen)
            is_held = verdict is Verdict.HOLD
            yield Finding(
                coin_id=row.coin_id,
                symbol=row.symbol,
                rank=row.rank,
                verdict=verdict,
                rule=rule,
                reason=reason,
                as_before=_as_before(row.coin_id, seen, row.name) if is_held and seen else None,
            )


def _missing_coins(case: Case) -> Iterator[Finding]:
    """Yield the coins of the list that are gone without having been near its end."""
    for coin_id, seen in case.memory.coins.items():
        is_gone = seen.is_listed and not seen.has_left and coin_id not in case.present
        fell = case.rows + 1 - seen.rank
        if is_gone and case.rules.max_rank_jump and fell > case.rules.max_rank_jump:
            yield Finding(
                coin_id=coin_id,
                symbol=seen.symbol,
                rank=case.rows + 1,
                verdict=Verdict.HOLD,
                rule=Rule.MISSING,
                reason=f"it was rank {seen.rank} and is not among {case.rows} rows; "
                "held until the next ranking says so too",
                as_before=_as_before(coin_id, seen, seen.symbol),
            )


def _as_before(coin_id: str, seen: SeenCoin, name: str) -> RankedCoin:
    return RankedCoin(
        rank=seen.rank,
        coin_id=coin_id,
        symbol=seen.symbol,
        name=name,
        market_cap_usd=seen.market_cap_usd,
        price_usd=None,
    )


def _of_suspicion(seen: SeenCoin | None) -> Verdict:
    is_in = seen is not None and seen.is_listed and not seen.has_left
    return Verdict.HOLD if is_in else Verdict.SKIP


def _moved_ppm(before: Mapping[str, Fraction], now: Mapping[str, Fraction]) -> int:
    """Return half the sum of all changes of weight, what is sold of one list to hold the other."""
    wholes = sum(before.values()), sum(now.values())
    if not all(wholes):
        return 0
    moved = sum(
        abs(now.get(c, Fraction(0)) / wholes[1] - before.get(c, Fraction(0)) / wholes[0])
        for c in before.keys() | now.keys()
    )
    return int(moved / 2 * ONE_HUNDRED_PERCENT_PPM)


def _most(found_ppm: int, rules: QuarantineRules) -> str:
    return f"{found_ppm} ppm, max_turnover_ppm is {rules.max_turnover_ppm}"
