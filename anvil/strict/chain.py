"""The chain that all endpoints stand on: blocks made of what pools hold, taken back, and made anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from anvil.rpc import NodeError
from anvil.strict.history import History
from anvil.strict.refusals import Account
from anvil.strict.transaction import Transaction
from anvil.strict.upstream import Upstream

BLOCK_TIME_S = 12
FINALITY = 64
"""Blocks, two epochs: what is older is final on mainnet, while all goes well."""
BASE_FEE_STEP = 8
"""The base fee changes by an eighth a block at most (EIP-1559)."""
DELEGATION = "0xef0100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A block that was made here."""

    number: int
    hash: str
    transactions: tuple[Transaction, ...]


class Chain:
    """Makes blocks on an Anvil that must not make any by itself while this is in use.

    The base fee stays, or goes to `base_fee_target` as fast as the protocol lets it. What is `finality`
    blocks deep is final.
    """

    def __init__(self, upstream: Upstream, history: History, *, finality: int = FINALITY) -> None:
        self.upstream = upstream
        self.history = history
        self.finality = finality
        self._made: list[Mined] = []
        self._branch = 0
        upstream.ask("evm_setAutomine", False)  # noqa: FBT003 - JSON-RPC
        upstream.ask("anvil_setBlockTimestampInterval", BLOCK_TIME_S)
        self._look(self._latest())
        self.base_fee_target = self.base_fee
        self.mine(
            ()
        )  # Anvil cannot go back to the block that it forked, so there has to be another
        self._floor = self.height

    def close(self) -> None:
        """Let Anvil mine by itself again."""
        self.upstream.ask("anvil_dropAllTransactions")
        self.upstream.ask("anvil_setCoinbase", _coinbase(0))
        self.upstream.ask("evm_setAutomine", True)  # noqa: FBT003 - JSON-RPC

    @property
    def made(self) -> int:
        """How many blocks of the present chain can be taken back."""
        return self.height - self._floor

    def account(self, address: str, *, at: int) -> Account:
        """Return an account as it is at a block."""
        where = (address, hex(at))
        answers = self.upstream.answers(
            [
                ("eth_getTransactionCount", where),
                ("eth_getBalance", where),
                ("eth_getCode", where),
            ]
        )
        for answer in answers:
            if "error" in answer:
                raise NodeError(f"{address} at block {at}: {answer['error']['message']}")
        nonce, balance, code = (str(answer["result"]) for answer in answers)
        return Account(
            nonce=int(nonce, 16), balance=int(balance, 16), is_delegated=code.startswith(DELEGATION)
        )

    def block_of(self, tx_hash: str) -> int | None:
        """Return the number of the block that has a transaction."""
        receipt = self.upstream.ask("eth_getTransactionReceipt", tx_hash)
        return None if receipt is None else int(receipt["blockNumber"], 16)

    def mine(self, offered: Iterable[Transaction]) -> Mined:
        """Make a block of what pays most, and return it."""
        base_fee = self._next_base_fee()
        self.upstream.ask("anvil_setNextBlockBaseFeePerGas", hex(base_fee))
        chosen = self._chosen(list(offered), base_fee)
        taken = {tx.hash: tx for tx in chosen if self._is_taken(tx)}
        self.upstream.ask("evm_mine")
        block = self._latest()
        self._look(block)
        included = tuple(taken[tx_hash] for tx_hash in block["transactions"])
        if len(included) < len(taken):
            self.upstream.ask("anvil_dropAllTransactions")
        mined = Mined(number=self.height, hash=block["hash"], transactions=included)
        self._made.append(mined)
        self.history.note(
            "block", height=self.height, hash=mined.hash, base_fee=base_fee, holds=_hashes(included)
        )
        return mined

    def take_back(self, depth: int) -> list[Transaction]:
        """Unmake the newest blocks, and return their transactions: what follows has other hashes.

        Raises NodeError for more blocks than were made here, or are not final.
        """
        most = min(self.made, self.finality)
        if not 0 < depth <= most:
            raise NodeError(f"{depth} blocks cannot be taken back: 1 to {most} can")
        self.upstream.ask("anvil_rollback", depth)
        self._branch += 1
        self.upstream.ask("anvil_setCoinbase", _coinbase(self._branch))
        gone = self._made[-depth:]
        del self._made[-depth:]
        self._look(self._latest())
        dropped = [tx for block in gone for tx in block.transactions]
        self.history.note("reorg", height=self.height, depth=depth, dropped=_hashes(dropped))
        return dropped

    def _latest(self) -> dict[str, Any]:
        block: dict[str, Any] = self.upstream.ask("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON-RPC
        return block

    def _look(self, block: dict[str, Any]) -> None:
        self.height = int(block["number"], 16)
        self.hash = block["hash"]
        self.timestamp = int(block["timestamp"], 16)
        self.base_fee = int(block["baseFeePerGas"], 16)
        self.block_gas = int(block["gasLimit"], 16)

    def _next_base_fee(self) -> int:
        step = max(self.base_fee // BASE_FEE_STEP, 1)
        return max(min(self.base_fee_target, self.base_fee + step), self.base_fee - step)

    def _chosen(self, offered: list[Transaction], base_fee: int) -> list[Transaction]:
        """Choose as builders do: the best payer among each sender's next, while there is room."""
        waiting = {
            sender: _best_by_nonce(tx for tx in offered if tx.sender == sender)
            for sender in {tx.sender for tx in offered}
        }
        nonces = {sender: self.account(sender, at=self.height).nonce for sender in sorted(waiting)}
        chosen: list[Transaction] = []
        room = self.block_gas
        while True:
            ready = [
                tx
                for sender, by_nonce in waiting.items()
                if (tx := by_nonce.get(nonces[sender])) is not None
                and tx.tip_at(base_fee) >= 0
                and tx.gas <= room
            ]
            if not ready:
                return chosen
            best = max(ready, key=lambda tx: (tx.tip_at(base_fee), tx.hash))
            chosen.append(best)
            nonces[best.sender] += 1
            room -= best.gas

    def _is_taken(self, transaction: Transaction) -> bool:
        try:
            self.upstream.ask("eth_sendRawTransaction", "0x" + transaction.raw.hex())
        except NodeError as error:
            self.history.note("left out", height=self.height, tx=transaction.hash, because=error)
            return False
        return True


def _best_by_nonce(offered: Iterable[Transaction]) -> dict[int, Transaction]:
    """Return for each nonce the transaction that pays most: pools of different nodes may differ."""
    best: dict[int, Transaction] = {}
    for tx in offered:
        standing = best.get(tx.nonce)
        if standing is None or (tx.tip, tx.fee, tx.hash) > (
            standing.tip,
            standing.fee,
            standing.hash,
        ):
            best[tx.nonce] = tx
    return best


def _coinbase(branch: int) -> str:
    return f"0x{branch:040x}"


def _hashes(transactions: Iterable[Transaction]) -> str:
    return "[" + " ".join(f"{tx.hash[:10]}…" for tx in transactions) + "]"
