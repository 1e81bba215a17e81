"""The planner: what to read from the chain, and the plan that follows from what was read.

The same functions serve the live agent, a dry run and a replay of history. A plan depends on its
inputs alone, and not on the order they come in.
"""

from __future__ import annotations

from agent.domain.canonical import content_id
from agent.domain.plan import ChainBook, Plan, PlanInputs
from agent.domain.token import Token, TokenMap
from agent.domain.units import Address
from agent.planning.asking import quote_requests
from agent.planning.drafting import draft
from agent.planning.feeds import token_feeds
from agent.planning.money import reckoned
from agent.planning.normal import normalised
from agent.planning.replaying import optimality_gap_bps
from agent.planning.splits import Splits, splits_of

__all__ = [
    "normalised",
    "optimality_gap_bps",
    "plan",
    "quote_requests",
    "splits_of",
    "watched_feeds",
    "watched_tokens",
]


def watched_tokens(token_map: TokenMap, book: ChainBook) -> tuple[Token, ...]:
    """Return every token that a portfolio may hold, by address."""
    tokens = {
        *(held_as.token for held_as in token_map.held_by_coin.values()),
        *(stablecoin.token for stablecoin in token_map.stablecoin_by_coin.values()),
        *book.hubs,
    }
    return tuple(sorted(tokens))


def watched_feeds(token_map: TokenMap, book: ChainBook) -> tuple[Address, ...]:
    """Return the price feeds that planning reads."""
    return tuple(sorted(set(token_feeds(token_map, book).values())))


@reckoned
def plan(inputs: PlanInputs, *, proposal_id: str, proposed_splits: Splits | None = None) -> Plan:
    """Return what to do on these inputs; without batches where nothing is due.

    With `proposed_splits` (`splits_of` an earlier plan) those are taken instead of the best, and every
    integer is computed anew.

    Raises:
        FeedUnusableError: nothing can be valued. InfeasibleTargetError: no basket fits the policy.
        LogVerificationError: the proposed splits are not those of these inputs.
    """
    inputs = normalised(inputs)
    drafted = draft(inputs, proposed_splits)
    position, contract = inputs.position, inputs.position.contract
    return Plan(
        cycle_id=inputs.cycle_id,
        proposal_id=proposal_id,
        ranking_sha256=inputs.ranking.sha256,
        regime_sha256=inputs.regime.sha256,
        regime=inputs.stance.regime,
        policy_sha256=content_id(inputs.policy),
        inputs_sha256=content_id(inputs),
        block=position.block,
        contract=contract.address,
        agent=contract.agent,
        deadline=position.block.timestamp + inputs.policy.deadline_s,
        basket=drafted.basket,
        price_by_token=drafted.price_by_token,
        orders=drafted.orders,
        skipped=drafted.skipped,
        quotes=drafted.quotes,
        batches=drafted.batches,
        cost=drafted.cost,
    )
