"""Proposals and plans: what a cycle means to do, with everything that it was decided from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from agent.domain.block import Block
from agent.domain.coverage import Coverage
from agent.domain.memory import NOTHING_REMEMBERED, Memory
from agent.domain.offer import NOTHING_OFFERED, Offered
from agent.domain.order import Batch, Order, SkippedOrder
from agent.domain.policy import Policy
from agent.domain.pool import PoolRef, PoolState
from agent.domain.portfolio import Basket, Portfolio, Price
from agent.domain.quote import Quote
from agent.domain.regime import Stance
from agent.domain.signal import Ranking, Regime, RegimeSignal
from agent.domain.token import Token, TokenMap
from agent.domain.units import Address, Bps
from agent.domain.vetting import Vetting


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBook:
    """What the planner must know of a chain. `hubs` are the tokens that coins trade against.

    The first hub is the wrapped native token; the others are stablecoins. `stable_hub` (one of them)
    is where dollars are kept in passing. `native_usd_feed` prices the native coin.
    """

    chain_id: int
    hubs: tuple[Token, ...]
    stable_hub: Token
    native_usd_feed: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAnswer:
    """A price feed's latest round: `answer` in units of 10^-decimals dollars, `updated_at` Unix seconds."""

    feed: Address
    answer: int
    decimals: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState:
    """The contract that holds the funds and the account that may run batches on it.

    `sequence` is the last one the contract accepted; `agent_nonce` and `agent_wei` are the agent
    account's at the same block.
    """

    address: Address
    code_hash: str
    owner: Address
    agent: Address
    sequence: int
    is_paused: bool
    agent_nonce: int
    agent_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What the agent owns and may do, at one block."""

    block: Block
    contract: ContractState
    portfolio: Portfolio
    feeds: tuple[FeedAnswer, ...]
    pools: tuple[PoolRef, ...]
    priority_fee_per_gas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything that decides a proposal or a plan; the same inputs always give the same result.

    `stance` decides between the index and stablecoins; `regime` is the reading that it was last held
    against. `vetting` is what the quarantine says of the ranking, `offered` what aggregators say of
    the orders that all else leads to. What is in `set_aside_by_token` failed when it was tried, and is
    not traded.
    """

    cycle_id: str
    ranking: Ranking
    regime: RegimeSignal
    stance: Stance
    vetting: Vetting
    token_map: TokenMap
    chain_book: ChainBook
    policy: Policy
    position: Position
    pools: tuple[PoolState, ...]
    memory: Memory = NOTHING_REMEMBERED
    offered: Offered = NOTHING_OFFERED
    set_aside_by_token: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCost:
    """What one order is expected to cost, in dollars and in bps of its notional (two decimals)."""

    order_id: str
    notional_usd: Decimal
    gas_usd: Decimal
    venue_fee_usd: Decimal
    price_impact_usd: Decimal
    total_usd: Decimal
    total_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPreview:
    """What a cycle is expected to cost, and what a year of such weeks would.

    `notional_usd` sums the orders, conversions between hubs among them. `turnover_usd` is sells and
    buys together: each token's net change, stable hubs as cash not counted. `total_bps` is of the
    notional, `year_bps` of the portfolio's value.
    """

    orders: tuple[OrderCost, ...]
    portfolio_usd: Decimal
    notional_usd: Decimal
    turnover_usd: Decimal
    gas_usd: Decimal
    venue_fee_usd: Decimal
    price_impact_usd: Decimal
    total_usd: Decimal
    total_bps: Decimal
    year_usd: Decimal
    year_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far a plan may go beyond its proposal: dollars per coin, in all, in cost, and price moves."""

    max_order_usd_by_coin: Mapping[str, Decimal]
    max_turnover_usd: Decimal
    max_cost_usd: Decimal
    max_price_move_bps: Bps


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a coming cycle means to do; notice and approval bind to its id.

    `coverage` is of the basket, against the list that it stands for.
    """

    cycle_id: str
    executes_at: datetime
    ranking_sha256: str
    regime_sha256: str
    regime: Regime
    policy_sha256: str
    inputs_sha256: str
    block: Block
    account: Address
    basket: Basket
    coverage: Coverage
    price_by_token: Mapping[Address, Price]
    orders: tuple[Order, ...]
    skipped: tuple[SkippedOrder, ...]
    cost: CostPreview
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a cycle will do, to the base unit; signing and the log bind to its id.

    `deadline` (Unix seconds) is the last block time at which a batch may land.
    """

    cycle_id: str
    proposal_id: str
    ranking_sha256: str
    regime_sha256: str
    regime: Regime
    policy_sha256: str
    inputs_sha256: str
    block: Block
    contract: Address
    agent: Address
    deadline: int
    basket: Basket
    price_by_token: Mapping[Address, Price]
    orders: tuple[Order, ...]
    skipped: tuple[SkippedOrder, ...]
    quotes: tuple[Quote, ...]
    batches: tuple[Batch, ...]
    cost: CostPreview


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that a plan would break: which, its value, what was found, and what the operator can do."""

    limit: str
    allowed: str
    found: str
    mend: str
