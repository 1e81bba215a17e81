"""The forms in which chain adapters speak with nodes: contract reads as bytes, blocks and logs as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector

from agent.adapters.rpc import Rpc
from agent.adapters.words import (
    address_of,
    bytes_at,
    packed,
    packed_bytes,
    packed_list,
    places_at,
    word_at,
)
from agent.domain.block import Block
from agent.domain.intent import LogEntry
from agent.domain.units import ZERO_ADDRESS, Address
from agent.errors import TokenUnreadableError
from agent.ports import SimulatedCall, SimulatedOutcome, Watch

MULTICALL3 = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
"""The same on all chains; https://github.com/mds1/multicall3."""

AGGREGATE3 = bytes.fromhex("82ad56cb")
MAY_FAIL = 1

REFUSAL_CODES = frozenset({-32003, *range(-38015, -38009), -38025, -38024})
"""Errors that a call deserves by itself, for its nonce, fee, gas or funds: "transaction rejected" of
EIP-1474, and those that the specification of eth_simulateV1 gives to transactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A view call: `data` to `target`."""

    target: Address
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a read returned, or that it reverted."""

    is_success: bool
    data: bytes

    def words(self) -> tuple[int, ...]:
        """Return the 32-byte words as integers; none for a revert or an address without code."""
        if not self.is_success:
            return ()
        whole = len(self.data) - len(self.data) % 32
        return tuple(int.from_bytes(self.data[at : at + 32], "big") for at in range(0, whole, 32))

    def word(self) -> int:
        """Return the first word; raises IndexError where there is none."""
        return self.words()[0]

    def address(self) -> Address:
        """Return the first word as an address; raises IndexError where there is none."""
        return address_of(self.word())


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Balances (zero address: ETH) and standing allowances by (token, spender), zeros left out."""

    balances: Mapping[Address, int]
    allowances: Mapping[tuple[Address, Address], int]


def read(target: Address, signature: str, *arguments: Address | int) -> Read:
    """Return the read of a function such as `balanceOf(address)`: addresses and unsigned integers."""
    words = (one if isinstance(one, int) else int(one, 16) for one in arguments)
    return Read(target=target, data=_selector(signature) + packed(*words))


@cache
def _selector(signature: str) -> bytes:
    return function_signature_to_4byte_selector(signature)


def aggregated(reads: Sequence[Read]) -> bytes:
    """Return the calldata of Multicall3 that makes the reads and lets each of them fail alone."""
    calls = [packed(int(one.target, 16), MAY_FAIL, 96) + packed_bytes(one.data) for one in reads]
    return AGGREGATE3 + packed(32) + packed_list(calls)


def returned(answer: str, *, count: int) -> list[Returned]:
    """Return what Multicall3 answered, as 0x-hex, to `count` reads; raises ValueError for anything else."""
    data = bytes.fromhex(answer[2:])
    places = places_at(data, word_at(data, 0))
    if len(places) != count:
        raise ValueError(f"{len(places)} answers of Multicall3 to {count} reads")
    return [
        Returned(
            is_success=bool(word_at(data, at)), data=bytes_at(data, at + word_at(data, at + 32))
        )
        for at in places
    ]


def watch_reads(watch: Watch) -> list[Read]:
    """Return the reads that `snapshot` understands."""
    return [
        read(MULTICALL3, "getEthBalance(address)", watch.account),
        *(read(token, "balanceOf(address)", watch.account) for token in watch.tokens),
        *(
            read(token, "allowance(address,address)", watch.account, spender)
            for token in watch.tokens
            for spender in watch.spenders
        ),
    ]


def snapshot(watch: Watch, answers: Sequence[Returned]) -> Snapshot:
    """Return what the reads of `watch_reads` found.

    Raises:
        TokenUnreadableError: a token does not say a balance.
    """
    owners = (ZERO_ADDRESS, *watch.tokens)
    balances = {
        token: token_amount(token, answer)
        for token, answer in zip(owners, answers[: len(owners)], strict=True)
    }
    pairs = [(token, spender) for token in watch.tokens for spender in watch.spenders]
    left = zip(pairs, answers[len(owners) :], strict=True)
    allowances = {pair: token_amount(pair[0], answer) for pair, answer in left}
    return Snapshot(
        balances=balances, allowances={pair: left for pair, left in allowances.items() if left}
    )


def token_amount(token: Address, answer: Returned) -> int:
    """Return the amount that a token answered; an address without code holds nothing.

    Raises:
        TokenUnreadableError: it reverted, or answered something else.
    """
    if answer.is_success and not answer.data:
        return 0
    if not answer.words():
        raise TokenUnreadableError(token=token)
    return answer.word()


def changes(before: Snapshot, after: Snapshot) -> dict[Address, int]:
    """Return the change of every balance, zeros included."""
    return {token: after.balances[token] - amount for token, amount in before.balances.items()}


def refused(reason: str) -> SimulatedOutcome:
    """Return the outcome of a call that the node would not even begin."""
    return SimulatedOutcome(
        is_success=False, revert_reason=reason, gas_used=0, deltas={}, allowances={}, logs=()
    )


def transaction(call: SimulatedCall) -> dict[str, str]:
    """Return a call as a node wants it, with everything that would be signed but the nonce."""
    return {
        "from": call.sender,
        "to": call.to,
        "input": "0x" + call.data.hex(),
        "value": hex(call.value_wei),
        "gas": hex(call.gas_limit),
        "maxFeePerGas": hex(call.fee_cap.max_fee_per_gas),
        "maxPriorityFeePerGas": hex(call.fee_cap.max_priority_fee_per_gas),
    }


def at_block(block: Block) -> dict[str, object]:
    """Return how a block is named so that no other of its number can answer (EIP-1898)."""
    return at_hash(block.hash)


def at_hash(block_hash: str) -> dict[str, object]:
    return {"blockHash": block_hash, "requireCanonical": True}


def block_of(tree: Mapping[str, Any], *, chain_id: int) -> Block:
    """Return a node's block; raises LookupError or ValueError for something else."""
    return Block(
        chain_id=chain_id,
        number=int(tree["number"], 16),
        hash=tree["hash"],
        timestamp=int(tree["timestamp"], 16),
        base_fee_per_gas=int(tree["baseFeePerGas"], 16),
    )


def log_entries(trees: Sequence[Mapping[str, Any]]) -> tuple[LogEntry, ...]:
    """Return a node's event logs, in their order; `index` counts from 0 within the transaction."""
    ordered = sorted(trees, key=lambda tree: int(tree["logIndex"], 16))
    return tuple(
        LogEntry(
            address=address_of(int(tree["address"], 16)),
            topics=tuple(tree["topics"]),
            data=tree["data"],
            index=index,
        )
        for index, tree in enumerate(ordered)
    )


@contextmanager
def sensible(rpc: Rpc, method: str) -> Iterator[None]:
    """Turn an answer to `method` that has another shape than it must into RpcUnavailableError."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise rpc.unusable(f"its answer to {method} is malformed") from error
