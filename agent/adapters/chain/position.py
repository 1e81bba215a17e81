"""The agent's position: what to ask a node in one request, and what its answers say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median_low
from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from agent.adapters.abi import (
    MULTICALL3,
    Read,
    Returned,
    aggregated,
    at_block,
    read,
    returned,
    token_amount,
)
from agent.adapters.chain.pages import Surroundings, pools_of
from agent.adapters.rpc import Call
from agent.domain.block import Block
from agent.domain.plan import ContractState, FeedAnswer
from agent.domain.pool import PoolRef
from agent.domain.portfolio import Holding, Portfolio
from agent.domain.token import Token
from agent.domain.units import Address

VIEWS = (
    "owner()",
    "agent()",
    "sequence()",
    "paused()",
    "pageCount()",
    "weth()",
    "poolManager()",
)
FEE_BLOCKS = 20
LEAST_PRIORITY_FEE = 10**7
"""Wei per gas. Below a hundredth of a gwei a builder gains next to nothing from a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What of the contract has to be known before the rest can be asked for at once."""

    agent: Address
    page_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A position, and what turned out to be known of the contract at its block."""

    known: Known
    contract: ContractState
    portfolio: Portfolio
    feeds: tuple[FeedAnswer, ...]
    pools: tuple[PoolRef, ...]
    priority_fee_per_gas: int


def eth_call(reads: Sequence[Read], at: object) -> Call:
    """Return the one call that makes the reads at a block, a tag or an EIP-1898 object."""
    return ("eth_call", [{"to": MULTICALL3, "input": "0x" + aggregated(reads).hex()}, at])


def scouting(contract: Address, at: object) -> Call:
    return eth_call([read(contract, "agent()"), read(contract, "pageCount()")], at)


def scouted(answer: str) -> Known | None:
    """Return what scouting found; None where there is no such contract."""
    agent, page_count = returned(answer, count=2)
    if not agent.words() or not page_count.words():
        return None
    return Known(agent=agent.address(), page_count=page_count.word())


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked at one block."""

    contract: Address
    known: Known
    block: Block
    tokens: Sequence[Token]
    feeds: Sequence[Address]

    def calls(self) -> list[Call]:
        at, agent = at_block(self.block), self.known.agent
        return [
            eth_call(self._reads(), at),
            ("eth_getCode", [self.contract, at]),
            ("eth_getTransactionCount", [agent, at]),
            ("eth_getBalance", [agent, at]),
            ("eth_feeHistory", [hex(FEE_BLOCKS), hex(self.block.number), [50]]),
        ]

    def _reads(self) -> list[Read]:
        return [
            *(read(self.contract, view) for view in VIEWS),
            *(
                read(self.contract, "records(uint256)", page)
                for page in range(self.known.page_count)
            ),
            *(read(feed, "latestRoundData()") for feed in self.feeds),
            *(read(feed, "decimals()") for feed in self.feeds),
            *(read(token.address, "balanceOf(address)", self.contract) for token in self.tokens),
        ]

    def understood(self, results: Sequence[Any]) -> Found | None:
        """Return what the answers say; None where there is no such contract.

        Raises:
            TokenUnreadableError: a token does not say its balance.
            LookupError, TypeError, ValueError: these are not answers to the questions.
        """
        reads, code, nonce, balance, fees = results
        answers = iter(returned(reads, count=len(self._reads())))
        views = list(islice(answers, len(VIEWS)))
        if not all(view.words() for view in views):
            return None
        owner, agent, sequence, paused, page_count, weth, manager = views
        around = Surroundings(weth=weth.address(), pool_manager=manager.address())
        pages = [_page(answer) for answer in islice(answers, self.known.page_count)]
        rounds, decimals = (list(islice(answers, len(self.feeds))) for _ in range(2))
        return Found(
            known=Known(agent=agent.address(), page_count=page_count.word()),
            contract=ContractState(
                address=self.contract,
                code_hash="0x" + keccak(hexstr=code).hex(),
                owner=owner.address(),
                agent=agent.address(),
                sequence=sequence.word(),
                is_paused=bool(paused.word()),
                agent_nonce=int(nonce, 16),
                agent_wei=int(balance, 16),
            ),
            portfolio=Portfolio(account=self.contract, holdings=self._holdings(answers)),
            feeds=_feeds(self.feeds, rounds, decimals),
            pools=pools_of(pages, around),
            priority_fee_per_gas=priority_fee(fees),
        )

    def _holdings(self, answers: Iterator[Returned]) -> tuple[Holding, ...]:
        amounts = (
            (token, token_amount(token.address, answer))
            for token, answer in zip(self.tokens, answers, strict=True)
        )
        return tuple(Holding(token=token, amount=amount) for token, amount in amounts if amount)


def _page(answer: Returned) -> bytes:
    if not answer.is_success:
        return b""
    (packed,) = decode(["bytes"], answer.data)
    return bytes(packed)


def _feeds(
    feeds: Sequence[Address], rounds: Sequence[Returned], decimals: Sequence[Returned]
) -> tuple[FeedAnswer, ...]:
    """Return the feeds' latest rounds; a feed that does not answer is left out."""
    return tuple(
        _feed(feed, latest.words(), unit.word())
        for feed, latest, unit in zip(feeds, rounds, decimals, strict=True)
        if latest.words() and unit.words()
    )


def _feed(feed: Address, latest: Sequence[int], decimals: int) -> FeedAnswer:
    """Return a round of Chainlink's AggregatorV3Interface: id, answer (int256), start, update, id."""
    _, answer, _, updated_at, _ = latest
    return FeedAnswer(
        feed=feed,
        answer=answer - 2**256 if answer >= 2**255 else answer,
        decimals=decimals,
        updated_at=updated_at,
    )


def priority_fee(history: Mapping[str, Any]) -> int:
    """Return the middle of what the median transaction of each recent block tipped, in wei per gas."""
    tips = [int(tip, 16) for (tip,) in history.get("reward") or ()]
    return max(median_low(tips) if tips else 0, LEAST_PRIORITY_FEE)
