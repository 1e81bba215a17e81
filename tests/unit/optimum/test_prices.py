"""Clearing prices of small economies that can be solved by hand."""

import pytest

from agent.planning.optimum import prices
from agent.planning.optimum.prices import at_once, clearing_prices, nested


def exchange(endowment: list[float], share: list[float]) -> prices.Excess:
    """Return the excess of an economy that spends fixed shares of its wealth on each good."""

    def excess(price: object) -> list[float]:
        wealth = sum(p * e for p, e in zip(price, endowment, strict=True))
        return [p * e / wealth - s for p, e, s in zip(price, endowment, share, strict=True)]

    return excess


def kinked(price: object) -> list[float]:
    """Return an excess of the second good that jumps in slope; it is clear from 1.9 to 2.1 times its price."""
    ratio = price[1] / price[0]
    left = (ratio - 2.1 if ratio > 2.1 else min(0.0, ratio - 1.9)) * 100
    return [-left, left]


@pytest.mark.parametrize("start", [[1.0, 1.0], [1.0, 20.0], [1.0, 0.05]])
def test_one_root(start: list[float]) -> None:
    price = clearing_prices(exchange([2.0, 5.0], [0.5, 0.5]), start)

    assert price == pytest.approx([1.0, 0.4], rel=1e-9)


@pytest.mark.parametrize("method", [clearing_prices, at_once, nested])
@pytest.mark.parametrize("start", [[1.0, 1.0, 1.0], [1.0, 3.0, 0.3]])
def test_two_roots(method: prices.Excess, start: list[float]) -> None:
    price = method(exchange([2.0, 5.0, 10.0], [0.2, 0.5, 0.3]), start)

    assert price == pytest.approx([1.0, 1.0, 0.3], rel=1e-8)


def test_a_price_that_already_clears_stays() -> None:
    assert clearing_prices(kinked, [1.0, 2.0]) == [1.0, 2.0]


def test_a_hub_that_nothing_clears_stays_at_the_end_of_the_search() -> None:
    price = clearing_prices(lambda _price: [-1.0, 1.0], [1.0, 1.0])

    assert price[1] < 0.02
