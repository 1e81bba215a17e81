"""Reads of one chain through several nodes: what decides is believed only when enough of them agree.

Agreement is asked for on block hashes, nonces, sequences and receipts. Numbers that only grow may differ
by lag: what at least a quorum of the nodes has reached counts. What is read at a block named by its
hash comes from the first node that has it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.adapters.chain.health import Breaker
from agent.domain.block import Block
from agent.domain.intent import MarketFees, Receipt
from agent.domain.plan import Position
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import NodesDisagreeError, RpcUnavailableError
from agent.ports import Chain

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

MAX_LAG = 3
"""Blocks behind the agreed head from which on a node counts as failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the nodes; `name` shows no credentials."""

    name: str
    chain: Chain
    breaker: Breaker


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    member: Member
    value: T


class QuorumChain:
    """Port `Chain` over several nodes of which `quorum` must agree."""

    def __init__(
        self,
        chains: Sequence[tuple[str, Chain]],
        *,
        quorum: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._members = tuple(
            Member(name=name, chain=chain, breaker=Breaker(monotonic)) for name, chain in chains
        )
        self._quorum = quorum

    def ping(self) -> None:
        """Raise unless a quorum of the nodes is fit, and at once for one that serves another chain."""
        self._ask(lambda chain: chain.ping())

    def fetch_head(self) -> Block:
        return self._agreed_block(self._ask(lambda chain: chain.fetch_head()), what="the head")

    def fetch_finalized(self) -> Block:
        answers = self._ask(lambda chain: chain.fetch_finalized())
        return self._agreed_block(answers, what="the finalized block")

    def fetch_position(
        self, *, block: Block, tokens: Sequence[Token], feeds: Sequence[Address]
    ) -> Position:
        return self._first(
            lambda chain: chain.fetch_position(block=block, tokens=tokens, feeds=feeds)
        )

    def fetch_nonce(self, account: Address, *, at: str | None = None) -> int:
        answers = self._ask(lambda chain: chain.fetch_nonce(account, at=at))
        if at is None:
            return self._reached(answers)
        return self._same(answers, what=f"the nonce of {account} at {at}")

    def fetch_delegate(self, account: Address) -> Address | None:
        answers = self._ask(lambda chain: chain.fetch_delegate(account))
        return self._same(answers, what=f"the delegation of {account}")

    def fetch_sequence(self) -> int:
        return self._reached(self._ask(lambda chain: chain.fetch_sequence()))

    def fetch_fees(self) -> MarketFees:
        return self._first(lambda chain: chain.fetch_fees())

    def fetch_receipt(self, tx_hash: str) -> Receipt | None:
        """Return the receipt that a quorum shows; None while fewer do, whatever it says."""
        answers = self._ask(lambda chain: chain.fetch_receipt(tx_hash))
        shown = [answer for answer in answers if answer.value is not None]
        best = Counter(answer.value for answer in shown).most_common(1)
        if best and best[0][1] >= self._quorum:
            return best[0][0]
        if len({answer.value for answer in shown}) > 1:
            raise self._disagree(f"the receipt of {tx_hash}", shown)
        return None

    def fetch_block_hash(self, number: int) -> str | None:
        answers = self._ask(lambda chain: chain.fetch_block_hash(number))
        return self._same(answers, what=f"the hash of block {number}")

    def _agreed_block(self, answers: list[_Answer[Block]], *, what: str) -> Block:
        """Return the highest block that a quorum has reached, if they have the same one there."""
        height = sorted((a.value.number for a in answers), reverse=True)[self._quorum - 1]
        for answer in answers:
            if answer.value.number < height - MAX_LAG:
                answer.member.breaker.failed()
        there = {a.member.name: a.value for a in answers if a.value.number == height}
        hashes = [
            _Answer(a.member, self._hash_at(a, height)) for a in answers if a.value.number >= height
        ]
        agreed = self._same(hashes, what=what)
        for block in there.values():
            if block.hash == agreed:
                return block
        raise self._disagree(what, hashes)

    def _hash_at(self, answer: _Answer[Block], height: int) -> str | None:
        block = answer.value
        return (
            block.hash if block.number == height else answer.member.chain.fetch_block_hash(height)
        )

    def _reached(self, answers: list[_Answer[int]]) -> int:
        return sorted((a.value for a in answers), reverse=True)[self._quorum - 1]

    def _same(self, answers: Sequence[_Answer[H]], *, what: str) -> H:
        value, count = Counter(a.value for a in answers).most_common(1)[0]
        if count < self._quorum:
            raise self._disagree(what, answers)
        return value

    def _disagree(self, what: str, answers: Sequence[_Answer[H]]) -> NodesDisagreeError:
        said = tuple((a.member.name, _words(a.value)) for a in answers)
        return NodesDisagreeError(what=what, said=said)

    def _ask(self, read: Callable[[Chain], T]) -> list[_Answer[T]]:
        """Return what the healthy nodes answer; at least a quorum of them, or RpcUnavailableError."""
        answers: list[_Answer[T]] = []
        reasons: list[str] = []
        for member in self._asked():
            try:
                answers.append(_Answer(member, read(member.chain)))
            except RpcUnavailableError as error:
                member.breaker.failed()
                reasons.append(f"{member.name}: {error.reason}")
            else:
                member.breaker.succeeded()
        if len(answers) < self._quorum:
            raise self._too_few(len(answers), reasons)
        return answers

    def _first(self, read: Callable[[Chain], T]) -> T:
        for member in self._asked():
            with suppress(RpcUnavailableError):
                return read(member.chain)
            member.breaker.failed()
        raise self._too_few(0, [])

    def _asked(self) -> tuple[Member, ...]:
        """Return the nodes that are worth asking; all, where those alone could not agree."""
        healthy = tuple(m for m in self._members if not m.breaker.is_open)
        return healthy if len(healthy) >= self._quorum else self._members

    def _too_few(self, count: int, reasons: list[str]) -> RpcUnavailableError:
        words = f"{count} of {len(self._members)} endpoints answer, {self._quorum} must agree"
        return RpcUnavailableError(
            endpoint=" + ".join(m.name for m in self._members), reason="; ".join([words, *reasons])
        )


def _words(value: object) -> str:
    if isinstance(value, Receipt):
        return f"block {value.block_hash}, status {value.is_success:d}"
    return str(value)
