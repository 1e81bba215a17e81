"""A node's pool of pending transactions: one for each nonce of a sender."""

from __future__ import annotations

from collections.abc import Iterator

from anvil.strict.transaction import Transaction


class Pool:
    """What a node holds and may pass on to block builders."""

    def __init__(self) -> None:
        self._by_slot: dict[tuple[str, int], Transaction] = {}

    def __iter__(self) -> Iterator[Transaction]:
        return iter(tuple(self._by_slot.values()))

    def __len__(self) -> int:
        return len(self._by_slot)

    def __contains__(self, tx_hash: str) -> bool:
        return self.find(tx_hash) is not None

    def find(self, tx_hash: str) -> Transaction | None:
        return next((tx for tx in self if tx.hash == tx_hash), None)

    def at(self, slot: tuple[str, int]) -> Transaction | None:
        return self._by_slot.get(slot)

    def of(self, sender: str) -> list[Transaction]:
        """Return a sender's transactions by nonce."""
        return sorted((tx for tx in self if tx.sender == sender), key=lambda tx: tx.nonce)

    def has_authority(self, account: str) -> bool:
        """Return whether a pending transaction would delegate `account`."""
        return any(account in tx.authorities for tx in self)

    def next_nonce(self, sender: str, account_nonce: int) -> int:
        """Return the first nonce from `account_nonce` on that nothing stands at."""
        nonce = account_nonce
        while (sender, nonce) in self._by_slot:
            nonce += 1
        return nonce

    def put(self, transaction: Transaction) -> Transaction | None:
        """Hold a transaction, and return the one that it replaces."""
        replaced = self._by_slot.get(transaction.slot)
        self._by_slot[transaction.slot] = transaction
        return replaced

    def drop(self, tx_hash: str) -> Transaction | None:
        """Forget a transaction, and return it if it was there."""
        found = self.find(tx_hash)
        if found is not None:
            del self._by_slot[found.slot]
        return found

    def clear(self) -> list[Transaction]:
        """Forget everything, as a node that restarts without its journal does."""
        held = list(self)
        self._by_slot.clear()
        return held
