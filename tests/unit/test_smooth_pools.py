"""Stable and weighted pools share orders like any other pool: in splits and in the optimum's curves."""

import random

import numpy as np
import pytest

from agent.domain.swap import SwapResult
from agent.planning.optimum.curves import joined, ramps
from agent.planning.optimum.engine import plain
from agent.planning.optimum.order import propose
from agent.planning.pricing import virtual_reserve
from agent.planning.splitting import Candidate, Split, settle
from agent.planning.swapping import mid_price, swap_exact_in
from tests.pools import v2_pool
from tests.recorded import recorded, stable_pool, weighted_pool
from tests.reference.splitting import split

STABLES = [stable_pool(one) for one in recorded("stable")]
WEIGHTED = [weighted_pool(one) for one in recorded("weighted")]
EACH = pytest.mark.parametrize("pool", [*STABLES, *WEIGHTED])


def held(pool, *, zero_for_one):
    """Return what the pool holds of the token that comes in."""
    if hasattr(pool, "balances"):
        return pool.balances[pool.coin0 if zero_for_one else pool.coin1]
    return pool.balance0 if zero_for_one else pool.balance1


def bought(curves, amount_in):
    """Return what the curve pays: on a ramp from level a, x / (a b) up to level b."""
    at = int(np.searchsorted(curves.x_at, amount_in, side="right")) - 1
    rest, level = amount_in - curves.x_at[at], curves.level[at]
    return curves.y_at[at] + rest / (level * (level + rest / curves.slope[at]))


@EACH
def test_curves_follow_the_integers(pool):
    for zero_for_one in (True, False):
        curves = joined([ramps(pool, zero_for_one=zero_for_one)], plain())
        for share in (0.001, 0.03, 0.25):
            amount_in = int(held(pool, zero_for_one=zero_for_one) * share)
            if amount_in < 10**6:
                continue
            swap = swap_exact_in(pool, zero_for_one=zero_for_one, amount_in=amount_in)
            assert isinstance(swap, SwapResult)
            assert swap.amount_out == pytest.approx(bought(curves, amount_in), rel=1e-4, abs=2)


def rivals(pool):
    """Return the pool and a pair of a tenth of its depth at about its price."""
    price = mid_price(pool, zero_for_one=True)
    reserve0 = virtual_reserve(pool, is_token0=True) // 10
    pair = v2_pool(reserve0, int(reserve0 * price), number=7)
    return [Candidate(pool=one, zero_for_one=True, gas_cost_out=0) for one in (pool, pair)]


@EACH
def test_an_order_is_shared_where_that_pays(pool):
    amount_in = held(pool, zero_for_one=True) // 5
    options = rivals(pool)
    best = split(amount_in, options)
    shares = propose(amount_in, options)

    assert isinstance(best, Split)
    assert sum(best.allocations) == amount_in == sum(shares)
    chosen = settle(shares, options)
    assert isinstance(chosen, Split)
    assert chosen.amount_out == pytest.approx(best.amount_out, rel=1e-6)
    rng = random.Random(3)
    for _ in range(20):
        first = rng.randint(1, amount_in - 1)
        other = settle((first, amount_in - first), options)
        if isinstance(other, Split):
            assert other.amount_out <= best.amount_out * (1 + 1e-7) + 2


@pytest.mark.parametrize("pool", WEIGHTED)
def test_a_weighted_pools_depth_is_that_of_the_pair_whose_price_moves_alike(pool):
    reserve0 = virtual_reserve(pool, is_token0=True)
    price = mid_price(pool, zero_for_one=True)
    small = reserve0 // 10**4
    swap = swap_exact_in(pool, zero_for_one=True, amount_in=small)
    assert isinstance(swap, SwapResult)
    pair = v2_pool(reserve0, int(reserve0 * price))
    alike = mid_price(swap.pool_after, zero_for_one=True) / price
    moved = swap_exact_in(pair, zero_for_one=True, amount_in=small)
    assert isinstance(moved, SwapResult)

    assert float(alike) == pytest.approx(
        float(mid_price(moved.pool_after, zero_for_one=True) / price), abs=2e-6
    )
    assert virtual_reserve(pool, is_token0=False) == pytest.approx(
        float(reserve0 * price), rel=1e-9
    )
