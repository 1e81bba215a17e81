"""The ranking quarantine: each rule with its verdict and numbers, and what becomes of a plan under it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.canonical import from_json, to_json
from agent.domain.signal import RankedCoin, Ranking, Regime
from agent.domain.vetting import (
    NOTHING_SEEN,
    Finding,
    RankingMemory,
    Rule,
    Verdict,
    Vetting,
)
from agent.planning.planner import plan
from agent.planning.quarantine import remembered, stops, vetted
from tests.worlds import QUARANTINE, coin_token, token_map, world

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
RULES = replace(QUARANTINE, list_ranks=10, max_rank_jump=4, max_turnover_ppm=500_000)
MAP = token_map(40)
SUPPLY = 10**6


def row(rank, number, **changes):
    """Return the coin `coin-<number>` at a rank, worth 10^9 dollars over the rank, at 10^6 coins."""
    cap = Decimal(10**9 // rank)
    coin = RankedCoin(
        rank=rank,
        coin_id=f"coin-{number:03d}",
        symbol=f"C{number:03d}",
        name=f"Coin {number}",
        market_cap_usd=cap,
        price_usd=cap / SUPPLY,
    )
    return replace(coin, **changes)


def ranked(week, *numbers, **changes_by_coin):
    """Return the ranking of a week: these coins in this order, some of them bent."""
    coins = tuple(
        row(rank, number, **changes_by_coin.get(f"c{number}", {}))
        for rank, number in enumerate(numbers, start=1)
    )
    return Ranking(
        issued_at=START + week * WEEK, source="test", coins=coins, sha256=f"week {week} {numbers}"
    )


USUAL = tuple(range(3, 18))


def after(*rankings, rules=RULES):
    memory = NOTHING_SEEN
    for ranking in rankings:
        vetting = vetted(ranking, memory=memory, token_map=MAP, rules=rules)
        memory = remembered(ranking, vetting, memory=memory, rules=rules)
    return memory


def findings(ranking, memory=None, rules=RULES):
    memory = after(ranked(0, *USUAL)) if memory is None else memory
    found = vetted(ranking, memory=memory, token_map=MAP, rules=rules).findings
    return {f.coin_id: (f.rule, f.verdict) for f in found}


def moved(number, to):
    rest = [n for n in USUAL if n != number]
    return (*rest[: to - 1], number, *rest[to - 1 :])


def test_a_first_ranking_and_an_unchanged_one_pass():
    assert findings(ranked(0, *USUAL), NOTHING_SEEN) == {}
    assert findings(ranked(1, *USUAL)) == {}


def test_a_jump_within_the_list_is_held_and_one_into_it_stays_out():
    assert (Rule.RANK_JUMP, Verdict.HOLD) == findings(ranked(1, *moved(12, 2)))["coin-012"]
    assert (Rule.RANK_JUMP, Verdict.SKIP) == findings(ranked(1, *moved(17, 2)))["coin-017"]
    assert findings(ranked(1, *moved(12, 6))) == {}


def test_a_jump_that_the_next_ranking_confirms_passes():
    memory = after(ranked(0, *USUAL), ranked(1, *moved(17, 2)))

    assert findings(ranked(2, *moved(17, 2)), memory) == {}


def test_a_held_coin_keeps_the_row_that_it_had():
    memory = after(ranked(0, *USUAL))
    (found,) = (
        f
        for f in vetted(
            ranked(1, *moved(12, 2)), memory=memory, token_map=MAP, rules=RULES
        ).findings
        if f.coin_id == "coin-012"
    )

    assert (10, Decimal(10**8)) == (found.as_before.rank, found.as_before.market_cap_usd)


def test_a_coin_that_is_suddenly_missing_is_held_once_and_then_gone():
    without = tuple(n for n in USUAL if n != 4)
    first = ranked(1, *without)
    memory = after(ranked(0, *USUAL), first)

    assert (Rule.MISSING, Verdict.HOLD) == findings(first)["coin-004"]
    assert "coin-004" not in findings(ranked(2, *without), memory)
    gone = after(ranked(0, *USUAL), first, ranked(2, *without))
    assert gone.coins["coin-004"].has_left


def test_a_coin_that_left_is_not_bought_until_it_is_back_for_its_readings():
    # It fades from rank 10 to 11, out of the list, and comes back.
    out, back = moved(12, 11), USUAL
    memory = after(ranked(0, *USUAL), ranked(1, *out))

    assert memory.coins["coin-012"].has_left
    assert (Rule.SELL_ONLY, Verdict.SKIP) == findings(ranked(2, *back), memory)["coin-012"]
    later = after(ranked(0, *USUAL), ranked(1, *out), ranked(2, *back))
    assert findings(ranked(3, *back), later) == {}


def test_a_coin_that_leaves_again_begins_to_count_anew():
    out = moved(12, 11)
    memory = after(ranked(0, *USUAL), ranked(1, *out), ranked(2, *USUAL), ranked(3, *out))

    assert (Rule.SELL_ONLY, Verdict.SKIP) == findings(ranked(4, *USUAL), memory)["coin-012"]


@pytest.mark.parametrize(
    ("supply", "is_odd"), [(SUPPLY, False), (2 * SUPPLY, True), (SUPPLY // 2, True)]
)
def test_a_cap_that_is_not_price_times_supply_is_suspicious(supply, is_odd):
    bent = ranked(1, *USUAL, c5={"circulating_supply": Decimal(supply)})

    assert is_odd is (findings(bent).get("coin-005") == (Rule.CAP_MISMATCH, Verdict.HOLD))


def test_a_supply_that_jumps_between_rankings_is_suspicious():
    bent = ranked(1, *USUAL, c5={"price_usd": row(3, 5).price_usd / 2})

    assert (Rule.SUPPLY_JUMP, Verdict.HOLD) == findings(bent)["coin-005"]


def test_of_two_coins_with_one_ticker_the_lesser_is_suspicious():
    bent = ranked(1, *USUAL, c5={"symbol": "c004"})

    assert {"coin-005": (Rule.TICKER, Verdict.HOLD)} == findings(
        replace(bent, coins=tuple(replace(c, symbol=c.symbol.upper()) for c in bent.coins))
    )


def test_a_contract_that_is_not_the_token_maps_is_suspicious():
    ours = coin_token(5).address
    theirs = coin_token(6).address

    assert findings(ranked(1, *USUAL, c5={"contract": ours.lower()})) == {}
    found = findings(ranked(1, *USUAL, c5={"contract": theirs}))
    assert {"coin-005": (Rule.CONTRACT, Verdict.HOLD)} == found


@pytest.mark.parametrize(
    ("bent", "rule"),
    [
        ({"coin_id": "x", "symbol": "USDX", "price_usd": Decimal("0.98")}, Rule.STABLECOIN),
        ({"coin_id": "x", "name": "Some Dollar", "price_usd": Decimal(1)}, Rule.STABLECOIN),
        ({"coin_id": "x", "name": "Wrapped Coin"}, Rule.DUPLICATE),
        ({"coin_id": "x", "name": "Lido Staked Ether"}, Rule.DUPLICATE),
        ({"coin_id": "x", "name": "Binance Bridged USDT (BNB)", "price_usd": None}, Rule.DUPLICATE),
    ],
)
def test_what_is_no_index_member_by_its_words_is_skipped(bent, rule):
    found = findings(ranked(0, *USUAL, c9=bent), NOTHING_SEEN)["x"]

    assert found[1] is Verdict.SKIP
    assert found[0] in {rule, Rule.STABLECOIN}


def test_a_coin_that_the_token_map_holds_is_not_judged_by_its_words():
    assert findings(ranked(1, *USUAL, c9={"name": "Wrapped Nine"})) == {}


def test_a_young_coin_is_skipped_by_the_feeds_date_or_by_ours():
    listed = START + WEEK - timedelta(days=29)
    old = START + WEEK - timedelta(days=31)

    assert (Rule.YOUNG, Verdict.SKIP) == findings(ranked(1, *USUAL, c9={"listed_at": listed}))[
        "coin-009"
    ]
    assert findings(ranked(1, *USUAL, c9={"listed_at": old})) == {}
    memory = after(ranked(0, *USUAL), ranked(1, *USUAL[:7], 30, *USUAL[7:]))
    assert (Rule.YOUNG, Verdict.SKIP) == findings(ranked(2, *USUAL[:7], 30, *USUAL[7:]), memory)[
        "coin-030"
    ]


def test_an_exempt_coin_passes():
    rules = replace(RULES, exempt=("coin-012",))

    assert "coin-012" not in findings(ranked(1, *moved(12, 2)), rules=rules)


def test_too_many_changes_at_once_stop_the_ranking():
    memory = after(ranked(0, *USUAL))

    def stopped(ranking):
        return stops(ranking, memory=memory, token_map=MAP, rules=RULES)

    assert "6 of 10 coins left the list at once" in stopped(ranked(1, *range(9, 24)))
    assert stopped(ranked(1, *USUAL)) is None
    heavy = ranked(1, *USUAL, c12={"market_cap_usd": Decimal(10**11)})
    assert "of the list's weight moved at once" in stopped(heavy)


def test_a_memory_survives_its_canonical_form():
    memory = after(ranked(0, *USUAL), ranked(1, *moved(12, 11)))

    assert memory == from_json(RankingMemory, to_json(memory))


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(15)), bends=st.sets(st.integers(3, 17), max_size=4))
def test_the_order_of_rows_changes_nothing(order, bends):
    bent = ranked(1, *moved(12, 2), **{f"c{n}": {"symbol": "SAME"} for n in bends})
    shuffled = replace(bent, coins=tuple(bent.coins[i] for i in order))
    memory = after(ranked(0, *USUAL))

    one, other = (vetted(r, memory=memory, token_map=MAP, rules=RULES) for r in (bent, shuffled))

    assert one == other
    assert remembered(bent, one, memory=memory, rules=RULES) == remembered(
        shuffled, other, memory=memory, rules=RULES
    )


@settings(max_examples=60, deadline=None)
@given(weeks=st.lists(st.permutations(USUAL), min_size=2, max_size=8))
def test_a_coin_that_left_is_in_no_index_before_its_readings(weeks):
    memory, absent_for = NOTHING_SEEN, {}
    for week, order in enumerate(weeks):
        ranking = ranked(week, *order)
        vetting = vetted(ranking, memory=memory, token_map=MAP, rules=RULES)
        passed = {c.coin_id for c in ranking.coins if c.rank <= 10} - set(
            vetting.reasons(Verdict.SKIP)
        )
        for coin, back in absent_for.items():
            assert coin not in passed or back + 1 >= RULES.readings_back
        memory = remembered(ranking, vetting, memory=memory, rules=RULES)
        absent_for = {c: seen.back for c, seen in memory.coins.items() if seen.has_left}


def finding(coin_id, verdict, **changes):
    made = Finding(
        coin_id=coin_id, symbol="X", rank=5, verdict=verdict, rule=Rule.RANK_JUMP, reason="test"
    )
    return replace(made, **changes)


def vetoed(*found, min_depth_usd=0, **bends):
    inputs = world(coins=12, **bends)
    vetting = Vetting(findings=found, min_depth_usd=Decimal(min_depth_usd))
    return replace(inputs, vetting=vetting)


def traded(made):
    return {order.coin_id for order in made.orders}


def targets(made):
    return {target.held_as.coin_id for target in made.basket.targets}


def test_a_skipped_coin_is_no_member_and_what_is_held_of_it_is_sold():
    made = plan(vetoed(finding("coin-005", Verdict.SKIP)), proposal_id="")

    assert "coin-005" not in targets(made)
    assert "sell" in {str(o.side) for o in made.orders if o.coin_id == "coin-005"}
    (reason,) = (out.reason for out in made.basket.left_out if out.coin_id == "coin-005")
    assert reason == "quarantined: rank_jump: test"


def test_a_held_coin_is_not_traded_and_that_is_said():
    made = plan(vetoed(finding("coin-005", Verdict.HOLD)), proposal_id="")

    assert "coin-005" in targets(made)
    assert "coin-005" not in traded(made)
    assert "on hold: C005: rank_jump: test" in made.basket.notes
    assert "on hold: C005: rank_jump: test" in {s.reason for s in made.skipped}


def test_a_cap_that_is_not_believed_moves_no_other_weight():
    calm = plan(vetoed(), proposal_id="")
    inputs = vetoed()
    before = next(c for c in inputs.ranking.coins if c.coin_id == "coin-005")
    poisoned = replace(
        inputs.ranking,
        coins=tuple(
            replace(c, market_cap_usd=c.market_cap_usd * 1000) if c is before else c
            for c in inputs.ranking.coins
        ),
    )
    held = finding("coin-005", Verdict.HOLD, as_before=before)

    made = plan(
        replace(inputs, ranking=poisoned, vetting=Vetting(findings=(held,))), proposal_id=""
    )

    assert calm.basket.targets == made.basket.targets


def test_a_coin_below_the_depth_floor_is_held_if_it_is_in():
    made = plan(vetoed(min_depth_usd=10**12), proposal_id="")

    assert traded(made) <= {"ethereum"} | {
        o.coin_id for o in made.orders if str(o.side) == "convert"
    }
    assert any("depth: its pools hold" in note for note in made.basket.notes)


def test_a_coin_below_the_depth_floor_is_not_bought():
    inputs = vetoed(min_depth_usd=10**12)
    sold = tuple(h for h in inputs.position.portfolio.holdings if h.token != coin_token(5))
    position = replace(inputs.position, portfolio=replace(inputs.position.portfolio, holdings=sold))

    made = plan(replace(inputs, position=position), proposal_id="")

    assert "coin-005" not in targets(made)


def test_a_way_out_is_not_held_back():
    inputs = vetoed(finding("coin-005", Verdict.HOLD), min_depth_usd=10**12, regime=Regime.BEARISH)

    made = plan(inputs, proposal_id="")

    assert "coin-005" in traded(made)
    assert targets(made) == {"usd-coin", "tether"}
