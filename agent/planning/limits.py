"""Whether a plan keeps the policy's limits, and whether the account may and can carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from agent.domain.plan import Breach, Plan, PlanInputs
from agent.domain.policy import Policy
from agent.domain.signal import Regime
from agent.domain.units import Address
from agent.planning.batching import least_balances
from agent.planning.judging import Whole, wholes
from agent.planning.money import reckoned, share_ppm, whole_eth

GWEI = 10**9


@reckoned
def breaches(
    planned: Plan, inputs: PlanInputs, *, signer: Address | None = None
) -> tuple[Breach, ...]:
    """Return every limit that the plan breaks; none means go. A plan without batches breaks none.

    `signer` is the account that would sign; None leaves out what only matters to one that does. The
    way out of the index is not bound in size, turnover or cost: what is too thin to sell at the plan's
    prices is not in the plan, and the rest must not wait for it.
    """
    if not planned.batches:
        return ()
    is_exit = planned.regime is Regime.BEARISH
    return (
        *(() if is_exit else _size_breaches(planned, inputs.policy)),
        *_loss_breaches(planned, inputs.policy),
        *(() if is_exit else _cycle_breaches(planned, inputs)),
        *_balance_breaches(planned, inputs),
        *_gas_breaches(planned, inputs),
        *_contract_breaches(inputs, signer),
    )


def _size_breaches(planned: Plan, policy: Policy) -> Iterator[Breach]:
    for whole in _wholes(planned):
        impact_bps = whole.price_impact_bps(planned.price_by_token)
        if impact_bps > policy.max_slippage_bps:
            yield Breach(
                limit=f"max_slippage_bps of order {whole.label}",
                allowed=f"{policy.max_slippage_bps} bps",
                found=f"a price impact of {impact_bps} bps",
                mend="allowlist deeper pools, lower the coin's weight, or raise policy.max_slippage_bps",
            )
        if whole.notional_usd > policy.max_order_usd:
            yield Breach(
                limit=f"max_order_usd of order {whole.label}",
                allowed=f"{policy.max_order_usd:f} USD",
                found=f"{whole.notional_usd:f} USD",
                mend="raise policy.max_order_usd, or move the portfolio in several cycles",
            )


def _wholes(planned: Plan) -> Iterator[Whole]:
    return wholes(planned.orders, (leg for batch in planned.batches for leg in batch.legs))


def _loss_breaches(planned: Plan, policy: Policy) -> Iterator[Breach]:
    for whole in _wholes(planned):
        loss_bps = whole.loss_bps(planned.price_by_token)
        if loss_bps > policy.max_price_deviation_bps:
            yield Breach(
                limit=f"max_price_deviation_bps of order {whole.label}",
                allowed=f"{policy.max_price_deviation_bps} bps",
                found=f"a loss of {loss_bps} bps against the plan's prices",
                mend="wait until pools and price feeds agree again",
            )


def _cycle_breaches(planned: Plan, inputs: PlanInputs) -> Iterator[Breach]:
    policy, cost = inputs.policy, planned.cost
    if cost.notional_usd > policy.max_cycle_usd:
        yield Breach(
            limit="max_cycle_usd",
            allowed=f"{policy.max_cycle_usd:f} USD",
            found=f"{cost.notional_usd:f} USD",
            mend="raise policy.max_cycle_usd, or move the portfolio in several cycles",
        )
    turnover_ppm = share_ppm(cost.turnover_usd, cost.portfolio_usd)
    if turnover_ppm > policy.max_turnover_ppm:
        yield Breach(
            limit="max_turnover_ppm",
            allowed=f"{policy.max_turnover_ppm} ppm of the portfolio",
            found=f"{turnover_ppm} ppm",
            mend="look at the ranking's changes; raise policy.max_turnover_ppm if they are right",
        )
    if cost.total_bps > policy.max_cost_bps:
        yield Breach(
            limit="max_cost_bps",
            allowed=f"{policy.max_cost_bps} bps of the notional",
            found=f"{cost.total_bps} bps ({cost.total_usd} USD)",
            mend="wait for cheaper gas, raise policy.min_notional_usd, or raise policy.max_cost_bps",
        )


def _balance_breaches(planned: Plan, inputs: PlanInputs) -> Iterator[Breach]:
    for token, least in least_balances(planned.batches, inputs.position.portfolio).items():
        if least < 0:
            yield Breach(
                limit="guaranteed balance",
                allowed="0 at least",
                found=f"{least} of {token}",
                mend="a batch spends what no floor guarantees: plan again, and report it",
            )


def _gas_breaches(planned: Plan, inputs: PlanInputs) -> Iterator[Breach]:
    policy, position = inputs.policy, inputs.position
    base_fee = position.block.base_fee_per_gas
    if base_fee > policy.max_fee_per_gas_wei:
        yield Breach(
            limit="max_fee_per_gas",
            allowed=f"{_gwei(policy.max_fee_per_gas_wei)} gwei",
            found=f"a base fee of {_gwei(base_fee)} gwei",
            mend="wait for cheaper gas, or raise policy.max_fee_per_gas_gwei",
        )
    needed = gas_wei_at_most(planned, inputs) + policy.min_gas_reserve_wei
    if position.contract.agent_wei < needed:
        yield Breach(
            limit="ETH for gas",
            allowed=f"{whole_eth(needed)} ETH at least",
            found=f"{whole_eth(position.contract.agent_wei)} ETH",
            mend=f"send {whole_eth(needed - position.contract.agent_wei)} ETH to "
            f"{position.contract.agent}",
        )


def gas_wei_at_most(planned: Plan, inputs: PlanInputs) -> int:
    """Return what the batches may cost: their gas limits at twice the base fee and the tip.

    The policy's ceiling counts where it is lower: no more is ever offered.
    """
    position = inputs.position
    offered = 2 * position.block.base_fee_per_gas + position.priority_fee_per_gas
    wei_per_gas = min(offered, inputs.policy.max_fee_per_gas_wei)
    return wei_per_gas * sum(batch.gas_limit for batch in planned.batches)


def _contract_breaches(inputs: PlanInputs, signer: Address | None) -> Iterator[Breach]:
    contract = inputs.position.contract
    if contract.is_paused:
        yield Breach(
            limit="contract",
            allowed="not paused",
            found=f"{contract.address} is paused",
            mend="its owner unpauses it",
        )
    if signer is not None and signer != contract.agent:
        yield Breach(
            limit="agent of the contract",
            allowed=signer,
            found=contract.agent,
            mend=f"the owner calls setAgent({signer}), or key.keystore names the right key",
        )


def _gwei(wei: int) -> str:
    return f"{Decimal(wei) / GWEI:f}"
