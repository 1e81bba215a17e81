"""The gas of a batch: what was touched before is cheaper, empty balances are dearer, v4 legs share."""

from dataclasses import replace

import pytest

from agent.domain.order import Leg
from agent.domain.pool import PoolKind
from agent.planning.gas_tables import AMSTERDAM, OSAKA, TABLE_BY_FORK, Fork, fork_at
from agent.planning.metering import Meter, metered
from tests.worlds import USDC, WETH, address, coin_token


def leg(number, token_in, token_out, kind=PoolKind.V3, amount_in=1_000):
    return Leg(
        order_id="order",
        pool=address(number, "90"),
        kind=kind,
        page=0,
        record=0,
        zero_for_one=True,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount_in,
        amount_out=900,
        mid_amount_out=1_000,
        fee_pips=3_000,
        gas=OSAKA.swap(kind, 0, is_still=False),
    )


def gas(*legs, held=None):
    return metered(legs, OSAKA, held or {})


V3 = OSAKA.swap_by_kind[PoolKind.V3]
V4 = OSAKA.swap_by_kind[PoolKind.V4]
SELL = leg(1, coin_token(1), WETH)


def test_a_batch_pays_for_itself_its_tokens_and_its_swaps():
    assert gas(SELL) == OSAKA.batch + 2 * OSAKA.token + V3
    assert gas(SELL, leg(2, coin_token(2), WETH)) == gas(SELL) + OSAKA.token + V3


def test_a_second_pool_of_the_same_coin_needs_no_floor_and_writes_no_new_balance():
    assert gas(SELL, leg(2, coin_token(1), WETH)) == gas(SELL) + V3 - OSAKA.rewrite


def test_the_same_pool_again_is_warm():
    again = OSAKA.again_by_kind[PoolKind.V3]

    assert gas(SELL, SELL) == gas(SELL) + V3 - OSAKA.rewrite - again


def test_v4_legs_in_a_row_share_one_unlock():
    first, second, plain = (
        leg(1, coin_token(1), WETH, PoolKind.V4),
        leg(2, coin_token(2), WETH, PoolKind.V4),
        leg(3, coin_token(3), WETH),
    )
    own = V4 + OSAKA.token + OSAKA.settle

    assert gas(first, second) == gas(first) + own
    assert gas(first, plain, second) == gas(first, plain) + own + OSAKA.unlock


def test_v4_legs_settle_what_they_sell_once():
    buys = [leg(n, WETH, coin_token(n), PoolKind.V4) for n in (1, 2)]

    assert gas(*buys) == gas(buys[0]) + V4 + OSAKA.token


def test_a_balance_that_rises_from_nothing_costs_a_new_slot():
    buy = leg(1, WETH, coin_token(1))
    none, some = {coin_token(1).address: 0}, {coin_token(1).address: 5}

    assert gas(buy, held=some) == gas(buy)
    assert gas(buy, held=none) == gas(buy) + OSAKA.fresh
    assert gas(buy, replace(buy, pool=address(2, "90")), held=none) == (
        gas(buy, replace(buy, pool=address(2, "90"))) + OSAKA.fresh
    )


def test_a_balance_that_is_sold_out_brings_gas_back_up_to_a_fifth():
    held = {coin_token(1).address: 1_000}
    many = [leg(n, coin_token(n), WETH) for n in range(1, 100)]
    all_held = {token.token_in.address: 1_000 for token in many}

    assert gas(SELL, held=held) == gas(SELL) - OSAKA.emptied
    assert gas(*many, held=all_held) == gas(*many) - 99 * OSAKA.emptied


def test_holdings_are_followed_from_leg_to_leg():
    meter = Meter(OSAKA, {WETH.address: 0, USDC.address: 10})
    meter.add(SELL)
    meter.add(leg(2, WETH, USDC, amount_in=900))

    assert meter.held == {WETH.address: 0, USDC.address: 910}


def test_a_copy_goes_on_by_itself():
    meter = Meter(OSAKA, {})
    meter.add(SELL)
    before, other = meter.gas, meter.copy()
    other.add(leg(2, coin_token(2), WETH))

    assert (before, 3) == (meter.gas, meter.floors)
    assert other.gas > meter.gas


def test_swaps_that_move_no_tick_write_no_oracle():
    assert OSAKA.swap(PoolKind.V3, 0, is_still=True) == V3 - OSAKA.still
    assert OSAKA.swap(PoolKind.V4, 0, is_still=True) == V4
    assert OSAKA.swap(PoolKind.V3, 2, is_still=False) == V3 + 2 * OSAKA.tick


@pytest.mark.parametrize(
    ("chain_id", "timestamp", "amsterdam_at", "fork"),
    [
        (1, 1_764_798_550, None, Fork.PRAGUE),
        (1, 1_764_798_551, None, Fork.OSAKA),
        (1, 1_900_000_000, None, Fork.OSAKA),
        (1, 1_900_000_000, 1_900_000_000, Fork.AMSTERDAM),
        (1, 1_900_000_000, 1_900_000_001, Fork.OSAKA),
        (31_337, 5, None, Fork.OSAKA),
    ],
)
def test_the_rules_are_those_of_the_fork_in_force(chain_id, timestamp, amsterdam_at, fork):
    assert fork == fork_at(chain_id, timestamp, amsterdam_at=amsterdam_at)


def test_every_fork_prices_every_kind_of_pool():
    for fork in Fork:
        assert set(TABLE_BY_FORK[fork].swap_by_kind) == set(PoolKind)
        assert set(TABLE_BY_FORK[fork].again_by_kind) == set(PoolKind)


def test_amsterdam_makes_writing_dearer():
    for kind in PoolKind:
        assert AMSTERDAM.leg(kind, 0) > OSAKA.leg(kind, 0)
    assert AMSTERDAM.fresh > 5 * OSAKA.fresh
