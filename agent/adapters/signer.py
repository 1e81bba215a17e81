"""Signing with a key in this process. The key never shows: not in a repr, a message or an event."""

from __future__ import annotations

from hashlib import sha256
from typing import NoReturn

from eth_account import Account
from eth_keys.backends.coincurve import CoinCurveECCBackend
from pydantic import SecretBytes

from agent.domain.intent import SignedTransaction, UnsignedTransaction
from agent.domain.units import Address
from agent.errors import KeyFileError


class LocalSigner:
    """Signs with a private key of 32 bytes, by libsecp256k1; the same transaction always gives the same bytes."""

    __slots__ = ("_account",)

    def __init__(self, key: SecretBytes) -> None:
        library = Account()
        library.set_key_backend(CoinCurveECCBackend())
        self._account = library.from_key(key.get_secret_value())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer stays in its process")

    @property
    def address(self) -> Address:
        return Address(self._account.address)

    def sign(self, transaction: UnsignedTransaction) -> SignedTransaction:
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "to": transaction.to,
                "data": transaction.data,
                "value": transaction.value_wei,
                "gas": transaction.gas_limit,
                "maxFeePerGas": transaction.fee_cap.max_fee_per_gas,
                "maxPriorityFeePerGas": transaction.fee_cap.max_priority_fee_per_gas,
            }
        )
        return SignedTransaction(
            tx_hash="0x" + signed.hash.hex(), raw=bytes(signed.raw_transaction)
        )


class ThrowawaySigner(LocalSigner):
    """Signs on forks with a key that anybody can derive from `seed`, so it must never hold anything."""

    __slots__ = ()

    def __init__(self, seed: str, *, is_fork: bool) -> None:
        if not is_fork:
            raise KeyFileError(
                path="throwaway",
                reason="a throwaway key signs on forks only",
                mend="use a keystore for a live chain",
            )
        super().__init__(
            SecretBytes(sha256(b"throwaway key of a dry run:" + seed.encode()).digest())
        )
