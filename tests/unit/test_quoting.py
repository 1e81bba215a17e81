"""Quotes name each pool's answer at each size, and why a pool lost."""

from agent.domain.pool import PoolKind, PoolState
from agent.domain.quote import Quote, QuoteRequest
from agent.domain.swap import Shortfall, SwapResult, Unfillable
from agent.domain.token import Token
from agent.planning.quoting import quotes, verdicts
from agent.planning.splitting import Candidate, Split
from agent.planning.swapping import swap_exact_in
from tests.pools import TOKEN0, TOKEN1, v2_pool, v3_pool
from tests.reference.splitting import split

SIZES = (10**18, 10**20)
REQUEST = QuoteRequest(
    order_id="sell:uniswap",
    token_in=Token(chain_id=1, address=TOKEN0, symbol="UNI", decimals=18),
    token_out=Token(chain_id=1, address=TOKEN1, symbol="WETH", decimals=18),
    amounts_in=SIZES,
)
GOOD = v2_pool(10**24, 10**24)
DEAR = v2_pool(10**24, 98 * 10**22, number=1)
COSTLY = v2_pool(10**24, 10**24, number=2)
NARROW = v3_pool({-60: 10**21, 60: -(10**21)}, scanned=(-15360, 15300), number=3)


def leg_gas(kind: PoolKind, ticks_crossed: int) -> int:
    return {PoolKind.V2: 60_000, PoolKind.V3: 65_000}[kind] + 24_000 * ticks_crossed


def candidate(pool: PoolState, gas_cost_out: int = 0) -> Candidate:
    return Candidate(pool=pool, zero_for_one=True, gas_cost_out=gas_cost_out)


CANDIDATES = (candidate(GOOD), candidate(DEAR), candidate(COSTLY, 10**19), candidate(NARROW))


def found() -> Split:
    result = split(SIZES[-1], CANDIDATES)
    assert isinstance(result, Split)
    return result


def all_quotes() -> tuple[Quote, ...]:
    return quotes(REQUEST, candidates=CANDIDATES, split=found(), leg_gas=leg_gas)


def test_every_pool_is_quoted_at_every_size() -> None:
    expected = [(c.pool.ref.address, size) for c in CANDIDATES for size in SIZES]

    assert expected == [(quote.venue, quote.amount_in) for quote in all_quotes()]


def test_a_quote_is_what_the_pool_alone_would_pay() -> None:
    swap = swap_exact_in(GOOD, zero_for_one=True, amount_in=SIZES[1])
    assert isinstance(swap, SwapResult)

    assert (swap.amount_out, 60_000) == (all_quotes()[1].amount_out, all_quotes()[1].gas)


def test_the_taken_share_is_named() -> None:
    quote, share = all_quotes()[0], found().allocations[0]

    assert share == quote.taken_amount_in
    assert f"takes {share * 10**6 // SIZES[-1]} ppm of the order" == quote.verdict


def test_a_loser_says_why() -> None:
    dear, costly = verdicts(CANDIDATES, found())[1:3]

    assert dear.startswith("its first unit pays 19")
    assert "would add less than its gas costs" == costly
    assert 0 == all_quotes()[2].taken_amount_in


def test_a_size_that_does_not_fit_is_no_offer() -> None:
    fits, too_large = all_quotes()[6:]

    assert fits.amount_out > 0
    assert (0, 0) == (too_large.amount_out, too_large.gas)
    assert str(Shortfall.BEYOND_SCAN) in too_large.verdict


def test_a_pool_without_liquidity_says_so() -> None:
    empty = candidate(v2_pool(0, 0, number=4))
    result = split(10**18, (candidate(GOOD), empty))

    assert "has no liquidity at its price" == verdicts((candidate(GOOD), empty), result)[1]


def test_an_order_that_fits_nowhere_loses_every_quote() -> None:
    refusal = Unfillable(shortfall=Shortfall.EXHAUSTED, absorbed=0)

    assert ("order not traded: " + Shortfall.EXHAUSTED,) == verdicts(CANDIDATES[:1], refusal)
