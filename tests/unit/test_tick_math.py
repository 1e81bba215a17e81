"""Ticks against published values, and as inverse of each other."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.planning.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)


@pytest.mark.parametrize(
    ("tick", "sqrt_ratio"),
    [
        (-887_272, 4295128739),
        (-887_271, 4295343490),
        (0, 1 << 96),
        (887_271, 1461373636630004318706518188784493106690254656249),
        (887_272, 1461446703485210103287273052203988822378723970342),
    ],
)
def test_square_root_prices_are_the_published_ones(tick: int, sqrt_ratio: int) -> None:
    assert sqrt_ratio == sqrt_ratio_at_tick(tick)


@given(st.integers(MIN_TICK, MAX_TICK))
def test_square_root_price_is_the_power_of_the_base(tick: int) -> None:
    with localcontext(prec=80):
        exact = Decimal("1.0001") ** tick
        found = (Decimal(sqrt_ratio_at_tick(tick)) / (1 << 96)) ** 2

        assert abs(found / exact - 1) < Decimal(2) / MIN_SQRT_RATIO


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_tick_begins_exactly_at_its_price(tick: int) -> None:
    start = sqrt_ratio_at_tick(tick)

    assert tick == tick_at_sqrt_ratio(start)
    assert tick == tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1) - 1)
    assert tick == MIN_TICK or tick - 1 == tick_at_sqrt_ratio(start - 1)


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_ticks_beyond_the_protocol_are_refused(tick: int) -> None:
    with pytest.raises(ValueError, match=str(tick)):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize("price", [0, MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO])
def test_prices_beyond_the_protocol_are_refused(price: int) -> None:
    with pytest.raises(ValueError, match=str(price)):
        tick_at_sqrt_ratio(price)
