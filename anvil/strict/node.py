"""One endpoint: its pool, what it sees of the chain, and its answers to reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from anvil.rpc import Call, NodeError
from anvil.strict.chain import Chain
from anvil.strict.dialects import RELAY, Dialect
from anvil.strict.forging import pending
from anvil.strict.pool import Pool
from anvil.strict.refusals import Asked, Refusal, Rules, refusal
from anvil.strict.siblings import siblings
from anvil.strict.sight import Sight, UnseenError
from anvil.strict.transaction import Transaction
from anvil.strict.upstream import Answer

STATE_AT: Mapping[str, int] = MappingProxyType(
    {
        "eth_getBalance": 1, "eth_getCode": 1, "eth_getStorageAt": 2, "eth_call": 1,
        "eth_estimateGas": 1, "eth_createAccessList": 1, "eth_getProof": 2, "eth_simulateV1": 1,
        "eth_feeHistory": 1, "eth_getBlockReceipts": 0, "eth_getBlockTransactionCountByNumber": 0,
    }
)  # fmt: skip
"""Methods that are answered from the state of a block, and which parameter names it."""

PASSED = frozenset({"eth_gasPrice", "eth_maxPriorityFeePerGas", "eth_syncing", "eth_accounts"})
DEVELOPMENT = ("anvil_", "evm_", "hardhat_", "debug_")
INVALID_PARAMS = -32602


class Node:
    """An endpoint that talks like `dialect`.

    `lag` is how many blocks it is behind; `split_at` the last block that it shares with the chain while
    it follows a branch of its own.
    """

    def __init__(self, index: int, chain: Chain, dialect: Dialect, rules: Rules) -> None:
        self.index = index
        self.chain = chain
        self.dialect = dialect
        self.rules = dialect.rules(rules)
        self.pool = Pool()
        self.unshared: set[str] = set()
        self.lag = 0
        self.split_at: int | None = None
        self.is_development = False

    @property
    def is_private(self) -> bool:
        """Whether only block builders see what is sent here."""
        return self.dialect.name == RELAY.name

    def sight(self, *, stale: int = 0) -> Sight:
        """Return what it sees, `stale` blocks ago."""
        height = max(self.chain.height - self.lag - stale, 0)
        real = height if self.split_at is None else min(height, self.split_at)
        return Sight(
            upstream=self.chain.upstream,
            real=real,
            siblings=self._siblings(real, height),
            finality=self.chain.finality,
        )

    def refusal(self, transaction: Transaction) -> Refusal | None:
        """Return why it does not take a transaction, None when it would."""
        return refusal(
            Asked(
                transaction=transaction,
                account=self.chain.account(transaction.sender, at=self.sight().real),
                pool=self.pool,
                rules=self.rules,
                base_fee=self.chain.base_fee,
                block_gas=self.chain.block_gas,
            )
        )

    def offered(self) -> list[Transaction]:
        """Return what block builders get from here."""
        return [tx for tx in self.pool if tx.hash not in self.unshared]

    def prune(self) -> None:
        """Forget transactions whose nonces are used, as far as it has seen."""
        real = self.sight().real
        for sender in {tx.sender for tx in self.pool}:
            nonce = self.chain.account(sender, at=real).nonce
            for tx in self.pool.of(sender):
                if tx.nonce < nonce:
                    self.pool.drop(tx.hash)

    def read(self, method: str, params: Sequence[Any], sight: Sight) -> Answer | Call:
        """Return the answer to a call, or the call that Anvil is to answer instead."""
        try:
            return self._read(method, params, sight)
        except UnseenError as unseen:
            return {"error": self.dialect.no_such_block(unseen.block)}
        except NodeError as error:
            return {"error": {"code": self.dialect.code, "message": str(error)}}
        except (LookupError, TypeError, ValueError, AttributeError):
            return {"error": {"code": INVALID_PARAMS, "message": f"invalid params of {method}"}}

    def _read(self, method: str, params: Sequence[Any], sight: Sight) -> Answer | Call:
        if method in ANSWERS:
            return {"result": ANSWERS[method](self, params, sight)}
        if method in STATE_AT:
            return method, _placed(params, STATE_AT[method], sight)
        if method in PASSED or (self.is_development and method.startswith(DEVELOPMENT)):
            return method, params
        return {"error": self.dialect.no_such_method(method)}

    def _siblings(self, real: int, height: int) -> Sequence[Mapping[str, Any]]:
        if height <= real:
            return ()
        answers = self.chain.upstream.answers(
            [("eth_getBlockByNumber", (hex(n), False)) for n in range(real, height + 1)]
        )
        base, *likes = [answer["result"] for answer in answers]
        return siblings(base, likes, miner=f"0x{'f0' * 19}{self.index:02x}")


def _placed(params: Sequence[Any], position: int, sight: Sight) -> list[Any]:
    placed = [*params, *[None] * (position + 1 - len(params))]
    placed[position] = sight.state(placed[position])
    return placed


def _count(node: Node, params: Sequence[Any], sight: Sight) -> str:
    account, where = params[0].lower(), params[1] if len(params) > 1 else "latest"
    upstream = node.chain.upstream
    nonce = int(upstream.ask("eth_getTransactionCount", account, sight.state(where)), 16)
    return hex(node.pool.next_nonce(account, nonce) if where == "pending" else nonce)


def _receipt(node: Node, params: Sequence[Any], sight: Sight) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = node.chain.upstream.ask(
        "eth_getTransactionReceipt", params[0]
    )
    return found if found is not None and sight.shows(found["blockNumber"]) else None


def _transaction(node: Node, params: Sequence[Any], sight: Sight) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = node.chain.upstream.ask("eth_getTransactionByHash", params[0])
    if found is not None and sight.shows(found["blockNumber"]):
        return found
    pooled = node.pool.find(params[0])
    return None if pooled is None else pending(pooled)


def _block_at(_: Node, params: Sequence[Any], sight: Sight) -> Mapping[str, Any] | None:
    try:
        return sight.block(sight.number(params[0]), is_full=bool(params[1]))
    except UnseenError:
        return None


def _block_of(_: Node, params: Sequence[Any], sight: Sight) -> Mapping[str, Any] | None:
    try:
        return sight.block(sight.number({"blockHash": params[0]}), is_full=bool(params[1]))
    except UnseenError:
        return None


def _logs(node: Node, params: Sequence[Any], sight: Sight) -> Any:  # noqa: ANN401 - JSON
    wanted = dict(params[0])
    if "blockHash" in wanted:
        number = sight.number({"blockHash": wanted.pop("blockHash")})
        wanted |= {"fromBlock": hex(number), "toBlock": hex(number)}
    ends = {name: sight.state(wanted.get(name)) for name in ("fromBlock", "toBlock")}
    return node.chain.upstream.ask("eth_getLogs", wanted | ends)


ANSWERS: Mapping[str, Callable[[Node, Sequence[Any], Sight], Any]] = MappingProxyType(
    {
        "eth_blockNumber": lambda _, __, sight: hex(sight.height),
        "eth_chainId": lambda node, _, __: hex(node.rules.chain_id),
        "net_version": lambda node, _, __: str(node.rules.chain_id),
        "web3_clientVersion": lambda node, _, __: node.dialect.version,
        "eth_getTransactionCount": _count,
        "eth_getTransactionReceipt": _receipt,
        "eth_getTransactionByHash": _transaction,
        "eth_getBlockByNumber": _block_at,
        "eth_getBlockByHash": _block_of,
        "eth_getLogs": _logs,
        "txpool_status": lambda node, _, __: {"pending": hex(len(node.pool)), "queued": "0x0"},
    }
)
