"""Batches: whole legs in order, within the gas of a transaction, with a floor for all they touch."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agent.domain.order import Batch, Floor, Leg
from agent.domain.pool import PoolKind
from agent.domain.portfolio import Holding, Portfolio, Price
from agent.domain.units import ZERO_ADDRESS, Ppm
from agent.planning.batching import batches, floors, least_balances
from agent.planning.gas import TX_GAS_CAP, gas_limit, gas_price
from agent.planning.gas_tables import AMSTERDAM, OSAKA
from tests.worlds import POLICY, USDC, VAULT, WETH, address, coin_token, world


def leg(  # noqa: PLR0913, PLR0917 - a leg has these
    number, token_in, token_out, amount_in=1_000, amount_out=2_000, gas=66_000
):
    return Leg(
        order_id=f"order:{number}",
        pool=address(number, "90"),
        kind=PoolKind.V3,
        page=0,
        record=number % 256,
        zero_for_one=True,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount_in,
        amount_out=amount_out,
        mid_amount_out=amount_out,
        fee_pips=3000,
        gas=gas,
    )


def sells(count, gas=66_000):
    return [leg(n, coin_token(n), WETH, gas=gas) for n in range(count)]


def made(legs, share_ppm=900_000):
    policy = replace(POLICY, batch_gas_share_ppm=Ppm(share_ppm))
    return batches(legs, policy=policy, first_sequence=8)


def test_a_hundred_legs_fit_one_transaction():
    (batch,) = made(sells(100))

    assert batch.gas_forecast == OSAKA.batch + 101 * OSAKA.token + 100 * 66_000
    assert batch.gas_limit == gas_limit(batch.gas_forecast) <= TX_GAS_CAP


def test_no_legs_make_no_batch():
    assert made([]) == ()


@given(st.lists(st.integers(min_value=40_000, max_value=400_000), max_size=80), st.data())
def test_every_leg_lands_once_in_order_and_within_the_share(gas, data):
    share_ppm = data.draw(st.integers(min_value=50_000, max_value=1_000_000))
    legs = [leg(n, coin_token(n), WETH, gas=g) for n, g in enumerate(gas)]

    found = made(legs, share_ppm)

    assert legs == [g for batch in found for g in batch.legs]
    assert [8 + n for n in range(len(found))] == [batch.sequence for batch in found]
    assert [*range(len(found))] == [batch.index for batch in found]
    for batch in found:
        assert batch.gas_forecast <= TX_GAS_CAP * share_ppm // 1_000_000
        assert batch.gas_forecast <= batch.gas_limit <= TX_GAS_CAP


def test_a_batch_is_closed_only_when_the_next_leg_does_not_fit():
    share_ppm = 50_000
    room = (TX_GAS_CAP * share_ppm // 1_000_000 - OSAKA.batch - OSAKA.token) // (
        66_000 + OSAKA.token
    )

    found = made(sells(2 * room + 1), share_ppm)

    assert [room, room, 1] == [len(batch.legs) for batch in found]


def test_a_leg_larger_than_the_share_has_a_batch_of_its_own():
    found = made([*sells(1), leg(1, coin_token(1), WETH, gas=15_000_000)], 50_000)

    assert [1, 1] == [len(batch.legs) for batch in found]


def test_floors_never_outnumber_what_a_byte_can_name():
    found = made(sells(300, gas=1_000))

    assert [256, 48] == [len(batch.floors) for batch in found]


def test_floors_round_against_us_and_come_in_one_order():
    legs = [
        leg(1, coin_token(3), WETH, amount_in=7, amount_out=1_001),
        leg(2, coin_token(3), WETH, amount_in=5, amount_out=1_000),
        leg(3, WETH, USDC, amount_in=600, amount_out=333),
    ]

    assert floors(legs, POLICY.max_slippage_bps, "ETH") == (
        Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0),
        # 99.5 % of 2,001 is 1,990.995: 1,991 come in at least, 600 go out.
        Floor(token=WETH.address, symbol="WETH", min_delta=1_391),
        # 99.5 % of 333 is 331.335.
        Floor(token=USDC.address, symbol="USDC", min_delta=332),
        Floor(token=coin_token(3).address, symbol="C003", min_delta=-12),
    )


def test_least_balances_follow_holdings_and_floors_from_batch_to_batch():
    portfolio = Portfolio(account=VAULT, holdings=(Holding(token=WETH, amount=50),))

    def batch(index, min_delta):
        floor = Floor(token=WETH.address, symbol="WETH", min_delta=min_delta)
        return Batch(
            index=index, sequence=index, legs=(), floors=(floor,), gas_forecast=0, gas_limit=0
        )

    found = least_balances([batch(0, 100), batch(1, -120), batch(2, 10)], portfolio)
    short = least_balances([batch(0, -60), batch(1, 100)], portfolio)

    assert found == {WETH.address: 30}
    assert short == {WETH.address: -10}


def test_gas_is_paid_at_base_fee_and_tip():
    inputs = world(coins=3)
    prices = {
        WETH.address: Price(usd=Decimal(3_000), source="test"),
        USDC.address: Price(usd=Decimal(1), source="test"),
    }
    paid = gas_price(inputs.position, POLICY, native=WETH, price_by_token=prices)

    assert paid.wei_per_gas == 10**9 + 10**8
    assert paid.in_token(1_000_000, WETH) == 1_000_000 * paid.wei_per_gas
    assert paid.in_token(1_000_000, USDC) == 3_300_000
    assert paid.in_token(1, USDC) == 4  # 3.3 millionths of a dollar, rounded up


def test_gas_is_forecast_by_the_rules_of_the_blocks_time():
    position = world(coins=3).position
    prices = {WETH.address: Price(usd=Decimal(3_000), source="test")}

    def table(policy):
        return gas_price(position, policy, native=WETH, price_by_token=prices).table

    at = position.block.timestamp
    assert table(POLICY) == OSAKA
    assert table(replace(POLICY, amsterdam_at=at + 1)) == OSAKA
    assert table(replace(POLICY, amsterdam_at=at)) == AMSTERDAM


def test_the_gas_limit_leaves_room_but_never_exceeds_a_transaction():
    assert gas_limit(1_000_001) == 1_300_002
    assert gas_limit(15_000_000) == TX_GAS_CAP
