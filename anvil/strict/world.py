"""The chain with its endpoints: what is sent reaches pools, pools reach blocks, and acts upset both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from anvil.rpc import NodeError
from anvil.strict.chain import Chain
from anvil.strict.faults import (
    Act,
    BaseFee,
    Censor,
    Evict,
    Lag,
    Mine,
    Reorg,
    Share,
    Split,
)
from anvil.strict.history import History
from anvil.strict.node import Node
from anvil.strict.refusals import Refusal
from anvil.strict.script import Script
from anvil.strict.transaction import Transaction

GWEI = 10**9


class World:
    """Everything behind the endpoints. Not safe for threads: callers take turns."""

    def __init__(
        self, chain: Chain, nodes: Sequence[Node], script: Script, history: History
    ) -> None:
        self.chain = chain
        self.nodes = tuple(nodes)
        self.script = script
        self.history = history
        self._start = chain.height
        self._late: list[tuple[int, Node, Transaction]] = []
        self._censored = 0

    def take(
        self, node: Node, transaction: Transaction, *, is_shared: bool = True
    ) -> Refusal | None:
        """Put a transaction into a node's pool and, unless it is refused there, into those of its peers."""
        refused = node.refusal(transaction)
        if refused is not None:
            return refused
        node.pool.put(transaction)
        if not is_shared:
            node.unshared.add(transaction.hash)
        elif not node.is_private:
            self._spread(node, transaction)
        return None

    def delay(self, node: Node, transaction: Transaction, *, blocks: int) -> None:
        """Let a transaction reach a node's pool `blocks` later."""
        self._late.append((self.chain.height + blocks, node, transaction))

    def mine(self, blocks: int = 1) -> None:
        """Make blocks, and do what the script wants when they are there."""
        for _ in range(blocks):
            self._mine_one(is_open=self._censored == 0)
            self._censored = max(self._censored - 1, 0)
            for act in self.script.grow(self.chain.height - self._start):
                self.attempt(act)

    def attempt(self, act: Act) -> None:
        """Do an act of a schedule, which may want what the chain does not allow yet."""
        try:
            self.do(act)
        except NodeError as error:
            self.history.note("not done", height=self.chain.height, do=act, because=error)

    def do(self, act: Act) -> None:
        """Do an act; raises NodeError where the chain does not allow it."""
        self.history.note("act", height=self.chain.height, do=act)
        match act:
            case Mine():
                self.mine(act.blocks)
            case Reorg():
                self._reorganise(act)
            case BaseFee():
                self.chain.base_fee_target = act.gwei * GWEI
            case Censor():
                self._censored = act.blocks
            case Evict() | Lag() | Split() | Share():
                self._upset(act)
            case _:
                assert_never(act)

    def _upset(self, act: Evict | Lag | Split | Share) -> None:
        """Do what befalls endpoints rather than the chain."""
        match act:
            case Evict():
                self._evict(act)
            case Lag():
                self._node(act.endpoint).lag = act.blocks
            case Split():
                split_at = self.chain.height - act.depth if act.depth else None
                self._node(act.endpoint).split_at = split_at
            case Share():
                self._share()

    def _node(self, index: int) -> Node:
        if index not in range(len(self.nodes)):
            raise NodeError(f"there is no endpoint {index}, only {len(self.nodes)}")
        return self.nodes[index]

    def _spread(self, source: Node, transaction: Transaction) -> None:
        for peer in self.nodes:
            if peer is not source and not peer.is_private and peer.refusal(transaction) is None:
                peer.pool.put(transaction)

    def _mine_one(self, *, is_open: bool) -> None:
        due = [late for late in self._late if late[0] <= self.chain.height]
        self._late = [late for late in self._late if late not in due]
        for _, node, transaction in due:
            refused = self.take(node, transaction)
            self.history.note(
                "arrived", height=self.chain.height, endpoint=node.index, tx=transaction.hash,
                refused=None if refused is None else refused.kind,
            )  # fmt: skip
        offered = {tx.hash: tx for node in self.nodes for tx in node.offered()}
        self.chain.mine(offered.values() if is_open else ())
        for node in self.nodes:
            node.prune()

    def _reorganise(self, act: Reorg) -> None:
        dropped = self.chain.take_back(act.depth)
        if act.repool:
            self._repool(dropped)
        for i in range(1, (act.blocks or act.depth + 1) + 1):
            self._mine_one(is_open=0 < act.include_at <= i)

    def _repool(self, dropped: Sequence[Transaction]) -> None:
        """Give transactions back to all pools: whoever saw their block has the bytes, private or not."""
        for transaction in dropped:
            for node in self.nodes:
                if node.pool.at(transaction.slot) is None:
                    node.pool.put(transaction)

    def _share(self) -> None:
        for node in self.nodes:
            kept, node.unshared = node.unshared, set()
            for transaction in node.pool:
                if transaction.hash in kept and not node.is_private:
                    self._spread(node, transaction)

    def _evict(self, act: Evict) -> None:
        for node in self.nodes:
            if act.endpoint in {-1, node.index}:
                for transaction in node.pool.clear():
                    self.history.note(
                        "evicted",
                        height=self.chain.height,
                        endpoint=node.index,
                        tx=transaction.hash,
                    )
