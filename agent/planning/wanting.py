"""From a standing to what is wanted: bands, vetoes, what is due, what pays for it, and what the budgets allow."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.plan import PlanInputs
from agent.domain.portfolio import Basket
from agent.domain.signal import Regime
from agent.domain.token import Token
from agent.domain.units import Address
from agent.planning.bands import banded
from agent.planning.budgets import left, within_budget
from agent.planning.funding import balanced
from agent.planning.gas import gas_price
from agent.planning.money import usd_of
from agent.planning.order_costs import CostEstimator
from agent.planning.pegs import off_peg
from agent.planning.pricing import Market
from agent.planning.rebalance import MOTE_USD, Wants, wants
from agent.planning.standing import Standing, reserve_usd
from agent.planning.vetoes import Vetoing, vetoes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a cycle asks for, and the standing with the bands that it was decided by."""

    standing: Standing
    wants: Wants


def asked(inputs: PlanInputs, basket: Basket, standing: Standing, market: Market) -> Asked:
    """Return what is wanted on these inputs; while the stance is bearish, only the way out."""
    policy, hubs = inputs.policy, usable_hubs(inputs, market)
    if inputs.stance.regime is Regime.BEARISH:
        # One that is off its peg does not rest: it is to leave.
        stables = inputs.token_map.stablecoin_by_coin.values()
        stable = {s.token.address for s in stables} - off_peg(inputs, market).keys()
        found = wants(standing, hubs=hubs, market=market, policy=policy, resting=stable)
        return Asked(standing=standing, wants=found)
    estimator = _estimator(inputs, market)
    is_trending = inputs.regime.probability >= policy.drift.trend_probability
    stands = banded(
        standing,
        policy=policy,
        is_trending=is_trending,
        estimator=estimator,
        memory=inputs.memory,
        now=inputs.position.block.timestamp,
        native=inputs.chain_book.hubs[0],
    )
    vetoing = Vetoing(
        policy=policy,
        memory=inputs.memory,
        now=inputs.position.block.timestamp,
        is_trending=is_trending,
        estimator=estimator,
    )
    due = wants(
        stands,
        hubs=hubs,
        market=market,
        policy=policy,
        resting=frozenset(),
        veto_by_token=vetoes(stands, hubs[1:], vetoing),
        reserve_by_hub={inputs.chain_book.stable_hub: reserve_usd(basket, policy)},
    )
    paid = balanced(due, stands, market=market, policy=policy)
    fitting = within_budget(
        paid,
        left(policy, inputs.memory, stands.total_usd),
        total_usd=stands.total_usd,
        market=market,
        policy=policy,
        estimator=estimator,
    )
    return Asked(standing=stands, wants=fitting)


def usable_hubs(inputs: PlanInputs, market: Market) -> tuple[Token, ...]:
    return tuple(h for h in inputs.chain_book.hubs if h.address in market.price_by_token)


def held_tokens(inputs: PlanInputs, market: Market) -> frozenset[Address]:
    """Return the tokens that are held in an amount worth an order; those without a price are not."""
    least = max(inputs.policy.min_notional_usd, MOTE_USD)
    prices = market.price_by_token
    return frozenset(
        holding.token.address
        for holding in inputs.position.portfolio.holdings
        if holding.token.address in prices
        and usd_of(holding.amount, holding.token, prices[holding.token.address]) >= least
    )


def _estimator(inputs: PlanInputs, market: Market) -> CostEstimator:
    price_of_gas = gas_price(
        inputs.position,
        inputs.policy,
        native=inputs.chain_book.hubs[0],
        price_by_token=market.price_by_token,
    )
    return CostEstimator(
        inputs.pools,
        hubs=usable_hubs(inputs, market),
        market=market,
        gas_price=price_of_gas,
    )
