"""Reads of one chain through one node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eth_utils.address import to_checksum_address

from agent.adapters.abi import (
    at_block,
    at_hash,
    block_of,
    log_entries,
    read,
    returned,
    sensible,
)
from agent.adapters.chain.fitness import check_fitness
from agent.adapters.chain.position import (
    FEE_BLOCKS,
    Found,
    Known,
    Question,
    eth_call,
    priority_fee,
    scouted,
    scouting,
)
from agent.adapters.rpc import Rpc
from agent.domain.block import Block
from agent.domain.intent import MarketFees, Receipt
from agent.domain.plan import Position
from agent.domain.token import Token
from agent.domain.units import Address
from agent.errors import SettingsError

DELEGATION = bytes.fromhex("ef0100")
DELEGATION_BYTES = 23
"""A delegated account's code is this designator and the delegate's address (EIP-7702)."""


class RpcChain:
    """The chain behind one node; `contract` is the one that holds the funds."""

    def __init__(self, rpc: Rpc, *, chain_id: int, contract: Address) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._contract = contract
        self._known: Known | None = None

    def ping(self) -> None:
        check_fitness(self._rpc, chain_id=self._chain_id)

    def fetch_head(self) -> Block:
        """Return the latest block, and learn in passing what `fetch_position` has to know beforehand."""
        tree, scout = self._rpc.batch(
            [("eth_getBlockByNumber", ["latest", False]), scouting(self._contract, "latest")]
        )
        with sensible(self._rpc, "eth_call"):
            self._known = scouted(scout)
        return self._block(tree)

    def fetch_finalized(self) -> Block:
        return self._block(self._rpc.batch([("eth_getBlockByNumber", ["finalized", False])])[0])

    def _block(self, tree: Mapping[str, Any]) -> Block:
        with sensible(self._rpc, "eth_getBlockByNumber"):
            return block_of(tree, chain_id=self._chain_id)

    def fetch_block_hash(self, number: int) -> str | None:
        (tree,) = self._rpc.batch([("eth_getBlockByNumber", [hex(number), False])])
        with sensible(self._rpc, "eth_getBlockByNumber"):
            return None if tree is None else str(tree["hash"])

    def fetch_nonce(self, account: Address, *, at: str | None = None) -> int:
        where = "latest" if at is None else at_hash(at)
        (nonce,) = self._rpc.batch([("eth_getTransactionCount", [account, where])])
        with sensible(self._rpc, "eth_getTransactionCount"):
            return int(nonce, 16)

    def fetch_delegate(self, account: Address) -> Address | None:
        (code,) = self._rpc.batch([("eth_getCode", [account, "latest"])])
        with sensible(self._rpc, "eth_getCode"):
            raw = bytes.fromhex(code.removeprefix("0x"))
        if len(raw) != DELEGATION_BYTES or not raw.startswith(DELEGATION):
            return None
        return Address(to_checksum_address(raw[len(DELEGATION) :]))

    def fetch_sequence(self) -> int:
        """Return the number of the last batch that the contract ran; SettingsError where there is none."""
        (answer,) = self._rpc.batch([eth_call([read(self._contract, "sequence()")], "latest")])
        with sensible(self._rpc, "eth_call"):
            (sequence,) = returned(answer, count=1)
            if sequence.words():
                return sequence.word()
        raise self._missing("now")

    def fetch_fees(self) -> MarketFees:
        asked = [hex(FEE_BLOCKS), "latest", [50]]
        (history,) = self._rpc.batch([("eth_feeHistory", asked)])
        with sensible(self._rpc, "eth_feeHistory"):
            return MarketFees(
                base_fee_per_gas=int(history["baseFeePerGas"][-1], 16),
                priority_fee_per_gas=priority_fee(history),
            )

    def fetch_receipt(self, tx_hash: str) -> Receipt | None:
        (tree,) = self._rpc.batch([("eth_getTransactionReceipt", [tx_hash])])
        with sensible(self._rpc, "eth_getTransactionReceipt"):
            return None if tree is None else _receipt(tree)

    def fetch_position(
        self, *, block: Block, tokens: Sequence[Token], feeds: Sequence[Address]
    ) -> Position:
        """Return the position at `block`, in one request.

        A second one precedes it where no `fetch_head` has been made, and follows it where the
        contract has another agent, or more pages, than it had then.

        Raises:
            SettingsError: there is no such contract.
            TokenUnreadableError: a token does not say its balance.
        """
        question = Question(
            contract=self._contract,
            known=self._known or self._scout(block),
            block=block,
            tokens=tokens,
            feeds=feeds,
        )
        found = self._ask(question)
        if found.known != question.known:
            found = self._ask(replace(question, known=found.known))
        return Position(
            block=block,
            contract=found.contract,
            portfolio=found.portfolio,
            feeds=found.feeds,
            pools=found.pools,
            priority_fee_per_gas=found.priority_fee_per_gas,
        )

    def _scout(self, block: Block) -> Known:
        (answer,) = self._rpc.batch([scouting(self._contract, at_block(block))])
        with sensible(self._rpc, "eth_call"):
            known = scouted(answer)
        if known is None:
            raise self._missing(f"at block {block.number}")
        return known

    def _ask(self, question: Question) -> Found:
        results = self._rpc.batch(question.calls())
        with sensible(self._rpc, "eth_call"):
            found = question.understood(results)
        if found is None:
            raise self._missing(f"at block {question.block.number}")
        self._known = found.known
        return found

    def _missing(self, when: str) -> SettingsError:
        return SettingsError(
            field="portfolio.vault",
            value=self._contract,
            mend=f"chain {self._chain_id} has no vault there {when}: deploy one, "
            "or correct the address",
        )


def _receipt(tree: Mapping[str, Any]) -> Receipt:
    return Receipt(
        tx_hash=tree["transactionHash"],
        sender=Address(to_checksum_address(tree["from"])),
        block_number=int(tree["blockNumber"], 16),
        block_hash=tree["blockHash"],
        is_success=int(tree["status"], 16) == 1,
        gas_used=int(tree["gasUsed"], 16),
        effective_gas_price=int(tree["effectiveGasPrice"], 16),
        logs=log_entries(tree["logs"]),
    )
