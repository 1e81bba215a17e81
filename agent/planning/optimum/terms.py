"""A basket problem as the float side sees it: sizes, shares and costs per order, hub and route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain.pool import PoolKind
from agent.domain.units import Address
from agent.planning.optimum.problem import BasketProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`sold` in base units; `share` of the wealth for what is bought or kept in a hub, summing to 1.

    `spendable` is what each hub holds beyond what must remain. `usd` prices one base unit.
    """

    hubs: tuple[Address, ...]
    spendable: Mapping[Address, int]
    sold: Mapping[Address, int]
    share: Mapping[Address, float]
    usd: Mapping[Address, float]
    gas_usd: Mapping[PoolKind, float]
    tick_usd: float

    @property
    def has_costs(self) -> bool:
        """Whether using a pool or crossing a tick costs anything."""
        return self.tick_usd > 0.0 or any(usd > 0.0 for usd in self.gas_usd.values())

    @property
    def bought(self) -> tuple[Address, ...]:
        """The coins to be bought, in order; hubs among the purchases are not bought but kept."""
        return tuple(token for token in self.share if token not in self.spendable)


def terms(problem: BasketProblem) -> Terms:
    """Return the problem in floats.

    Raises:
        ValueError: an order that no market could carry out; the message names it and the mend.
    """
    _check(problem)
    usd = {token: float(price) for token, price in problem.usd_by_token.items()}
    budget = {purchase.token: float(purchase.budget_usd) for purchase in problem.purchases}
    whole = sum(budget.values())
    gas_token_usd = usd[problem.hubs[0].token]
    return Terms(
        hubs=tuple(hub.token for hub in problem.hubs),
        spendable={hub.token: hub.amount - hub.keep for hub in problem.hubs},
        sold={sale.token: sale.amount_in for sale in problem.sales},
        share={token: usd_spent / whole for token, usd_spent in budget.items()},
        usd=usd,
        gas_usd={kind: wei * gas_token_usd for kind, wei in problem.gas.leg_by_kind.items()},
        tick_usd=problem.gas.tick * gas_token_usd,
    )


def _check(problem: BasketProblem) -> None:
    hubs = {hub.token for hub in problem.hubs}
    sold = {sale.token for sale in problem.sales}
    bought = [purchase.token for purchase in problem.purchases]
    for hub in problem.hubs:
        _demand(
            0 <= hub.keep <= hub.amount, hub.token, f"keep {hub.keep} is not within what is held"
        )
    for sale in problem.sales:
        _demand(sale.amount_in > 0, sale.token, "sells nothing: leave the sale out")
        _demand(
            sale.token not in hubs, sale.token, "is a hub: lower what is to be kept of it instead"
        )
        _demand(
            sale.token not in bought, sale.token, "is sold and bought: net the two orders first"
        )
    for purchase in problem.purchases:
        _demand(purchase.budget_usd > 0, purchase.token, "has no budget: leave the purchase out")
    for tokens, what in ((bought, "bought"), ([sale.token for sale in problem.sales], "sold")):
        for token in tokens:
            _demand(tokens.count(token) == 1, token, f"is {what} twice: add the orders up")
    for token in (*hubs, *sold, *bought):
        _demand(problem.usd_by_token.get(token, 0) > 0, token, "has no price in usd_by_token")
    _demand(
        bool(bought), problem.cash, "nothing is bought: buy the hub that shall hold the proceeds"
    )
    _demand(problem.cash in hubs, problem.cash, "is to hold cash but is not a hub")


def _demand(holds: bool, token: Address, complaint: str) -> None:  # noqa: FBT001
    if not holds:
        raise ValueError(f"basket: {token} {complaint}")
