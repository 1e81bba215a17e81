"""What a receipt's logs say: the events of batches, pools and tokens as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from agent.domain.intent import LogEntry
from agent.domain.units import Address


def _topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


BATCH_EXECUTED = _topic("BatchExecuted(bytes32,bytes32,uint64)")
SWAP_V2 = _topic("Swap(address,uint256,uint256,uint256,uint256,address)")
SWAPS_V3 = frozenset(
    {
        _topic("Swap(address,address,int256,int256,uint160,uint128,int24)"),
        # PancakeSwap v3 adds two protocol fees at the end.
        _topic("Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)"),
    }
)
SWAP_V4 = _topic("Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)")
TRANSFER = _topic("Transfer(address,address,uint256)")
DEPOSIT = _topic("Deposit(address,uint256)")
WITHDRAWAL = _topic("Withdrawal(address,uint256)")
APPROVAL = _topic("Approval(address,address,uint256)")
WRAPPING_TOPICS = 2
"""Of WETH's Deposit or Withdrawal, which it tells instead of a Transfer."""

INDEXED_TOKEN_TOPICS = 3
"""Of an ERC-20's Transfer or Approval; an ERC-721 has the same signature and one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A batch that the contract says it ran; hashes as 64 hex digits."""

    plan_id: str
    intent_hash: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A swap as the pool tells it, from the pool's side: what came in of one token, and went out of the other.

    `pool` is a v4 pool's id.
    """

    pool: Address
    is_zero_for_one: bool
    amount_in: int
    amount_out: int


def executed(logs: Iterable[LogEntry], contract: Address) -> tuple[Executed, ...]:
    """Return the batches that `contract` ran."""
    return tuple(
        Executed(
            plan_id=log.topics[1][2:],
            intent_hash=log.topics[2][2:],
            sequence=_words(log)[0],
        )
        for log in logs
        if log.address == contract and log.topics[:1] == (BATCH_EXECUTED,)
    )


def swaps(logs: Iterable[LogEntry], pools: frozenset[Address], *, by: Address) -> tuple[Swap, ...]:
    """Return the swaps that `by` made with `pools` itself, in the order in which they happened.

    A route of somebody's router may lead through the same pools. A v4 pool's swaps are told by whoever
    keeps it, under its id.
    """
    told = ((log, _teller(log)) for log in logs if _swapper(log) == by)
    found = (_swap(log, pool) for log, pool in told if pool is not None and pool in pools)
    return tuple(swap for swap in found if swap is not None)


def _teller(log: LogEntry) -> Address | None:
    if not log.topics:
        return None
    return Address(log.topics[1]) if log.topics[0] == SWAP_V4 else log.address


def _swapper(log: LogEntry) -> Address | None:
    """Return the first indexed account of an event: of a Swap who called the pool; v4's comes after the id."""
    at = 2 if log.topics[:1] == (SWAP_V4,) else 1
    return _account(log.topics[at]) if len(log.topics) > at else None


def _swap(log: LogEntry, pool: Address) -> Swap | None:
    if log.topics[0] == SWAP_V4:
        # V4 tells it from the other side, as what the swapper gains.
        change0, change1 = (-_signed(word) for word in _words(log)[:2])
    elif log.topics[0] == SWAP_V2:
        in0, in1, out0, out1 = _words(log)[:4]
        change0, change1 = in0 - out0, in1 - out1
    elif log.topics[0] in SWAPS_V3:
        change0, change1 = map(_signed, _words(log)[:2])
    else:
        return None
    is_zero_for_one = change0 > 0
    amount_in, amount_out = (change0, -change1) if is_zero_for_one else (change1, -change0)
    return Swap(
        pool=pool,
        is_zero_for_one=is_zero_for_one,
        amount_in=amount_in,
        amount_out=amount_out,
    )


def transferred(logs: Iterable[LogEntry], account: Address) -> Mapping[Address, int]:
    """Return, by token, what its Transfer events say that `account` gained, or WETH's of wrapping."""
    gained: defaultdict[Address, int] = defaultdict(int)
    for log in logs:
        if len(log.topics) == WRAPPING_TOPICS and log.topics[0] in {DEPOSIT, WITHDRAWAL}:
            sign = 1 if log.topics[0] == DEPOSIT else -1
            gained[log.address] += sign * _words(log)[0] * (_account(log.topics[1]) == account)
        if len(log.topics) != INDEXED_TOKEN_TOPICS or log.topics[0] != TRANSFER:
            continue
        sender, receiver, amount = _account(log.topics[1]), _account(log.topics[2]), _words(log)[0]
        gained[log.address] += amount * ((receiver == account) - (sender == account))
    return {token: amount for token, amount in gained.items() if amount}


def approved(logs: Iterable[LogEntry], account: Address) -> Mapping[tuple[Address, Address], int]:
    """Return, by token and spender, what `account` last approved according to events, zeros left out."""
    standing = {
        (log.address, _account(log.topics[2])): _words(log)[0]
        for log in logs
        if len(log.topics) == INDEXED_TOKEN_TOPICS
        and log.topics[0] == APPROVAL
        and _account(log.topics[1]) == account
    }
    return {pair: amount for pair, amount in standing.items() if amount}


def _account(topic: str) -> Address:
    return Address(to_checksum_address("0x" + topic[-40:]))


def _words(log: LogEntry) -> list[int]:
    raw = bytes.fromhex(log.data[2:])
    return [int.from_bytes(raw[at : at + 32], "big") for at in range(0, len(raw), 32)]


def _signed(word: int) -> int:
    return word - 2**256 if word >= 2**255 else word
